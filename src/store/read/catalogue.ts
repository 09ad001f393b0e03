import type { TraitType } from '../../event/event.ts';
import { everything, type Filter } from '../../event/filter.ts';
import { InputError } from '../../event/input-error.ts';
import type { Query } from '../database/connection.ts';
import type { KnownType, TagCount, TagsRequest, TraitDescriptor } from '../store.ts';
import { countedTags, type RollupPlan, type Rollups, rollupPlan } from './rollups.ts';
import { explainTooSlow } from './too-slow.ts';
import { Parameters, whereOf } from './where.ts';

/** Types or traits of one answer. */
const maxListed = 10_000;

/** From the rollups where these hold what the filter asks for. */
export async function countTags(
  query: Query,
  rollups: Rollups,
  request: TagsRequest,
): Promise<TagCount[]> {
  const plan = rollupPlan(request.filter);
  const answer =
    (plan && plan.tag === '' && !plan.byType
      ? await countTagRollups(query, rollups, request, plan)
      : null) ?? (await countTagsOfEvents(query, request));
  const tags = JSON.parse(answer) as [tag: string, count: number][];
  return tags.map(([tag, count]) => ({ tag, count }));
}

function countTagRollups(
  query: Query,
  rollups: Rollups,
  { filter, ...request }: TagsRequest,
  plan: RollupPlan,
): Promise<string | null> {
  const to = new Parameters();
  const rows = countedTags(filter, plan, to).join(' UNION ALL ');
  return rollups.ask(query, mostUsed(rows, 'sum(count)::bigint', request, to), to);
}

async function countTagsOfEvents(
  query: Query,
  { filter, ...request }: TagsRequest,
): Promise<string> {
  const to = new Parameters();
  const rows = `SELECT unnest(tags) AS tag FROM events WHERE ${whereOf(filter, to)}`;
  const select = mostUsed(rows, 'count(*)', request, to);
  const [row] = await explainTooSlow(query(select, to.values));
  return row?.[0] ?? '[]';
}

/** A select of all the tags as JSON. */
function mostUsed(
  rows: string,
  count: string,
  { prefix, limit }: Omit<TagsRequest, 'filter'>,
  to: Parameters,
): string {
  const begins = prefix === '' ? '' : `WHERE starts_with(tag, ${to.add(prefix, 'text')})`;
  return `SELECT coalesce(json_agg(json_build_array(tag, count) ORDER BY count DESC, tag), '[]') FROM (
      SELECT tag, ${count} AS count FROM (${rows}) AS tagged
      ${begins} GROUP BY tag ORDER BY count DESC, tag LIMIT ${to.add(limit, 'bigint')}
    ) AS used`;
}

/** @throws InputError when there are more than maxListed */
export async function listTypes(
  query: Query,
  categories: readonly string[] | null,
  filter: Filter = everything,
): Promise<KnownType[]> {
  const to = new Parameters();
  const wanted = whereOf(categories === null ? filter : { all: [filter, { categories }] }, to);
  const rows = await query(
    `SELECT DISTINCT category, action FROM ${typesIn(filter)} WHERE ${wanted}
     ORDER BY category, action NULLS FIRST LIMIT ${maxListed + 1}`,
    to.values,
  );
  checkListed(rows, 'types of events', 'names');
  return rows.map(([category, action]) => ({
    category: category as string,
    action: action || null,
  }));
}

/** @throws InputError when there are more than maxListed */
export async function listTraits(
  query: Query,
  types: readonly string[] | null,
  filter: Filter = everything,
): Promise<TraitDescriptor[]> {
  const to = new Parameters();
  const ofTypes = types === null ? [] : [`type = ANY(${to.add(types, 'text[]')})`];
  const wanted = [whereOf(filter, to), ...ofTypes].join(' AND ');
  const rows = await query(
    `SELECT DISTINCT type, name, trait_type
     FROM ${isOfTypes(filter) ? knownTraits(filter) : carriedTraits} WHERE ${wanted}
     ORDER BY type, name, trait_type LIMIT ${maxListed + 1}`,
    to.values,
  );
  checkListed(rows, 'traits', 'types');
  return rows.map(([eventType, name, type]) => ({
    eventType: eventType as string,
    name: name as string,
    type: type as TraitType,
  }));
}

/** Who asks for a list of names gets all of them or an error: a part would look like the whole. */
function checkListed(rows: readonly unknown[], what: string, argument: string): void {
  if (rows.length <= maxListed) return;
  throw new InputError(
    [argument],
    `There are more than ${maxListed} ${what}: name those that you want in '${argument}'.`,
  );
}

/** All types are listed in the order of an index. */
function typesIn(filter: Filter): string {
  if (filter === everything) return allTypes;
  return isOfTypes(filter) ? knownTypes : 'events';
}

const typeOf = "category || CASE action WHEN '' THEN '' ELSE '.' || action END AS type";

/** An action that is empty stays so: null would have another place in the order. */
const allTypes = `(SELECT category, action, ${typeOf} FROM event_types) AS known_types`;

/**
 * The types that are known, with the columns of events that a filter of types asks for. Those whose namespace is not
 * known any more are for callers without any filter.
 */
const knownTypes = `(
  SELECT namespace, category, NULLIF(action, '') AS action, ${typeOf}
  FROM event_types WHERE namespace <> ''
) AS known_types`;

const knownTraits = (filter: Filter): string =>
  filter === everything
    ? '(SELECT event_type AS type, name, type AS trait_type FROM event_traits) AS known_traits'
    : `(
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
