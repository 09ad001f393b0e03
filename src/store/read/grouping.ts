import type { GroupField, Grouping } from '../store.ts';
import { type Parameters, pathString } from './where.ts';

const fields: Readonly<Record<GroupField, string>> = {
  NAMESPACE: 'namespace',
  CATEGORY: 'category',
  ACTION: 'action',
  TYPE: 'type',
  SEVERITY: `coalesce(severity, 'NORMAL')`,
  KEY: 'key',
  SERVICE: 'service',
  INSTANCE: 'instance',
  ENDPOINT: 'endpoint',
  NODE: 'node',
  COMPONENT: 'component',
  PLANE: 'plane',
  LAYER: 'layer',
  DIALECT: 'dialect',
};

/** The label of a trait: its string, or its number or instant as a string. */
const traitLabel = (trait: string) => `coalesce(${trait} ->> 'text', ${trait} ->> 'int',
  (${trait} ->> 'float')::float8::text,
  regexp_replace(to_char(
    (timestamptz 'epoch' + (${trait} ->> 'datetime')::float8 * interval '1 microsecond') AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '000Z$', 'Z'))`;

/** A column for the label of each grouping, and what to join for it. */
export function grouping(
  groupBy: readonly Grouping[],
  to: Parameters,
): { readonly columns: readonly string[]; readonly joins: readonly string[] } {
  const columns: string[] = [];
  const joins: string[] = [];
  for (const [position, each] of groupBy.entries()) {
    if (each.by === 'field') {
      columns.push(fields[each.field]);
    } else if (each.by === 'trait') {
      const path = `$[*] ? (@.name == ${pathString(each.trait)})`;
      joins.push(
        `CROSS JOIN LATERAL (SELECT jsonb_path_query_first(traits, ${to.add(path, 'jsonpath')}) AS found) AS trait_${position}`,
      );
      columns.push(traitLabel(`trait_${position}.found`));
    } else {
      // An event with several labels of the group counts under each.
      const prefix = to.add(`${each.group}:`, 'text');
      joins.push(
        `LEFT JOIN LATERAL (SELECT substr(tag, length(${prefix}) + 1) AS label FROM unnest(tags) AS tag
         WHERE starts_with(tag, ${prefix})) AS tag_${position} ON TRUE`,
      );
      columns.push(`tag_${position}.label`);
    }
  }
  return { columns, joins };
}
