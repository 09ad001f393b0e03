import type { Instant } from '../../event/event.ts';
import type { Filter, TimeSpan } from '../../event/filter.ts';
import type { Query } from '../database/connection.ts';
import { longestTail } from '../rollup-progress.ts';
import type { GroupField } from '../store.ts';
import { minutesOfDays, wholeMinutesSince } from './time-zone.ts';
import { type Parameters, whereOf } from './where.ts';

const minute = 60_000_000;
const hour = 60 * minute;
const day = 24 * hour;

/** Every event is earlier. */
const endOfTime = Date.UTC(10_000, 0) * 1_000;

/** Rollups that are not filled are asked again after this time. */
const askAgainMs = 5_000;

/** What rollups count by, and what they count all events by as well, but not those with a tag. */
const countedFields: ReadonlySet<GroupField> = new Set(['NAMESPACE', 'SEVERITY', 'DIALECT']);
const typeFields: ReadonlySet<GroupField> = new Set(['CATEGORY', 'ACTION', 'TYPE']);

/** The conditions on these. */
const held: ReadonlySet<string> = new Set<keyof Filter>([
  'namespaces',
  'namespaceGlobs',
  'severities',
  'dialects',
]);
const ofTypes: ReadonlySet<string> = new Set<keyof Filter>(['categories', 'actions', 'types']);

/** Which counts answer a request: those of `tag`, and of these only what passes `others` in the span of time. */
export interface RollupPlan {
  /** Empty for all events. */
  readonly tag: string;
  /** Whether the type is asked for: there are far fewer counts without it. */
  readonly byType: boolean;
  readonly others: Filter;
  readonly time: TimeSpan;
  /** The longest buckets of which each lies in a single bucket of the answer. */
  readonly minutes: 1 | 60;
}

/** How the answer is divided; null for not at all. */
interface Division {
  readonly fields: readonly GroupField[];
  readonly intervalMicros: number | null;
  readonly timeZone: string;
}

const undivided: Division = { fields: [], intervalMicros: null, timeZone: 'UTC' };

/** Null where rollups do not hold what is asked for, or not a whole minute of it. */
export function rollupPlan(filter: Filter, division: Division = undivided): RollupPlan | null {
  const parts = partsOf(filter);
  const minutes = minutesWithin(division);
  if (parts === null || minutes === null || !areCounted(division.fields)) return null;
  const [tag = '', ...otherTags] = new Set(parts.tags);
  if (otherTags.length > 0 || parts.tags.includes('')) return null;
  const time = isWholeMinutes(division)
    ? parts.time
    : intersection(parts.time, { from: wholeMinutesSince, to: null });
  const others = { all: parts.others };
  const byType = division.fields.some((field) => typeFields.has(field)) || !isHeld(others, false);
  if (tag !== '' && byType) return null;
  const plan = { tag, byType, others, time, minutes };
  const { from, to } = edgesOf(plan, minute);
  return from !== null && from >= (to ?? endOfTime) ? null : plan;
}

const areCounted = (fields: readonly GroupField[]): boolean =>
  fields.every((field) => countedFields.has(field) || typeFields.has(field));

/** The conditions of a filter all of which must hold; null where rollups do not hold what one looks at. */
interface Parts {
  readonly tags: readonly string[];
  readonly time: TimeSpan;
  readonly others: readonly Filter[];
}

function partsOf({ all = [], tags = [], anyTags, time = always, ...others }: Filter): Parts | null {
  if (!isHeld(others, true) || (anyTags !== undefined && anyTags.length !== 1)) return null;
  let parts: Parts = { tags: [...tags, ...(anyTags ?? [])], time, others: [others] };
  for (const each of all) {
    const more = partsOf(each);
    if (more === null) return null;
    parts = {
      tags: [...parts.tags, ...more.tags],
      time: intersection(parts.time, more.time),
      others: [...parts.others, ...more.others],
    };
  }
  return parts;
}

const always: TimeSpan = { from: null, to: null };

const intersection = (a: TimeSpan, b: TimeSpan): TimeSpan => ({
  from: a.from === null || b.from === null ? (a.from ?? b.from) : Math.max(a.from, b.from),
  to: a.to === null || b.to === null ? (a.to ?? b.to) : Math.min(a.to, b.to),
});

/** Whether the columns of event_counts, with or without those of the type, are all that a filter looks at. */
function isHeld(
  { all = [], any = [], not, topics = [], ...conditions }: Filter,
  byType: boolean,
): boolean {
  return (
    Object.keys(conditions).every((name) => held.has(name) || (byType && ofTypes.has(name))) &&
    topics.every(({ category, key }) => key === null && (byType || category === null)) &&
    [...all, ...any].every((each) => isHeld(each, byType)) &&
    (not === undefined || isHeld(not, byType))
  );
}

function minutesWithin({ intervalMicros, timeZone }: Division): 1 | 60 | null {
  if (intervalMicros === null) return 60;
  if (intervalMicros >= day) return minutesOfDays(timeZone);
  if (intervalMicros % hour === 0) return 60;
  return intervalMicros % minute === 0 ? 1 : null;
}

const isWholeMinutes = ({ intervalMicros, timeZone }: Division): boolean =>
  intervalMicros === null || intervalMicros < day || timeZone === 'UTC';

/** The whole buckets of a length within the span: from the first, to the end of the last. */
function edgesOf({ time }: Pick<RollupPlan, 'time'>, length: number): TimeSpan {
  // The span's last instant is a part of it.
  const to = time.to === null ? endOfTime : Math.floor((time.to + 1) / length) * length;
  return {
    from: time.from === null ? null : Math.ceil(time.from / length) * length,
    to: to >= endOfTime ? null : to,
  };
}

