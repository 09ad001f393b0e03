import { parseDuration } from '../event/duration.ts';
import { InputError, quoted } from '../event/input-error.ts';
import type { AggregateRequest, AggregateRow, Grouping } from '../store/store.ts';
import { builder } from './builder.ts';
import { EventFieldEnum } from './enums.ts';
import { EventFilterRef, filterOf } from './filter.ts';
import { parseMeasure } from './measure.ts';
import { untilStored } from './minimum-index.ts';
import { pageSize } from './page-size.ts';
import { type SelectedBelow, selectedBelow } from './selected.ts';

const maxRows = 10_000;
const maxGroupings = 16;
const maxPercentiles = 32;

/** A row and the request it answers: the names of its groups and the ranks stand in the request. */
interface Figures {
  readonly row: AggregateRow;
  readonly request: AggregateRequest;
}

const GroupLabelRef = builder
  .objectRef<{ name: string; value: string | null }>('GroupLabel')
  .implement({
    description: 'What the events of a group have in common.',
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

const EventAggregateRef = builder.objectRef<Figures>('EventAggregate').implement({
  description: 'Figures over one group of events, in one time bucket where an interval was given.',
  fields: (t) => ({
    group: t.field({
      type: [GroupLabelRef],
      description: "The group's labels, in the order of groupBy.",
      resolve: ({ row, request }) =>
        request.groupBy.map((grouping, place) => ({
          name: nameOf(grouping),
          value: row.group[place] ?? null,
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
        'How many of them carry the measured number; the figures below are over these, and null where there are none.',
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
        request.percentiles.map((rank, place) => ({ rank, value: row.percentiles[place] ?? null })),
    }),
  }),
});

/** Without any of these nothing has to be measured. */
const figuresOfMeasured = new Set(['measured', 'average', 'min', 'max', 'sum', 'percentiles']);

const wantsFigures = (info: SelectedBelow): boolean =>
  selectedBelow(info).some(({ name }) => figuresOfMeasured.has(name.value));

function nameOf(grouping: Grouping): string {
  switch (grouping.by) {
    case 'field':
      return grouping.field;
    case 'tagGroup':
      return grouping.group;
    case 'trait':
      return grouping.trait;
  }
}

const GroupByRef = builder.inputType('GroupBy', {
  description:
    'One way to group: a field of the event, the label behind a tag group (deployments:*), or a trait.',
  isOneOf: true,
  fields: (t) => ({
    field: t.field({ type: EventFieldEnum, description: 'By a field.' }),
    tagGroup: t.string({
      description:
        'By the label of a tag group: `deployments` groups by what stands behind `deployments:`.',
    }),
    trait: t.string({ description: "By a trait's value." }),
  }),
});

type GroupByInput = typeof GroupByRef.$inferInput;

function groupingOf(by: GroupByInput): Grouping {
  if (by.field != null) return { by: 'field', field: by.field };
  if (by.tagGroup != null) return { by: 'tagGroup', group: by.tagGroup };
  return { by: 'trait', trait: by.trait ?? '' };
}

builder.queryField('aggregateEvents', (t) =>
  t.field({
    type: [EventAggregateRef],
    description:
      'Figures over the events that match: one row a group, or a group and time bucket. `of` names the number ' +
      'that is measured: "value" (the value, where it is a number), "value.a.b" (a number inside it), ' +
      '"traits.NAME" (an int or float trait) or "duration" (seconds between time and endTime of ended events). ' +
      'Rows come largest count first, or in time order when interval is given; empty buckets between the first ' +
      'and the last are filled with count 0. Buckets of a day and longer begin at midnight in timeZone (IANA name). ' +
      'percentiles are ranks between 0 and 1. minIndex is that of events.',
    args: {
      filter: t.arg({ type: EventFilterRef, description: 'Which events; all without it.' }),
      of: t.arg.string({ defaultValue: 'value', description: 'The number that is measured.' }),
      groupBy: t.arg({ type: [GroupByRef], description: 'One row for each combination of these.' }),
      interval: t.arg({ type: 'Duration', description: 'Length of a time bucket.' }),
      timeZone: t.arg.string({
        defaultValue: 'UTC',
        description: 'An IANA name: Europe/Berlin.',
      }),
      percentiles: t.arg.floatList({ description: 'Ranks between 0 and 1.' }),
      first: t.arg.int({ defaultValue: 100, description: `How many rows, ${maxRows} at most.` }),
      minIndex: t.arg({
        type: 'SafeInt',
        description: 'An index that the store must have reached.',
      }),
    },
    resolve: async (_root, args, context, info) => {
      const measure = parseMeasure(args.of ?? 'value');
      const request: AggregateRequest = {
        filter: filterOf(args.filter, context),
        measure: wantsFigures(info) ? measure : null,
        groupBy: atMost<GroupByInput>(args.groupBy ?? [], maxGroupings, 'groupBy').map(groupingOf),
        interval: intervalOf(args.interval),
        timeZone: timeZoneOf(args.timeZone ?? 'UTC'),
        percentiles: ranksOf(atMost(args.percentiles ?? [], maxPercentiles, 'percentiles')),
        limit: pageSize(args.first, { argument: 'first', fallback: 100, max: maxRows }),
      };
      await untilStored(context, args.minIndex);
      const rows = await context.store.aggregate(request);
      return rows.map((row) => ({ row, request }));
    },
  }),
);

function intervalOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null;
  const interval = parseDuration(text, ['interval']);
  if (interval > 0) return interval;
  throw new InputError(['interval'], 'A time bucket is longer than nothing.');
}

function timeZoneOf(name: string): string {
  if (isTimeZone(name)) return name;
  throw new InputError(['timeZone'], `${quoted(name)} is not an IANA name such as Europe/Berlin.`);
}

function isTimeZone(name: string): boolean {
  try {
    // Offsets pass here but turn round in PostgreSQL: only names are the same everywhere.
    return /^[A-Za-z]/.test(name) && Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}

function ranksOf(ranks: readonly number[]): readonly number[] {
  const place = ranks.findIndex((rank) => rank < 0 || rank > 1);
  if (place === -1) return ranks;
  throw new InputError(
    ['percentiles', String(place)],
    `A rank lies between 0 and 1: ${ranks[place]} does not.`,
  );
}

function atMost<Entry>(entries: readonly Entry[], max: number, argument: string): readonly Entry[] {
  if (entries.length <= max) return entries;
  throw new InputError([argument], `At most ${max} entries are taken, not ${entries.length}.`);
}
