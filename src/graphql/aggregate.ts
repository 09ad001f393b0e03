import { parseDuration } from '../event/duration.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { groupingName, parseGrouping } from '../store/grouping-input.ts';
import { parseMeasure } from '../store/measure-input.ts';
import type { AggregateRequest, AggregateRow } from '../store/store.ts';
import { builder } from './builder.ts';
import { EventGroupFieldEnum } from './enums.ts';
import { EventFilterRef, filterOf } from './filter.ts';
import { listLimits, listOf } from './limits.ts';
import { MeasureRef } from './measure.ts';
import { untilStored } from './minimum-index.ts';
import { pageSize, truncatedTo } from './page-size.ts';
import { type SelectedBelow, selectedBelow } from './selected.ts';

const maxRows = 10_000;

/** A row and the request that it answers, which has the names of its groups and the ranks. */
interface Statistics {
  readonly row: AggregateRow;
  readonly request: AggregateRequest;
}

export const GroupLabelRef = builder
  .objectRef<{ name: string; value: string | null }>('GroupLabel')
  .implement({
    description: 'The values that all events of a group share.',
    fields: (t) => ({
      name: t.exposeString('name', {
        description: 'The field, the tag group or the trait: CATEGORY, deployments, pool_name.',
      }),
      value: t.exposeString('value', {
        nullable: true,
        description: 'Null in the group of the events that have none.',
      }),
    }),
  });

const PercentileRef = builder
  .objectRef<{ rank: number; value: number | null }>('Percentile')
  .implement({
    description: 'The number below which a share of the measured numbers lies.',
    fields: (t) => ({
      rank: t.exposeFloat('rank', { description: 'The share, between 0 and 1.' }),
      value: t.exposeFloat('value', {
        nullable: true,
        description: 'Null where nothing was measured.',
      }),
    }),
  });

const EventAggregateRef = builder.objectRef<Statistics>('EventAggregate').implement({
  description:
    'Statistics of one group of events, in one time bucket where an interval was given. `average`, `min` and the like are null where no event of the group carries the measured number.',
  fields: (t) => ({
    group: t.field({
      type: [GroupLabelRef],
      description: "The group's labels, in the order of groupBy.",
      resolve: ({ row, request }) =>
        request.groupBy.map((grouping, position) => ({
          name: groupingName(grouping),
          value: row.group[position] ?? null,
        })),
    }),
    bucket: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Start of the time bucket; null without interval.',
      resolve: ({ row }) => row.bucket,
    }),
    count: t.field({
      type: 'SafeInt',
      description: 'How many events.',
      resolve: ({ row }) => row.count,
    }),
    measured: t.field({
      type: 'SafeInt',
      description:
        'How many of them carry the measured number; the statistics below are over these, and null where there are none.',
      resolve: ({ row }) => row.measured,
    }),
    average: t.float({
      nullable: true,
      description: 'Their mean.',
      resolve: ({ row }) => row.average,
    }),
    min: t.float({ nullable: true, description: 'The least.', resolve: ({ row }) => row.min }),
    max: t.float({ nullable: true, description: 'The greatest.', resolve: ({ row }) => row.max }),
    sum: t.float({ nullable: true, description: 'Their sum.', resolve: ({ row }) => row.sum }),
    percentiles: t.field({
      type: [PercentileRef],
      description: "In the order asked for; interpolated, as PostgreSQL's percentile_cont.",
      resolve: ({ row, request }) =>
        request.percentiles.map((rank, position) => ({
          rank,
          value: row.percentiles[position] ?? null,
        })),
    }),
  }),
});

/** Without any of these nothing has to be measured. */
const measuredFields = new Set(['measured', 'average', 'min', 'max', 'sum', 'percentiles']);

const wantsMeasured = (info: SelectedBelow): boolean =>
  selectedBelow(info, ['rows']).some(({ name }) => measuredFields.has(name.value));

export const GroupByRef = builder.inputType('GroupBy', {
  description:
    'One way to group, exactly one of these: a field of the event, the label of a tag group (deployments:*), or a trait.',
  isOneOf: true,
  fields: (t) => ({
    field: t.field({ type: EventGroupFieldEnum, description: 'By a field.' }),
    tagGroup: t.string({
      description:
        'By the label of a tag group: `deployments` groups by the label after `deployments:`.',
    }),
    trait: t.string({ description: "By a trait's value." }),
  }),
});

