// What the store does with many events: it is filled by the gateway's own writer in batches of 1,000, beside plain tables with the
// same indexes and the same rows. BENCH_EVENTS is the number of events (1,000,000), and BENCH_PARTITIONS that of the partitions that the store
// divides them into (10).
// Run: npm run build && npm --prefix bench run scale
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openStore } from '../dist/store/open.js';
import { fillRollups } from '../dist/store/write/rollup-fill.js';
import { createLog } from '../dist/telemetry/log.js';
import { median } from './load.mjs';
import { createDatabase, dropDatabase } from './rows.mjs';

const events = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const batch = 1_000;
const partitionEvents = events / Number(process.env.BENCH_PARTITIONS ?? 10);
/** Writing is measured over the first and the last of them. */
const slice = Math.min(50_000, events / 10);
const rounds = 15;

const minute = 60_000_000;
const hour = 60 * minute;
/** Fewer minutes than the buckets that an answer may have. */
const span = 6 * 24 * hour;
const begin = Date.UTC(2026, 0, 1) * 1_000;

const pools = ['gold', 'silver', 'bronze'];
const actions = ['Create', 'Delete', 'StateChange', 'RebuildBegin', 'RebuildEnd'];

/** The nth event, as the journal hands it to the store. */
function reportOf(n) {
  const time = begin + Math.floor((n * span) / events);
  return {
    id: randomUUID(),
    generatedId: true,
    namespace: 'default',
    category: 'Volume',
    action: actions[n % actions.length],
    severity: n % 50 === 0 ? 'ERROR' : null,
    source: {
      service: 'storage',
      instance: null,
      endpoint: null,
      node: `node-${n % 40}`,
      component: null,
      plane: null,
      layer: null,
    },
    key: `volume-${n % 5_000}`,
    filterKeys: [],
    message: `volume ${n % 5_000} on node ${n % 40} changed`,
    tags: ['pool', `pool:${pools[n % 3]}`, ...(n % 50_000 === 7 ? ['rare'] : [])],
    traits: [{ name: 'size_gib', type: 'INT', value: n % 1_000 }],
    value: { attempt: n % 3, elapsed: (n % 100) / 10 },
    time,
    endTime: null,
    recordedAt: time,
    dialect: 'TIDINGS',
    raw: null,
  };
}

let made = 0;
let last = 0;
/** Rows of the plain table. */
let copied = 0;

/** Writes events until there are as many. @returns those a second, and the slowest batch in milliseconds */
async function fillTo(store, wanted, isOver = () => false) {
  const from = made;
  const started = performance.now();
  let slowestMs = 0;
  while (made < wanted && !isOver()) {
    const length = Math.min(batch, wanted - made);
    const reports = Array.from({ length }, () => ({ index: ++last, report: reportOf(made++) }));
    const before = performance.now();
    await store.write(reports, last - length);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (made % (10 * batch) === 0) await store.keepPartitions({ maxEvents: partitionEvents });
  }
  return { perSecond: ((made - from) * 1_000) / (performance.now() - started), slowestMs };
}

/** Rows into plain tables: all columns, in batches of as many, in one session. @returns those a second */
async function copyTo(plain, rows) {
  const started = performance.now();
  for (let at = 0; at < rows.length; at += batch) {
    const fresh = rows
      .slice(at, at + batch)
      .map((row) => ({ ...row, id: randomUUID(), index: ++copied }));
    await plain.query(
      'INSERT INTO events SELECT * FROM json_populate_recordset(NULL::events, $1::json)',
      [JSON.stringify(fresh)],
    );
  }
  return (rows.length * 1_000) / (performance.now() - started);
}

/** Both in short turns, as the speed of a machine may change between long ones. */
async function writeBoth(store, plain, rows) {
  const turns = [];
  for (let at = 0; at < slice; at += slice / 10) {
    const tidings = await fillTo(store, made + slice / 10);
    turns.push({ ...tidings, plain: await copyTo(plain, rows.slice(at, at + slice / 10)) });
  }
  return {
    tidings: median(turns.map(({ perSecond }) => perSecond)),
    plain: median(turns.map((turn) => turn.plain)),
    slowestMs: Math.max(...turns.map(({ slowestMs }) => slowestMs)),
  };
}

/** Counts every event that is stored, as the gateway does in the background. @returns the seconds it took */
async function fillCounts(store) {
  const started = performance.now();
  await fillRollups(store, { signal: new AbortController().signal, onProgress: () => {} });
  return (performance.now() - started) / 1_000;
}

async function timed(run) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return median(times);
}

const print = (what, tidings, plain, unit) =>
  console.log(`${what.padEnd(44)}${tidings.padStart(12)}${plain.padStart(12)} ${unit}`);
const ms = (value) => value.toFixed(1);

const name = 'tidings_bench_scale';
const url = await createDatabase(name);
const log = createLog('error');
const store = await openStore({ databaseUrl: url, dataDirectory: '', exclusive: true, log });
const client = new pg.Client(url);
await client.connect();

/** A table with the columns and indexes of another one's, and nothing else. */
async function openPlain() {
  const plain = new pg.Client(await createDatabase(`${name}_plain`));
  await plain.connect();
  const { rows: columns } = await client.query(
    `SELECT string_agg(format('%I %s %s %s', attname, format_type(atttypid, atttypmod),
       CASE WHEN attcollation <> 0 THEN 'COLLATE "C"' END, CASE WHEN attnotnull THEN 'NOT NULL' END), ', ' ORDER BY attnum) AS list
     FROM pg_attribute WHERE attrelid = 'events'::regclass AND attnum > 0`,
  );
  await plain.query(`CREATE TABLE events (${columns[0].list})`);
  const { rows: indexes } = await client.query(
    `SELECT indexdef FROM pg_indexes WHERE tablename = 'events_partition_0'`,
  );
  for (const { indexdef } of indexes) {
    await plain.query(indexdef.replace('public.events_partition_0', 'events'));
  }
  await plain.query("SET jit = off; SET timezone = 'UTC'");
  return plain;
}

