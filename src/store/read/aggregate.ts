import type { Instant } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { InputError } from '../../event/input-error.ts';
import type { Query } from '../database/connection.ts';
import { sqlState } from '../database/outage.ts';
import type { AggregateRequest, AggregateRow, Measure } from '../store.ts';
import { grouping } from './grouping.ts';
import { countedRows, type RollupPlan, type Rollups, rollupPlan } from './rollups.ts';
import { explainTooSlow } from './too-slow.ts';
import { Parameters, pathString, whereOf } from './where.ts';

const day = 86_400_000_000;

/** Buckets from the first to the last, empty ones included. */
const maxBuckets = 10_000;

/**
 * One row a group, largest count first; or with an interval one a bucket and group, in time order, for every group
 * from the first bucket of all to the last. Counts come from the rollups where these hold them.
 * @throws InputError naming interval, timeZone or measure
 */
export async function aggregateEvents(
  query: Query,
  rollups: Rollups,
  request: AggregateRequest,
): Promise<AggregateRow[]> {
  try {
    const plan = planOf(request);
    const counted = plan && (await rowsOf(request, ofRollups(query, rollups, request, plan)));
    return counted ?? (await rowsOf(request, ofEvents(query, request))) ?? [];
  } catch (error) {
    throw inputError(error, request) ?? error;
  }
}

function planOf({ filter, measure, groupBy, intervalMicros, timeZone }: AggregateRequest) {
  const fields = groupBy.flatMap((each) => (each.by === 'field' ? [each.field] : []));
  if (measure !== null || fields.length < groupBy.length) return null;
  return rollupPlan(filter, { fields, intervalMicros, timeZone });
}

/** What is counted: events, or what the rollups hold of them. */
interface Source {
  /** Selects with the times of all that is counted. */
  readonly times: (to: Parameters) => readonly string[];
  /** A select of the groups: their bucket unless it is null, `label` for the JSON of their labels, their count and statistics. */
  readonly groups: (bucket: string | null, to: Parameters) => string;
  /** The only cell of what a select answers; null where the rollups cannot be used. */
  readonly ask: (select: string, to: Parameters) => Promise<string | null>;
}

const ofEvents = (query: Query, request: AggregateRequest): Source => ({
  times: (to) => [`SELECT time FROM events WHERE ${whereOf(request.filter, to)}`],
  groups: (bucket, to) => groupedEvents(request, bucket, to),
  ask: async (select, to) => (await explainTooSlow(query(select, to.values)))[0]?.[0] ?? null,
});

const ofRollups = (
  query: Query,
  rollups: Rollups,
  { filter, groupBy }: AggregateRequest,
  plan: RollupPlan,
): Source => ({
  times: (to) => countedRows(['time'], filter, plan, to),
  groups: (bucket, to) => {
    const names = groupBy.map((_, position) => `label_${position}`);
    const { columns } = grouping(groupBy, to);
    const labels = columns.map((column, position) => `${column} AS ${names[position]}`);
    const wanted = bucket === null ? labels : [`${bucket} AS bucket`, ...labels];
    return groupedCounts(countedRows(wanted, filter, plan, to), names, bucket !== null);
  },
  ask: (select, to) => rollups.ask(query, select, to),
});

async function rowsOf(request: AggregateRequest, source: Source): Promise<AggregateRow[] | null> {
  const { intervalMicros, timeZone, filter } = request;
  if (intervalMicros === null) return groupRows(request, source);
  const bucketsTo = (to: Parameters) => bucketing(intervalMicros, timeZone, to);
  if (!isShort(filter, intervalMicros)) {
    const to = new Parameters();
    const length = await source.ask(lengthSelect(bucketsTo(to), source.times(to)), to);
    if (length === null) return null;
    checkLength(Number(length));
  }
  const to = new Parameters();
  const buckets = bucketsTo(to);
  const answer = await source.ask(bucketsSelect(request, buckets, source, to), to);
  return answer === null ? null : bucketRows(JSON.parse(answer) as Buckets, buckets, request);
}

