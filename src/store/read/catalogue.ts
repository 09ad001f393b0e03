import type { TraitType } from '../../event/event.ts';
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
  categories: readonly string[] | null,
): Promise<KnownType[]> {
  const rows = await database.ask(({ eventType }) =>
    eventType.findMany({
      ...(categories !== null && { where: { category: { in: [...categories] } } }),
      orderBy: [{ category: 'asc' }, { action: 'asc' }],
    }),
  );
  return rows.map(({ category, action }) => ({ category, action: action === '' ? null : action }));
}

export async function listTraits(
  database: Database,
  types: readonly string[] | null,
): Promise<TraitDescriptor[]> {
  const rows = await database.ask(({ eventTrait }) =>
    eventTrait.findMany({
      ...(types !== null && { where: { eventType: { in: [...types] } } }),
      orderBy: [{ eventType: 'asc' }, { name: 'asc' }, { type: 'asc' }],
    }),
  );
  return rows.map(({ eventType, name, type }) => ({ eventType, name, type: type as TraitType }));
}