const plain = await openPlain();
await fillTo(store, slice);
const { rows: stored } = await client.query(
  'SELECT row_to_json(e) AS row FROM events e ORDER BY index',
);
const sample = stored.map(({ row }) => row);
const first = await writeBoth(store, plain, sample);
await fillTo(store, events - slice);
while (copied < events - slice) await copyTo(plain, sample);
const final = await writeBoth(store, plain, sample);
const countingSeconds = await fillCounts(store);
for (const table of ['events', 'event_counts']) await client.query(`VACUUM ANALYZE ${table}`);
const disk = await client.query(
  `SELECT sum(pg_total_relation_size(relid))::float8 AS events, pg_total_relation_size('event_counts')::float8 AS counts
   FROM pg_partition_tree('events')`,
);

console.log(
  `${events} events over ${span / hour / 24} days, two to four tags each; the middle of ${rounds}`,
);
print('', 'Tidings', 'plain', '');
print('events a second, beginning', first.tidings.toFixed(0), first.plain.toFixed(0), '/s');
print('events a second, end', final.tidings.toFixed(0), final.plain.toFixed(0), '/s');
print('counting every event, half of the time', countingSeconds.toFixed(1), '', 's');
print('disk of an event', (disk.rows[0].events / events).toFixed(0), '', 'bytes');
print('disk of its counts', (disk.rows[0].counts / events).toFixed(0), '', 'bytes');

const all = {};
const page = (tag) => () => store.page({ filter: { tags: [tag] }, order: 'TIME_DESC', limit: 50 });
const histogram =
  (intervalMicros, by, filter = all) =>
  () =>
    store.aggregate({
      filter,
      measure: null,
      groupBy: by.map((field) => ({ by: 'field', field })),
      intervalMicros,
      timeZone: 'UTC',
      percentiles: [],
      limit: 50_000,
    });
/** In the gateway's own tables, which have the same indexes: plain SQL. */
const sql = (text) => () => client.query(text);
await client.query('SET jit = off');
await client.query("SET timezone = 'UTC'");
const compared = [
  ['an empty query', () => store.firstIndex(), sql('SELECT 1')],
  [
    'page of 50, a tag of a third',
    page('pool:gold'),
    sql(`SELECT * FROM events WHERE tags @> '{pool:gold}' ORDER BY time DESC, index DESC LIMIT 50`),
  ],
  [
    'page of 50, a tag of one in 50,000',
    page('rare'),
    sql(`SELECT * FROM events WHERE tags @> '{rare}' ORDER BY time DESC, index DESC LIMIT 50`),
  ],
  ['count of all', () => store.count(all), sql('SELECT count(*) FROM events')],
  [
    'count of a tag of a third',
    () => store.count({ tags: ['pool:gold'] }),
    sql(`SELECT count(*) FROM events WHERE tags @> '{pool:gold}'`),
  ],
  [
    'histogram by hour',
    histogram(hour, []),
    sql(`SELECT date_bin('1 hour', time, 'epoch'), count(*) FROM events GROUP BY 1 ORDER BY 1`),
  ],
  [
    'histogram by hour and severity',
    histogram(hour, ['SEVERITY']),
    sql(
      `SELECT date_bin('1 hour', time, 'epoch'), severity, count(*) FROM events GROUP BY 1, 2 ORDER BY 1`,
    ),
  ],
  [
    'histogram by minute',
    histogram(minute, []),
    sql(`SELECT date_bin('1 minute', time, 'epoch'), count(*) FROM events GROUP BY 1 ORDER BY 1`),
  ],
  [
    'histogram by hour of a tag of a third',
    histogram(hour, [], { tags: ['pool:gold'] }),
    sql(
      `SELECT date_bin('1 hour', time, 'epoch'), count(*) FROM events WHERE tags @> '{pool:gold}' GROUP BY 1 ORDER BY 1`,
    ),
  ],
];
for (const [what, ask, byHand] of compared) {
  print(what, ms(await timed(ask)), ms(await timed(byHand)), 'ms');
}

/** While it deletes, events are written as fast as that goes. */
async function expire(what, before) {
  let isDeleting = true;
  const writing = fillTo(store, Number.POSITIVE_INFINITY, () => !isDeleting);
  const deleting = performance.now();
  const deleted = await store.expire(before);
  const deletedMs = performance.now() - deleting;
  isDeleting = false;
  const { slowestMs } = await writing;
  print(`retention of ${deleted} events${what}`, (deletedMs / 1_000).toFixed(2), '', 's');
  print('slowest batch meanwhile', ms(slowestMs), '', 'ms');
}

const { rows: later } = await client.query(
  `SELECT (extract(epoch FROM min(recorded_at)) * 1000000)::bigint AS begin FROM events WHERE partition = 1`,
);
const secondPartition = Number(later[0].begin);
await expire(', a partition', secondPartition);
await expire(' of the next partition', secondPartition + span / 50);
print('slowest of the last batches before', ms(final.slowestMs), '', 'ms');

await client.end();
await plain.end();
await store[Symbol.asyncDispose]();
await dropDatabase(name);
await dropDatabase(`${name}_plain`);