/** Before anything is grouped: the first and the last event are found in far less time. */
function lengthSelect({ bucket, stride }: Bucketing, times: readonly string[]): string {
  const ends = times.map(
    (source) => `SELECT unnest(ARRAY[min(time), max(time)]) AS time FROM (${source}) AS source`,
  );
  return `SELECT coalesce(${lengthOf(stride)}, 0)
    FROM (SELECT ${bucket} AS bucket FROM (${ends.join(' UNION ALL ')}) AS ends) AS buckets`;
}

/** Whether the filter's span of time alone keeps the buckets within their maximum. */
const isShort = ({ time }: Filter, intervalMicros: number): boolean =>
  time !== undefined &&
  time.from !== null &&
  time.to !== null &&
  (time.to - time.from) / intervalMicros < maxBuckets - 1;

function checkLength(buckets: number): void {
  if (buckets <= maxBuckets) return;
  throw new InputError(
    ['interval'],
    `There are ${buckets} buckets from the first event to the last: at most ${maxBuckets}.`,
  );
}

/** The argument that the database rejected, by the SQLSTATE of its error. */
function inputError(cause: unknown, { timeZone }: AggregateRequest): InputError | null {
  switch (sqlState(cause)) {
    case '22023':
      return new InputError(['timeZone'], `${timeZone} is not a time zone.`, { cause });
    case '22003':
      return new InputError(['measure'], 'The measured numbers are too large to add up.', {
        cause,
      });
    default:
      return null;
  }
}

function groupedEvents(request: AggregateRequest, bucket: string | null, to: Parameters): string {
  const { columns, joins } = grouping(request.groupBy, to);
  const names = columns.map((_, position) => `label_${position}`);
  const selected = [
    ...(bucket === null ? [] : [`${bucket} AS bucket`]),
    ...columns.map((column, position) => `${column} AS ${names[position]}`),
    ...(request.measure === null ? [] : [`${measureOf(request.measure, to)} AS number`]),
  ];
  const by = [...(bucket === null ? [] : ['bucket']), ...names];
  const grouped = [
    ...(bucket === null ? [] : ['bucket']),
    `${labelsOf(names)} AS label`,
    'count(*) AS count',
    ...(request.measure === null ? [] : measured(request.percentiles, to)),
  ];
  // OFFSET 0 makes PostgreSQL compute the number once for each row, not once for each statistic.
  const fence = request.measure === null ? '' : 'OFFSET 0';
  return `SELECT ${grouped.join(', ')}
    FROM (SELECT ${selected.join(', ')} FROM events ${joins.join(' ')} WHERE ${whereOf(request.filter, to)} ${fence}) AS chosen
    ${by.length === 0 ? '' : `GROUP BY ${by.join()}`}`;
}

function groupedCounts(
  rows: readonly string[],
  names: readonly string[],
  byBucket: boolean,
): string {
  const bucket = byBucket ? ['bucket'] : [];
  const by = [...bucket, ...names];
  return `SELECT ${[...bucket, `${labelsOf(names)} AS label`, 'coalesce(count, 0)::bigint AS count'].join(', ')} FROM (
      SELECT ${[...by, 'sum(count) AS count'].join(', ')} FROM (${rows.join(' UNION ALL ')}) AS counted
      ${by.length === 0 ? '' : `GROUP BY ${by.join()}`}
    ) AS summed`;
}

const labelsOf = (names: readonly string[]): string =>
  names.length === 0 ? `'[]'` : `json_build_array(${names.join()})::text`;

const measured = (percentiles: readonly number[], to: Parameters): string[] => [
  'count(number) AS measured',
  'avg(number) AS average',
  'min(number) AS min',
  'max(number) AS max',
  'sum(number) AS sum',
  percentiles.length === 0
    ? 'NULL::float8[] AS percentiles'
    : `percentile_cont(${to.add(`{${percentiles.join()}}`, 'float8[]')}) WITHIN GROUP (ORDER BY number) AS percentiles`,
];

