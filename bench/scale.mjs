// What the store does with many events: it is filled by the gateway's own writer in batches of 1,000, beside plain tables with the
// same indexes and the same rows. BENCH_EVENTS is the number of events (1,000,000), or several numbers with commas, and BENCH_PARTITIONS that of
// the partitions that the store divides them into (10). Larger numbers than BENCH_PLAIN_EVENTS are not compared with plain tables. With BENCH_SIMULATED=1 the writer makes the first 100,000 and the last 50,000; all between are
// copies of the first, made within the database: their tables are filled before they have indexes.
// Run: npm run build && npm --prefix bench run scale
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openStore } from '../dist/store/open.js';
import { fillRollups } from '../dist/store/write/rollup-fill.js';
import { createLog } from '../dist/telemetry/log.js';
import { median } from './load.mjs';
import { createDatabase, dropDatabase } from './rows.mjs';

const sizes = (process.env.BENCH_EVENTS ?? '1000000').split(',').map(Number);
const isSimulated = process.env.BENCH_SIMULATED === '1';
const plainEvents = Number(process.env.BENCH_PLAIN_EVENTS ?? Number.POSITIVE_INFINITY);
const batch = 1_000;
const partitions = Number(process.env.BENCH_PARTITIONS ?? 10);
const rounds = 15;
const longestMs = 10_000;
/** Sessions that make copies. */
const fillers = 3;
const fillOptions = '-c synchronous_commit=off -c maintenance_work_mem=512MB';
/** That many events are deleted one by one. */
const few = 20_000;

const minute = 60_000_000;
const hour = 60 * minute;
/** Fewer minutes than the buckets that an answer may have. */
const span = 6 * 24 * hour;
const begin = Date.UTC(2026, 0, 1) * 1_000;

const pools = ['gold', 'silver', 'bronze'];
const actions = ['Create', 'Delete', 'StateChange', 'RebuildBegin', 'RebuildEnd'];

let events;
/** Writing is measured over the first and the last of them. */
let slice;
let made;
/** Rows of the plain table. */
let copied;
/** The number of the first event of each partition but the first. */
let firsts;

const timeOf = (n) => begin + Math.floor((n * span) / events);

