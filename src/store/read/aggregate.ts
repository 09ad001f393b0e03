import type { Filter } from '../../event/filter.ts';
import { InputError } from '../../event/input-error.ts';
import type { Query, Row } from '../database/connection.ts';
import { sqlState } from '../database/outage.ts';
import type { AggregateRequest, AggregateRow, Measure } from '../store.ts';
import { grouping } from './grouping.ts';
import { withinTime } from './read-time.ts';
import { areCounted, countedRows, type RollupPlan, type Rollups, rollupPlan } from './rollups.ts';
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
    const rows =
      (plan && (await aggregateRollups(query, rollups, request, plan))) ??
      (await aggregateRaw(query, request));
    return rows.map((row) => rowOf(row, request));
  } catch (error) {
    throw inputError(error, request) ?? error;
  }
}

function planOf({ filter, measure, groupBy, intervalMicros, timeZone }: AggregateRequest) {
  const fields = groupBy.flatMap((each) => (each.by === 'field' ? [each.field] : []));
  if (measure !== null || fields.length < groupBy.length) return null;
  const plan = rollupPlan(filter, { intervalMicros, timeZone });
  return plan !== null && areCounted(fields, plan.tag) ? plan : null;
}

async function aggregateRaw(query: Query, request: AggregateRequest): Promise<readonly Row[]> {
  await checkBuckets(
    request,
    (to) => [`SELECT time FROM events WHERE ${whereOf(request.filter, to)}`],
    query,
  );
  const to = new Parameters();
  const { text } = statementOf(request, to, grouped);
  return withinTime(query(text, to.values));
}

async function aggregateRollups(
  query: Query,
  rollups: Rollups,
  request: AggregateRequest,
  plan: RollupPlan,
): Promise<readonly Row[] | null> {
  await checkBuckets(request, (to) => countedRows(request.filter, plan, to), query);
  const to = new Parameters();
  const statement = statementOf(request, to, groupedRollups(plan));
  return rollups.ask(query, statement, to);
}

