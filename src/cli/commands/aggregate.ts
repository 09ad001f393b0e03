import type { EventGroupField, GroupBy, Measure } from '../../client/schema.generated.ts';
import { isExclusion } from '../../filter-text/parse.ts';
import type { Command } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { filterHelp, filterOf, filterOptions } from '../filter-options.ts';
import type { Row } from '../output/value-at.ts';

/** As they are typed, with the API's names. */
const groupFields: ReadonlyMap<string, EventGroupField> = new Map([
  ['ns', 'NAMESPACE'],
  ['namespace', 'NAMESPACE'],
  ['category', 'CATEGORY'],
  ['action', 'ACTION'],
  ['type', 'TYPE'],
  ['severity', 'SEVERITY'],
  ['key', 'KEY'],
  ['service', 'SERVICE'],
  ['instance', 'INSTANCE'],
  ['endpoint', 'ENDPOINT'],
  ['node', 'NODE'],
  ['component', 'COMPONENT'],
  ['plane', 'PLANE'],
  ['layer', 'LAYER'],
  ['dialect', 'DIALECT'],
]);

interface Statistics {
  readonly group: readonly { readonly value: string | null }[];
  readonly bucket: string | null;
  readonly count: number;
  readonly measured?: number;
  readonly average?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly sum?: number | null;
  readonly percentiles?: readonly { readonly rank: number; readonly value: number | null }[];
}

interface Answer {
  readonly aggregateEvents: { readonly rows: readonly Statistics[]; readonly truncated: boolean };
}

export const aggregate: Command = {
  arguments: '[FILTER]...',
  details: `${filterHelp}\nGROUP is a field (type, severity, ns, key, service, node…), tag:GROUP, or trait.NAME.`,
  isTerm: isExclusion,
  options: {
    ...filterOptions,
    by: { type: 'string', argument: 'GROUPS', description: 'Groups, with commas: type,tag:pool.' },
    measure: {
      type: 'string',
      argument: 'NUMBER',
      description: 'trait.NAME, value, value.PATH, or duration: seconds from time to end time.',
    },
    interval: { type: 'string', argument: 'LENGTH', description: 'One row a time bucket: 5m, 1d.' },
    'time-zone': { type: 'string', argument: 'NAME', description: 'Where days begin; UTC.' },
    percentiles: { type: 'string', argument: 'RANKS', description: 'With commas: 0.5,0.99.' },
    limit: { type: 'string', argument: 'N', description: 'At most N rows; 100.' },
  },
  examples: [
    'tidings aggregate since:1d --by type,severity',
    'tidings aggregate type:Rebuild.* --measure duration --percentiles 0.5,0.99 --interval 1h',
  ],
  async run(call) {
    const gateway = await call.gateway();
    const by = call.text('by')?.split(',') ?? [];
    const measure = measureOf(call.text('measure'));
    const interval = call.text('interval');
    const percentiles = ranksOf(call.text('percentiles'));
    // Without a measure they would be those of the value.
    const measured = measure === undefined ? '' : 'measured average min max sum';
    const ranks = percentiles === undefined ? '' : 'percentiles { rank value }';
    const { aggregateEvents } = await gateway.ask<Answer>(
      `query ($filter: EventFilter, $measure: Measure, $groupBy: [GroupBy!], $interval: Duration,
        $timeZone: String!, $percentiles: [Float!], $first: Int!) {
        aggregateEvents(filter: $filter, measure: $measure, groupBy: $groupBy, interval: $interval,
          timeZone: $timeZone, percentiles: $percentiles, first: $first) {
          rows { group { value } bucket count ${measured} ${ranks} }
          truncated
        }
      }`,
      {
        filter: filterOf(call),
        measure,
        groupBy: by.map(groupingOf),
        interval,
        timeZone: call.text('time-zone') ?? 'UTC',
        percentiles,
        first: call.wholeNumber('limit', 1, 10_000) ?? 100,
      },
    );
    const rows = aggregateEvents.rows.map((row) => rowOf(row, by, interval !== undefined));
    await call.output.rows(Object.keys(rows[0] ?? { count: 0 }), rows);
    if (aggregateEvents.truncated) call.terminal.notice('There are more rows: raise --limit.');
    return undefined;
  },
};

function rowOf(
  { group, bucket, count, percentiles = [], ...rest }: Statistics,
  by: readonly string[],
  hasBuckets: boolean,
): Row {
  return {
    ...(hasBuckets && { bucket }),
    ...Object.fromEntries(by.map((name, at) => [name, group[at]?.value ?? null])),
    count,
    ...rest,
    ...Object.fromEntries(percentiles.map(({ rank, value }) => [`p${rank}`, value])),
  };
}

function groupingOf(name: string): GroupBy {
  const field = groupFields.get(name.toLowerCase());
  if (field !== undefined) return { field };
  const [, kind, rest] = /^(tag:|trait\.)(.+)$/.exec(name) ?? [];
  if (kind === 'tag:' && rest !== undefined) return { tagGroup: rest };
  if (rest !== undefined) return { trait: rest };
  const known = [...groupFields.keys()].join(', ');
  throw usageError(`--by has no group "${name}": use one of ${known}, tag:GROUP, trait.NAME.`);
}

function measureOf(text: string | undefined): Measure | undefined {
  if (text === undefined) return undefined;
  if (text === 'duration') return { field: 'DURATION' };
  if (text === 'value') return { value: '' };
  const [, kind, rest] = /^(trait|value)\.(.+)$/.exec(text) ?? [];
  if (rest === undefined) {
    throw usageError(`--measure is duration, value, value.PATH or trait.NAME, not "${text}".`);
  }
  return kind === 'trait' ? { trait: rest } : { value: rest };
}

function ranksOf(text: string | undefined): readonly number[] | undefined {
  return text?.split(',').map((rank) => {
    const number = Number(rank);
    if (rank.trim() !== '' && number >= 0 && number <= 1) return number;
    throw usageError(`--percentiles are numbers between 0 and 1, not "${rank}".`);
  });
}