interface Aggregation {
  readonly rows: readonly Statistics[];
  readonly truncated: boolean;
}

const EventAggregationRef = builder.objectRef<Aggregation>('EventAggregation').implement({
  description: 'The answer to aggregateEvents.',
  fields: (t) => ({
    rows: t.expose('rows', {
      type: [EventAggregateRef],
      description:
        'One row a group, or a group and time bucket: largest count first, or in time order with an interval.',
    }),
    truncated: t.exposeBoolean('truncated', {
      description: 'Whether there are more rows than were asked for. Nothing is cut silently.',
    }),
  }),
});

builder.queryField('aggregateEvents', (t) =>
  t.field({
    type: EventAggregationRef,
    description:
      'Statistics of the events that match: one row a group, or a group and time bucket. ' +
      'Rows come largest count first, or in time order when interval is given; empty buckets between the first ' +
      'and the last are filled with count 0. Buckets of a day and longer begin at midnight in timeZone (IANA name). ' +
      'percentiles are ranks between 0 and 1. minIndex is that of events.',
    args: {
      filter: t.arg({ type: EventFilterRef, description: 'Which events; all without it.' }),
      measure: t.arg({
        type: MeasureRef,
        description: 'The number that is measured; the value itself when it is left out.',
      }),
      groupBy: t.arg({
        type: [GroupByRef],
        description: `One row for each combination of these; at most ${listLimits.groupBy}.`,
      }),
      interval: t.arg({ type: 'Duration', description: 'Length of a time bucket: 5m, 1h, 7d.' }),
      timeZone: t.arg.string({
        required: true,
        defaultValue: 'UTC',
        description: 'An IANA name: Europe/Berlin.',
      }),
      percentiles: t.arg.floatList({
        description: `Ranks between 0 and 1: 0.99. At most ${listLimits.percentiles}.`,
      }),
      first: t.arg.int({
        required: true,
        defaultValue: 100,
        description: `Rows at most; ${maxRows} is the most.`,
      }),
      minIndex: t.arg({
        type: 'SafeInt',
        description: 'An index that the store must have reached.',
      }),
    },
    resolve: async (_root, args, context, info) => {
      const limit = pageSize(args.first, { argument: 'first', max: maxRows });
      const measure = parseMeasure(args.measure);
      const request: AggregateRequest = {
        filter: filterOf(args.filter, context),
        measure: wantsMeasured(info) ? measure : null,
        groupBy: listOf(args.groupBy, 'groupBy').map((by, at) =>
          parseGrouping(by, ['groupBy', String(at)]),
        ),
        intervalMicros: intervalOf(args.interval),
        timeZone: timeZoneOf(args.timeZone),
        percentiles: ranksOf(listOf(args.percentiles, 'percentiles')),
        limit: limit + 1,
      };
      await untilStored(context, args.minIndex);
      const { entries, truncated } = truncatedTo(limit, await context.store.aggregate(request));
      return { rows: entries.map((row) => ({ row, request })), truncated };
    },
  }),
);

function intervalOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const interval = parseDuration(text, ['interval']);
  if (interval > 0) return interval;
  throw new InputError(['interval'], 'interval must be longer than 0.');
}

function timeZoneOf(name: string): string {
  if (isTimeZone(name)) return name;
  throw new InputError(['timeZone'], `${quoted(name)} is not an IANA name such as Europe/Berlin.`);
}

function isTimeZone(name: string): boolean {
  try {
    // Offsets such as +02:00 have the opposite sign in PostgreSQL: only names mean the same everywhere.
    return /^[A-Za-z]/.test(name) && Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

function ranksOf(ranks: readonly number[]): readonly number[] {
  const position = ranks.findIndex((rank) => rank < 0 || rank > 1);
  if (position === -1) return ranks;
  throw new InputError(
    ['percentiles', String(position)],
    `A rank must be between 0 and 1, got ${ranks[position]}.`,
  );
}