/** The nth event, as the journal hands it to the store. */
function reportOf(n) {
  const time = timeOf(n);
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

/** Writes events until there are as many. @returns those a second, and the slowest batch in milliseconds */
async function fillTo(store, wanted, isOver = () => false) {
  const from = made;
  const started = performance.now();
  let slowestMs = 0;
  while (made < wanted && !isOver()) {
    const length = Math.min(batch, wanted - made);
    const reports = Array.from({ length }, () => ({ report: reportOf(made++), index: made }));
    const before = performance.now();
    await store.write(reports, made - length);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (made % (10 * batch) === 0) await divide(store, events / partitions);
  }
  return { perSecond: ((made - from) * 1_000) / (performance.now() - started), slowestMs };
}

async function divide(store, maxEvents) {
  if ((await store.keepPartitions({ maxEvents })) !== null) firsts.push(made);
}

/** The statement that copies the first events, so that `wanted` follow on `from`. */
function copies(table, columns, from, wanted, partition = 0) {
  const values = {
    id: 'gen_random_uuid()',
    index: 'n + 1',
    time: 'at',
    recorded_at: 'at',
    partition,
  };
  const at = `to_timestamp(${begin / 1e6}) + n * ${span / events / 1e6} * interval '1 second'`;
  return `INSERT INTO ${table} SELECT ${columns.map((name) => values[name] ?? `"${name}"`).join(', ')}
    FROM generate_series(${from / slice}, ${(from + wanted) / slice - 1}) AS copy
    CROSS JOIN LATERAL (SELECT *, copy * ${slice} + index - 1 AS n FROM sample ORDER BY index) AS s
    CROSS JOIN LATERAL (SELECT ${at} AS at) AS t`;
}

/** Copies of the first events, until there are as many. @returns those a second, with their indexes */
async function simulateTo({ store, client, url, columns }, wanted) {
  const from = made;
  const started = performance.now();
  const opened = [];
  while (made < wanted) {
    await divide(store, 0);
    const { rows } = await client.query('SELECT partition FROM journal_state');
    const [{ partition }] = rows;
    const length = Math.min(events / partitions, wanted - made);
    await client.query(`ALTER TABLE events DETACH PARTITION ${tableOf(partition)}`);
    opened.push({ partition, first: made, length });
    made += length;
    await client.query(
      `UPDATE journal_state SET counted_to = counted_to + ${made} - stored_index, stored_index = ${made}`,
    );
  }
  const pool = new pg.Pool({ connectionString: url, options: fillOptions, max: fillers });
  await Promise.all(
    opened.map(async ({ partition, first, length }) => {
      const session = await pool.connect();
      const insert = copies(tableOf(partition), columns, first, length, partition);
      await fillWithoutIndexes(session, tableOf(partition), insert);
      session.release();
    }),
  );
  await pool.end();
  for (const { partition } of opened) {
    await client.query(
      `ALTER TABLE events ATTACH PARTITION ${tableOf(partition)} FOR VALUES IN (${partition})`,
    );
  }
  return ((made - from) * 1_000) / (performance.now() - started);
}

const tableOf = (partition) => `events_partition_${partition}`;

async function fillWithoutIndexes(client, table, insert) {
  const { rows } = await client.query(
    `SELECT indexdef, conname, pg_get_constraintdef(c.oid) AS definition, indexname FROM pg_indexes
     LEFT JOIN pg_constraint c ON c.conindid = indexname::regclass WHERE tablename = '${table}'`,
  );
  for (const { conname, indexname } of rows) {
    await client.query(
      conname === null
        ? `DROP INDEX ${indexname}`
        : `ALTER TABLE ${table} DROP CONSTRAINT ${conname}`,
    );
  }
  await client.query(insert);
  for (const { conname, definition, indexdef } of rows) {
    await client.query(
      conname === null ? indexdef : `ALTER TABLE ${table} ADD CONSTRAINT ${conname} ${definition}`,
    );
  }
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
    const some = rows.slice(at, at + slice / 10);
    turns.push({ ...tidings, plain: plain && (await copyTo(plain, some)) });
  }
  return {
    tidings: median(turns.map(({ perSecond }) => perSecond)),
    plain: plain && median(turns.map((turn) => turn.plain)),
    slowestMs: Math.max(...turns.map(({ slowestMs }) => slowestMs)),
  };
}

/** Counts every event that is stored, as the gateway does in the background. @returns the seconds it took */
async function fillCounts(store) {
  const started = performance.now();
  if (isSimulated) {
    for (let left = Number.POSITIVE_INFINITY; left > 0; ) {
      const { storedIndex, rolledIndex } = await store.rollUp(200_000);
      left = storedIndex - rolledIndex;
    }
  }
  await fillRollups(store, { signal: new AbortController().signal, onProgress: () => {} });
  return (performance.now() - started) / 1_000;
}