const counts = (minutes: number, byType: boolean) => `(
  SELECT bucket AS time, tag, namespace, category, action, category || coalesce('.' || action, '') AS type, severity, dialect, count
  FROM event_counts WHERE minutes = ${minutes} AND ${byType ? 'by_type' : 'NOT by_type'} AND count <> 0
    AND partition <> ALL ((SELECT dropped_partitions FROM journal_state)::integer[])
) AS counts_${minutes}`;

/**
 * The rows whose sum of counts is the number of events that pass the filter.
 * @param columns what is wanted of each as well as its count, of the columns that are counted by
 * @returns selects of these
 */
export const countedRows = (
  columns: readonly string[],
  filter: Filter,
  plan: RollupPlan,
  to: Parameters,
): readonly string[] =>
  selects(
    filter,
    plan,
    { ofTag: `tag = ${to.add(plan.tag, 'text')}`, ofCounts: columns, ofEvents: columns },
    to,
  );

/** The same for each tag of all these events: selects of tags and their counts. */
export const countedTags = (filter: Filter, plan: RollupPlan, to: Parameters): readonly string[] =>
  selects(
    filter,
    plan,
    { ofTag: `tag > ''`, ofCounts: ['tag'], ofEvents: ['unnest(tags) AS tag'] },
    to,
  );

interface Selected {
  /** Which counts. */
  readonly ofTag: string;
  readonly ofCounts: readonly string[];
  /** The same of the events themselves. */
  readonly ofEvents: readonly string[];
}

/**
 * A select for each part of the answer: hours as far as they go, minutes before and after them, the events themselves of what
 * is left at both ends, and those within that no rollup counts yet.
 */
function selects(
  filter: Filter,
  plan: RollupPlan,
  { ofTag, ofCounts, ofEvents }: Selected,
  to: Parameters,
): readonly string[] {
  const { buckets, ends, outer } = partition(plan);
  const wanted = `${ofTag} AND ${whereOf(plan.others, to)}`;
  const ofEach = [...ofEvents, '1 AS count'].join(', ');
  return [
    ...buckets.map(
      ({ minutes, span }) =>
        `SELECT ${[...ofCounts, 'count'].join(', ')} FROM ${counts(minutes, plan.byType)} WHERE ${[wanted, ...boundsOf(span, to)].join(' AND ')}`,
    ),
    ...ends.map((span) => `SELECT ${ofEach} FROM events WHERE ${whereIn(filter, span, to)}`),
    `SELECT ${ofEach} FROM ${tail} WHERE ${whereIn(filter, outer, to)}`,
  ];
}

const whereIn = (filter: Filter, span: Bounds, to: Parameters): string =>
  [whereOf(filter, to), ...boundsOf(span, to)].join(' AND ');

/** The events that no rollup counts yet. Its order and limit make the planner read them by their index. */
const tail = `(
  SELECT * FROM events WHERE index > (SELECT rolled_index FROM journal_state) ORDER BY index LIMIT ${longestTail}
) AS events`;

interface Partition {
  readonly buckets: readonly { readonly minutes: 1 | 60; readonly span: Bounds }[];
  /** All the buckets together. */
  readonly outer: Bounds;
  /** Where events are counted one by one. */
  readonly ends: readonly Bounds[];
}

function partition(plan: RollupPlan): Partition {
  const outer = edgesOf(plan, minute);
  const inner = edgesOf(plan, hour);
  const ends = [
    ...(outer.from === null ? [] : [{ from: null, to: outer.from }]),
    ...(outer.to === null ? [] : [{ from: outer.to, to: null }]),
  ];
  const hasHours =
    plan.minutes === 60 && (inner.from === null || inner.to === null || inner.from < inner.to);
  if (!hasHours) return { buckets: [{ minutes: 1, span: outer }], outer, ends };
  const around = [
    ...(isBefore(outer.from, inner.from) ? [{ from: outer.from, to: inner.from }] : []),
    ...(isBefore(inner.to, outer.to) ? [{ from: inner.to, to: outer.to }] : []),
  ];
  const minutes = around.map((span) => ({ minutes: 1 as const, span }));
  return { buckets: [{ minutes: 60, span: inner }, ...minutes], outer, ends };
}

const isBefore = (a: Instant | null, b: Instant | null): boolean =>
  a !== null && b !== null && a < b;

/** From an instant on, to before another one. */
type Bounds = TimeSpan;

const boundsOf = ({ from, to: end }: Bounds, to: Parameters): string[] => [
  ...(from === null ? [] : [`time >= ${to.instant(from)}`]),
  ...(end === null ? [] : [`time < ${to.instant(end)}`]),
];

/** Of the one row of journal_state. */
const areFilled = `stored_index - rolled_index <= ${longestTail} AND counted_to = stored_index + expired_index`;

/** Whether the rollups count every event, as far as this process knows; each answer of them says so itself. */
export class Rollups {
  #notFilledAtMs = Number.NEGATIVE_INFINITY;

  /** Called when they have come to count every event, or are about to be counted anew. */
  set filled(filled: boolean) {
    this.#notFilledAtMs = filled ? Number.NEGATIVE_INFINITY : performance.now();
  }

  /**
   * The only cell of what a select over the rollups answers; null while they do not count every event.
   * @param select answers anything but NULL
   */
  async ask(query: Query, select: string, to: Parameters): Promise<string | null> {
    if (performance.now() - this.#notFilledAtMs < askAgainMs) return null;
    const [row] = await query(
      `SELECT CASE WHEN ${areFilled} THEN (${select}) END FROM journal_state`,
      to.values,
    );
    const cell = row?.[0] ?? null;
    if (cell === null) this.filled = false;
    return cell;
  }
}
