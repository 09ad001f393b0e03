import type { TraitType } from '../../event/event.ts';
import { everything, type Filter } from '../../event/filter.ts';
import type { Query } from '../database/connection.ts';
import type { Database } from '../database/database.ts';
import type { KnownType, TagCount, TagsRequest, TraitDescriptor } from '../store.ts';
import { Parameters, whereOf } from './where.ts';

export async function countTags(
  query: Query,
  { prefix, filter, limit }: TagsRequest,
): Promise<TagCount[]> {
  const to = new Parameters();
  const begins = prefix === '' ? '' : `WHERE starts_with(tag, ${to.add(prefix, 'text')})`;
  const rows = await query(
    `SELECT tag, count(*) FROM (SELECT unnest(tags) AS tag FROM events WHERE ${whereOf(filter, to)}) AS tagged
     ${begins} GROUP BY tag ORDER BY count(*) DESC, tag LIMIT ${to.add(limit, 'bigint')}`,
    to.values,
  );
  return rows.map(([tag, count]) => ({ tag: tag as string, count: Number(count) }));
}

export async function listTypes(
  database: Database,
  read: Query,
  categories: readonly string[] | null,
  filter: Filter = everything,
): Promise<KnownType[]> {
  if (filter === everything) {
    const rows = await database.ask(({ eventType }) =>
      eventType.findMany({
        distinct: ['category', 'action'],
        ...(categories !== null && { where: { category: { in: [...categories] } } }),
        orderBy: [{ category: 'asc' }, { action: 'asc' }],
      }),
    );
    return rows.map(({ category, action }) => ({ category, action: action || null }));
  }
  const to = new Parameters();
  const wanted = whereOf(categories === null ? filter : { all: [filter, { categories }] }, to);
  const rows = await read(
    `SELECT DISTINCT category, action FROM ${isOfTypes(filter) ? knownTypes : 'events'} WHERE ${wanted}
     ORDER BY category, action NULLS FIRST`,
    to.values,
  );
  return rows.map(([category, action]) => ({
    category: category as string,
    action: action ?? null,
  }));
}

export async function listTraits(
  database: Database,
  read: Query,
  types: readonly string[] | null,
  filter: Filter = everything,
): Promise<TraitDescriptor[]> {
  if (filter === everything) {
    const rows = await database.ask(({ eventTrait }) =>
      eventTrait.findMany({
        distinct: ['eventType', 'name', 'type'],
        ...(types !== null && { where: { eventType: { in: [...types] } } }),
        orderBy: [{ eventType: 'asc' }, { name: 'asc' }, { type: 'asc' }],
      }),
    );
    return rows.map(({ eventType, name, type }) => ({ eventType, name, type: type as TraitType }));
  }
  const to = new Parameters();
  const ofTypes = types === null ? [] : [`type = ANY(${to.add(types, 'text[]')})`];
  const wanted = [whereOf(filter, to), ...ofTypes].join(' AND ');
  const rows = await read(
    `SELECT DISTINCT type, name, trait_type
     FROM ${isOfTypes(filter) ? knownTraits : carriedTraits} WHERE ${wanted} ORDER BY type, name, trait_type`,
    to.values,
  );
  return rows.map(([eventType, name, type]) => ({
    eventType: eventType as string,
    name: name as string,
    type: type as TraitType,
  }));
}

/** The types that are known, with the columns of events that a filter of types asks for. */
const knownTypes = `(
  SELECT namespace, category, NULLIF(action, '') AS action,
    category || CASE action WHEN '' THEN '' ELSE '.' || action END AS type
  FROM event_types WHERE namespace <> ''
) AS known_types`;

const knownTraits = `(
  SELECT known_types.*, event_traits.name, event_traits.type AS trait_type
  FROM event_traits JOIN ${knownTypes}
    ON known_types.namespace = event_traits.namespace AND known_types.type = event_traits.event_type
) AS known_traits`;

const carriedTraits = `(
  SELECT events.*, trait->>'name' AS name,
    CASE WHEN trait ? 'text' THEN 'TEXT' WHEN trait ? 'int' THEN 'INT' WHEN trait ? 'float' THEN 'FLOAT'
      ELSE 'DATETIME' END AS trait_type
  FROM events CROSS JOIN jsonb_array_elements(traits) AS carried(trait)
) AS carried_traits`;

const ofTypes: ReadonlySet<string> = new Set<keyof Filter>([
  'namespaces',
  'namespaceGlobs',
  'categories',
  'actions',
  'types',
]);

/** Whether a filter asks for nothing but what is known of each type: then no event has to be read for it. */
function isOfTypes({ all = [], any = [], not, ...conditions }: Filter): boolean {
  return (
    Object.keys(conditions).every((name) => ofTypes.has(name)) &&
    [...all, ...any].every(isOfTypes) &&
    (not === undefined || isOfTypes(not))
  );
}