/** The statistics of a group as JSON; null where nothing was measured. */
const statisticsOf = ({ measure }: AggregateRequest): string =>
  measure === null
    ? 'NULL'
    : `CASE WHEN count IS NOT NULL THEN json_build_array(measured, average, min, max, sum, percentiles) END`;

type Labels = (string | null)[];

/** All that a select answers comes as JSON in one cell: thousands of rows take far longer to read. */
async function groupRows(
  request: AggregateRequest,
  source: Source,
): Promise<AggregateRow[] | null> {
  const to = new Parameters();
  const answer = await source.ask(
    `SELECT coalesce(json_agg(json_build_array(label::json, count, ${statisticsOf(request)}) ORDER BY count DESC, label), '[]')
     FROM (
       SELECT * FROM (${source.groups(null, to)}) AS grouped
       ORDER BY count DESC, label LIMIT ${to.add(request.limit, 'bigint')}
     ) AS largest`,
    to,
  );
  if (answer === null) return null;
  const groups = JSON.parse(answer) as [group: Labels, count: number, Statistics | null][];
  return groups.map(([group, count, statistics]) => rowOf(group, null, count, statistics, request));
}

/** How a time becomes its bucket, and the bucket an instant again. */
interface Bucketing {
  readonly bucket: string;
  readonly start: string;
  readonly stride: string;
  /** Null where buckets differ in length. */
  readonly strideMicros: number | null;
}

/**
 * Buckets shorter than a day count from 1970-01-01T00:00:00Z; days begin at midnight in the time zone, and
 * multiples of seven days on a Monday.
 */
function bucketing(intervalMicros: number, timeZone: string, to: Parameters): Bucketing {
  if (intervalMicros < day) {
    const stride = to.add(`${intervalMicros} microseconds`, 'interval');
    const bucket = `date_bin(${stride}, time, timestamptz 'epoch')`;
    return { bucket, start: 'bucket', stride, strideMicros: intervalMicros };
  }
  if (intervalMicros % day !== 0) {
    throw new InputError(
      ['interval'],
      'An interval longer than a day must be a number of whole days.',
    );
  }
  const days = intervalMicros / day;
  const stride = to.add(`${days} days`, 'interval');
  const zone = to.add(timeZone, 'text');
  const origin = days % 7 === 0 ? '1970-01-05' : '1970-01-01';
  const bucket = `date_bin(${stride}, time AT TIME ZONE ${zone}, timestamp '${origin}')`;
  return { bucket, start: `bucket AT TIME ZONE ${zone}`, stride, strideMicros: null };
}

/** Buckets from the first to the last. */
const lengthOf = (stride: string): string =>
  `ceil(extract(epoch FROM max(bucket) - min(bucket)) / extract(epoch FROM ${stride})) + 1`;

interface Buckets {
  /** From the first to the last. */
  readonly length: number;
  /** The first alone where the others follow in equal steps. */
  readonly starts: readonly Instant[];
  /** The largest first. */
  readonly groups: readonly {
    readonly label: Labels;
    /** Of each bucket. */
    readonly counts: readonly number[];
    readonly statistics: readonly (Statistics | null)[] | null;
  }[];
}