/** Before anything is grouped: the first and the last event are found in far less time. */
async function checkBuckets(
  { intervalMicros, timeZone, filter }: AggregateRequest,
  sourcesOf: (to: Parameters) => readonly string[],
  query: Query,
): Promise<void> {
  if (intervalMicros === null || isShort(filter, intervalMicros)) return;
  const to = new Parameters();
  const { bucket, stride } = bucketing(intervalMicros, timeZone, to);
  const ends = sourcesOf(to).flatMap((source) =>
    ['min', 'max'].map((end) => `SELECT ${end}(time) AS time FROM (${source}) AS source`),
  );
  const text = `SELECT ${lengthOf(stride)}
    FROM (SELECT ${bucket} AS bucket FROM (${ends.join(' UNION ALL ')}) AS ends) AS buckets`;
  const [row] = await query(text, to.values);
  checkLength(Number(row?.[0]));
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

/** The statistics of a group as one JSON column; null where nothing was measured. */
const stats = 'json_build_array(measured, average, min, max, sum, percentiles)::text';

/** A select of the groups of all events, with `label` for the JSON of their labels. */
type Grouped = (request: AggregateRequest, bucket: string | null, to: Parameters) => string;

const grouped: Grouped = (request, bucket, to) => {
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
};

/** The same by what the rollups count. */
const groupedRollups =
  (plan: RollupPlan): Grouped =>
  ({ filter, groupBy }, bucket, to) => {
    const { columns } = grouping(groupBy, to);
    const by = [...(bucket === null ? [] : [bucket]), ...columns];
    const numbers = by.map((_, position) => position + 1);
    const names = columns.map((_, position) => `label_${position}`);
    const inner = [
      ...(bucket === null ? [] : [`${bucket} AS bucket`]),
      ...columns.map((column, position) => `${column} AS ${names[position]}`),
      'sum(count) AS count',
    ];
    const outer = [
      ...(bucket === null ? [] : ['bucket']),
      `${labelsOf(names)} AS label`,
      'coalesce(count, 0)::bigint AS count',
    ];
    return `SELECT ${outer.join(', ')} FROM (
      SELECT ${inner.join(', ')} FROM (${countedRows(filter, plan, to).join(' UNION ALL ')}) AS counted
      ${by.length === 0 ? '' : `GROUP BY ${numbers.join()}`}
    ) AS summed`;
  };

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

/** A statement, and by which of its columns its rows are ordered. */
interface Statement {
  readonly text: string;
  readonly order: string;
}

const statementOf = (request: AggregateRequest, to: Parameters, source: Grouped): Statement =>
  request.intervalMicros === null
    ? groupsOf(request, to, source)
    : bucketsOf(request, bucketing(request.intervalMicros, request.timeZone, to), to, source);

const groupsOf = (request: AggregateRequest, to: Parameters, source: Grouped): Statement => ({
  text: `SELECT label, NULL AS bucket, 1 AS length, count, ${request.measure === null ? 'NULL' : stats} AS statistics
   FROM (${source(request, null, to)}) AS grouped
   ORDER BY count DESC, label LIMIT ${to.add(request.limit, 'bigint')}`,
  order: 'count DESC, label',
});

/** How a time becomes its bucket, and the bucket an instant again. */
interface Bucketing {
  readonly bucket: string;
  readonly start: string;
  readonly stride: string;
}

/**
 * Buckets shorter than a day count from 1970-01-01T00:00:00Z; days begin at midnight in the time zone, and
 * multiples of seven days on a Monday.
 */
function bucketing(intervalMicros: number, timeZone: string, to: Parameters): Bucketing {
  if (intervalMicros < day) {
    const stride = to.add(`${intervalMicros} microseconds`, 'interval');
    const bucket = `date_bin(${stride}, time, timestamptz 'epoch')`;
    return { bucket, start: 'bucket', stride };
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
  return { bucket, start: `bucket AT TIME ZONE ${zone}`, stride };
}

/** Buckets from the first to the last. */
const lengthOf = (stride: string): string =>
  `ceil(extract(epoch FROM max(bucket) - min(bucket)) / extract(epoch FROM ${stride})) + 1`;

function bucketsOf(
  request: AggregateRequest,
  { bucket, start, stride }: Bucketing,
  to: Parameters,
  source: Grouped,
): Statement {
  const limit = to.add(request.limit, 'bigint');
  const text = `WITH grouped AS MATERIALIZED (${source(request, bucket, to)}),
    span AS (
      SELECT min(bucket) AS first, max(bucket) AS last,
        ${lengthOf(stride)} AS length
      FROM grouped
    ),
    labels AS (
      SELECT label, row_number() OVER (ORDER BY sum(count) DESC, label) AS rank
      FROM grouped GROUP BY label ORDER BY rank LIMIT ${limit}
    ),
    buckets AS (
      SELECT generate_series(first, last, ${stride}) AS bucket FROM span
      LIMIT ceil(${limit}::float8 / (SELECT greatest(count(*), 1) FROM labels))
    )
    SELECT label, (extract(epoch FROM ${start}) * 1000000)::bigint AS start, (SELECT length FROM span) AS length,
      coalesce(count, 0) AS count,
      ${request.measure === null ? 'NULL' : `CASE WHEN count IS NOT NULL THEN ${stats} END`} AS statistics, rank
    FROM buckets CROSS JOIN labels LEFT JOIN grouped USING (bucket, label)
    ORDER BY bucket, rank LIMIT ${limit}`;
  return { text, order: 'start, rank' };
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
  [label, bucket, buckets, count, stats]: Row,
  { percentiles: ranks }: AggregateRequest,
): AggregateRow {
  checkLength(Number(buckets));
  const [measured, average, min, max, sum, percentiles] =
    stats == null ? none : (JSON.parse(stats) as Statistics);
  return {
    group: JSON.parse(label as string) as (string | null)[],
    bucket: bucket == null ? null : Number(bucket),
    count: Number(count),
    measured,
    average,
    min,
    max,
    sum,
    percentiles: percentiles ?? ranks.map(() => null),
  };
}