async function timed(run) {
  const times = [];
  const until = performance.now() + longestMs;
  for (let round = 0; round < rounds && (round === 0 || performance.now() < until); round++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return median(times);
}

const print = (what, tidings, plain, unit) =>
  console.log(`${what.padEnd(44)}${tidings.padStart(12)}${(plain ?? '').padStart(12)} ${unit}`);
const ms = (value) => value.toFixed(1);

const name = 'tidings_bench_scale';

/** A table with the columns and indexes of another one's, and nothing else. */
async function openPlain(client) {
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

/** Prepares a session to copy the first events. @returns the columns of events */
async function prepareCopies(client) {
  await client.query(`CREATE TABLE sample AS SELECT * FROM events ORDER BY index LIMIT ${slice}`);
  const { rows } = await client.query(
    `SELECT attname FROM pg_attribute WHERE attrelid = 'events'::regclass AND attnum > 0 ORDER BY attnum`,
  );
  return rows.map(({ attname }) => attname);
}

async function measure(size) {
  events = size;
  slice = Math.min(50_000, events / 10);
  made = 0;
  copied = 0;
  firsts = [];
  const url = await createDatabase(name);
  const log = createLog('error');
  const store = await openStore({ databaseUrl: url, dataDirectory: '', exclusive: true, log });
  const client = new pg.Client({ connectionString: url, options: fillOptions });
  await client.connect();
  const plain = events > plainEvents ? null : await openPlain(client);
  await fillTo(store, slice);
  const { rows: stored } = await client.query(
    'SELECT row_to_json(e) AS row FROM events e ORDER BY index',
  );
  const sample = stored.map(({ row }) => row);
  const first = await writeBoth(store, plain, sample);
  if (isSimulated) {
    const columns = await prepareCopies(client);
    const perSecond = await simulateTo({ store, client, url, columns }, events - slice);
    console.log(`simulated ${perSecond.toFixed(0)} a second`);
    if (plain !== null) {
      await prepareCopies(plain);
      const wanted = events - slice - copied;
      await fillWithoutIndexes(plain, 'events', copies('events', columns, copied, wanted));
      copied = events - slice;
    }
    await client.query('CHECKPOINT');
  } else {
    await fillTo(store, events - slice);
    while (plain !== null && copied < events - slice) await copyTo(plain, sample);
  }
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
  print('events a second, beginning', first.tidings.toFixed(0), first.plain?.toFixed(0), '/s');
  print('events a second, end', final.tidings.toFixed(0), final.plain?.toFixed(0), '/s');
  print(
    `counting every event${isSimulated ? ', 200,000 at once' : ', half of the time'}`,
    countingSeconds.toFixed(1),
    '',
    's',
  );
  print('disk of an event', (disk.rows[0].events / events).toFixed(0), '', 'bytes');
  print('disk of its counts', (disk.rows[0].counts / events).toFixed(0), '', 'bytes');

  const all = {};
  const page = (tag) => () =>
    store.page({ filter: { tags: [tag] }, order: 'TIME_DESC', limit: 50 });
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
      sql(
        `SELECT * FROM events WHERE tags @> '{pool:gold}' ORDER BY time DESC, index DESC LIMIT 50`,
      ),
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
    print(what, ms(await timed(ask)), plain && ms(await timed(byHand)), 'ms');
  }

  /** While it deletes, events are written as fast as that goes. */
  async function expire(what, before) {
    let isDeleting = true;
    const writing = fillTo(store, Number.POSITIVE_INFINITY, () => !isDeleting);
    const started = performance.now();
    let isGone = false;
    const gone = (async () => {
      while (!isGone && isDeleting) {
        const { rows } = await client.query(
          'SELECT min(recorded_at) >= $1 AS gone FROM (SELECT recorded_at FROM events ORDER BY index LIMIT 1) AS oldest',
          [new Date(before / 1_000)],
        );
        isGone = rows[0].gone;
      }
      return performance.now() - started;
    })();
    const deleted = await store.expire(before);
    const deletedMs = performance.now() - started;
    isDeleting = false;
    const { slowestMs } = await writing;
    print(`retention of ${deleted} events${what}`, ((await gone) / 1_000).toFixed(2), '', 's');
    print('the same, with their counts deleted', (deletedMs / 1_000).toFixed(2), '', 's');
    print('slowest batch meanwhile', ms(slowestMs), '', 'ms');
  }

  print('slowest of the last batches', ms(final.slowestMs), '', 'ms');
  const tenth = firsts.find((n) => n >= events / partitions);
  await expire(', whole partitions', timeOf(tenth));
  await expire(' one by one', timeOf(tenth + few));

  await client.end();
  await plain?.end();
  await store[Symbol.asyncDispose]();
  await dropDatabase(name);
  await dropDatabase(`${name}_plain`);
}

for (const size of sizes) await measure(size);