/** A select of Buckets: every group has every bucket, and no more than are in the answer. */
function bucketsSelect(
  request: AggregateRequest,
  { bucket, start, stride, strideMicros }: Bucketing,
  source: Source,
  to: Parameters,
): string {
  const limit = to.add(request.limit, 'bigint');
  const statistics =
    request.measure === null ? 'NULL' : `json_agg(${statisticsOf(request)} ORDER BY bucket)`;
  const starts =
    strideMicros === null
      ? 'buckets'
      : '(SELECT bucket FROM buckets ORDER BY bucket LIMIT 1) AS first';
  const counts = `json_agg(coalesce(count, 0) ORDER BY bucket) AS counts, ${statistics} AS statistics`;
  // Joining the label of the only group to each bucket would take as long as making them.
  const filled =
    request.groupBy.length === 0
      ? `buckets AS (
      SELECT generate_series(first, last, ${stride}) AS bucket FROM span LIMIT ${limit}
    ),
    groups AS (
      SELECT 1 AS rank, '[]'::json AS label, ${counts}
      FROM buckets LEFT JOIN grouped USING (bucket) HAVING count(*) > 0
    )`
      : `labels AS (
      SELECT label, row_number() OVER (ORDER BY sum(count) DESC, label) AS rank
      FROM grouped GROUP BY label ORDER BY rank LIMIT ${limit}
    ),
    buckets AS (
      SELECT generate_series(first, last, ${stride}) AS bucket FROM span
      LIMIT ceil(${limit}::float8 / (SELECT greatest(count(*), 1) FROM labels))
    ),
    groups AS (
      SELECT rank, label::json, ${counts}
      FROM buckets CROSS JOIN labels LEFT JOIN grouped USING (bucket, label) GROUP BY rank, labels.label
    )`;
  return `WITH grouped AS MATERIALIZED (${source.groups(bucket, to)}),
    span AS (
      SELECT min(bucket) AS first, max(bucket) AS last, ${lengthOf(stride)} AS length FROM grouped
    ),
    ${filled}
    SELECT json_build_object(
      'length', coalesce((SELECT length FROM span), 0),
      'starts', coalesce((SELECT json_agg((extract(epoch FROM ${start}) * 1000000)::bigint ORDER BY bucket) FROM ${starts}), '[]'),
      'groups', coalesce((SELECT json_agg(groups ORDER BY rank) FROM groups), '[]'))`;
}

function bucketRows(
  { length, starts: known, groups }: Buckets,
  { strideMicros }: Bucketing,
  request: AggregateRequest,
) {
  checkLength(length);
  const [first = 0] = known;
  const starts =
    strideMicros === null
      ? known
      : (groups[0]?.counts.map((_, at) => first + at * strideMicros) ?? []);
  const rows: AggregateRow[] = [];
  // flatMap takes five times as long.
  for (const [at, start] of starts.entries()) {
    for (const { label, counts, statistics } of groups) {
      rows.push(rowOf(label, start, counts[at] ?? 0, statistics?.[at] ?? null, request));
    }
  }
  return rows.slice(0, request.limit);
}

function measureOf(measure: Measure, to: Parameters): string {
  switch (measure.of) {
    case 'value': {
      const value =
        measure.path.length === 0 ? 'value' : `value #> ${to.add(measure.path, 'text[]')}`;
      return `CASE jsonb_typeof(${value}) WHEN 'number' THEN (${value})::float8 END`;
    }
    case 'trait': {
      const found = (field: string) => {
        const path = `$[*] ? (@.name == ${pathString(measure.name)}).${field}`;
        return `jsonb_path_query_first(traits, ${to.add(path, 'jsonpath')})`;
      };
      return `coalesce(${found('int')}, ${found('float')})::float8`;
    }
    case 'duration':
      return 'extract(epoch FROM end_time - time)::float8';
  }
}

type Statistics = [
  measured: number,
  average: number | null,
  min: number | null,
  max: number | null,
  sum: number | null,
  percentiles: (number | null)[] | null,
];

const none: Statistics = [0, null, null, null, null, null];

function rowOf(
  group: Labels,
  bucket: Instant | null,
  count: number,
  statistics: Statistics | null,
  { percentiles: ranks }: AggregateRequest,
): AggregateRow {
  const [measured, average, min, max, sum, percentiles] = statistics ?? none;
  return {
    group,
    bucket,
    count,
    measured,
    average,
    min,
    max,
    sum,
    percentiles: percentiles ?? ranks.map(() => null),
  };
}
