// Queries at a million events on PostgreSQL: through GraphQL and the same query as hand-written SQL, which is
// asked by the driver in this process, and over HTTP as GraphQL is.
// Run: npm run build && npm --prefix bench run query
import pg from 'pg';
import { median, open, post } from './load.mjs';
import { createDatabase } from './rows.mjs';
import { startGateway, startPeer } from './server-process.mjs';

const events = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const begin = '2026-01-01T00:00:00Z';

/** A month of events: one in three has the common tag, one in 10,000 the rare one. */
const fill = `INSERT INTO events (id, index, namespace, category, action, type, service, node, key, filter_keys,
    message, tags, traits, value, time, recorded_at, dialect)
  SELECT gen_random_uuid(), n, 'default', 'Volume', action, 'Volume.' || action, 'storage', 'node-' || n % 40,
    'volume-' || n % 5000, '{}', 'volume changed',
    ARRAY['pool', 'pool:' || (ARRAY['gold', 'silver', 'bronze'])[1 + n % 3]]
      || CASE WHEN n % 10000 = 0 THEN ARRAY['rare'] ELSE '{}' END,
    jsonb_build_array(jsonb_build_object('name', 'size_gib', 'int', n % 1000)),
    jsonb_build_object('elapsed', n % 100 / 10.0), time, time, 'TIDINGS'
  FROM generate_series(1, ${events}) AS n,
    LATERAL (SELECT (ARRAY['Create', 'Delete', 'StateChange'])[1 + n % 3] AS action,
      timestamptz '${begin}' + n * interval '30 days' / ${events} AS time) AS made`;

const from = '2026-01-10T00:00:00Z';
const to = '2026-01-12T00:00:00Z';
const page = `query ($filter: EventFilter) {
  events(filter: $filter, first: 50) { nodes { id index type key message tags time source { node } } }
}`;
const pageSql = `SELECT id, index, type, key, message, tags, time, node FROM events
  WHERE tags @> ARRAY[$1] AND time >= $2 AND time <= $3 ORDER BY time DESC, index DESC LIMIT 50`;

const questions = {
  'newest 50 of a common tag in a range': {
    query: page,
    variables: { filter: { tags: ['pool:gold'], time: { gte: from, lte: to } } },
    sql: [pageSql, ['pool:gold', from, to]],
    rows: (data) => data.events.nodes.length,
  },
  'newest 50 of a rare tag in a range': {
    query: page,
    variables: { filter: { tags: ['rare'], time: { gte: '2026-01-05T00:00:00Z', lte: to } } },
    sql: [pageSql, ['rare', '2026-01-05T00:00:00Z', to]],
    rows: (data) => data.events.nodes.length,
  },
  'hourly average of a trait over a range': {
    query: `query ($filter: EventFilter) {
      aggregateEvents(filter: $filter, measure: { trait: "size_gib" }, interval: "1h", first: 1000) { rows { bucket count average } }
    }`,
    variables: { filter: { tags: ['pool:gold'], time: { gte: from, lte: to } } },
    sql: [
      `SELECT date_bin('1 hour', time, 'epoch') AS bucket, count(*), avg((trait ->> 'int')::float8)
       FROM events, jsonb_array_elements(traits) AS trait
       WHERE trait ->> 'name' = 'size_gib' AND tags @> ARRAY[$1] AND time >= $2 AND time <= $3
       GROUP BY 1 ORDER BY 1`,
      ['pool:gold', from, to],
    ],
    rows: (data) => data.aggregateEvents.rows.length,
  },
  'count by five minutes over everything': {
    query: `{ aggregateEvents(interval: "5m", first: 10000) { rows { bucket count } } }`,
    variables: {},
    sql: [
      `SELECT date_bin('5 minutes', time, 'epoch') AS bucket, count(*) FROM events GROUP BY 1 ORDER BY 1 LIMIT 10000`,
      [],
    ],
    rows: (data) => data.aggregateEvents.rows.length,
  },
};

async function timed(run) {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

const url = await createDatabase('tidings_bench_query');
const server = await startGateway({ DATABASE_URL: url });
const client = new pg.Client(url);
await client.connect();
console.log(`filling ${events} events`);
await client.query(fill);
// The gateway counts them in its rollups, as after an upgrade.
await client.query(`UPDATE journal_state SET stored_index = ${events}`);
await client.query('VACUUM ANALYZE events');
for (let uncounted = true; uncounted; ) {
  const { rows } = await client.query(
    'SELECT rolled_index < stored_index AS uncounted FROM journal_state',
  );
  ({ uncounted } = rows[0]);
  await new Promise((resolve) => setTimeout(resolve, 500));
}
await client.query('VACUUM ANALYZE event_counts');

const peer = await startPeer('peers/sql.mjs', url);

/**
 * Asks over HTTP and the driver in turns, so that whatever else the machine does meets both alike: the middle of
 * what each took, in milliseconds, and the last answer. The first half warms caches and compilers.
 */
async function beside(sql, url, body) {
  const connection = await open(url);
  const request = post(url, body);
  const overHttp = [];
  const byDriver = [];
  let answer = '';
  for (const from = performance.now(); performance.now() - from < 2 * seconds * 1000; ) {
    const isWarm = performance.now() - from > seconds * 1000;
    const http = await timed(async () => {
      answer = await connection.exchange(request);
    });
    const driver = await timed(() => client.query(...sql));
    if (!isWarm) continue;
    overHttp.push(http);
    byDriver.push(driver);
  }
  connection.close();
  return { http: median(overHttp), driver: median(byDriver), answer: JSON.parse(answer) };
}

const shown = ({ http, driver }) =>
  [http.toFixed(2), driver.toFixed(2), (http / driver).toFixed(2)].map((text) => text.padStart(8));

console.log(
  'median ms                                GraphQL     SQL   ratio | over HTTP   SQL   ratio',
);
for (const [title, { query, variables, sql, rows }] of Object.entries(questions)) {
  const ours = await beside(sql, server.url, { query, variables });
  if (ours.answer.errors) throw new Error(JSON.stringify(ours.answer));
  const [text, values] = sql;
  const bare = await beside(sql, peer.url, { text, values });
  const seen = rows(ours.answer.data);
  if (seen !== bare.answer.length)
    throw new Error(`${seen} rows, and ${bare.answer.length} of hand-written SQL`);
  console.log(`${title.padEnd(40)}${shown(ours).join('')} |${shown(bare).join('')}   ${seen} rows`);
}
await client.end();
await peer.stop();
await server.stop();
await server.remove();
