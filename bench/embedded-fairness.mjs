// Reports and a cheap query next to one client's heavy operation, on an embedded gateway with 200,000 events.
// Run: npm run build && node bench/embedded-fairness.mjs
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../dist/config/config.js';
import { createGateway } from '../dist/gateway/gateway.js';
import { createLog } from '../dist/telemetry/log.js';

const events = Number(process.env.BENCH_EVENTS ?? 200_000);
const seconds = Number(process.env.BENCH_SECONDS ?? 20);
const data = await mkdtemp(join(tmpdir(), 'tidings-fairness-'));
process.env.TIDINGS_DATA_DIR = data;
process.env.TIDINGS_PORT = '0';
process.env.TIDINGS_LOG_LEVEL = 'error';

const { PgliteConnection } = await import('../dist/store/database/pglite.js');
const { openStore } = await import('../dist/store/open.js');
const { fillRollups } = await import('../dist/store/write/rollup-fill.js');
const { migrate } = await import('../dist/store/database/migrator.js');
{
  const connection = await PgliteConnection.open(data, () => {});
  await migrate(connection, createLog('silent'));
  for (let from = 1; from <= events; from += 20_000) {
    await connection.write(`INSERT INTO events (id, index, namespace, category, action, type, service, node, key, filter_keys,
        message, tags, traits, value, time, recorded_at, dialect)
      SELECT gen_random_uuid(), n, 'default', 'Volume', 'Create', 'Volume.Create', 'storage', 'node-' || n % 40,
        'volume-' || n % 5000, '{}', 'volume changed', ARRAY['pool', 'pool:' || n % 3],
        jsonb_build_array(jsonb_build_object('name', 'size_gib', 'int', n % 1000), jsonb_build_object('name', 'state', 'text', md5(n::text))),
        jsonb_build_object('elapsed', n % 100 / 10.0), time, time, 'TIDINGS'
      FROM generate_series(${from}, ${from + 19_999}) AS n,
        LATERAL (SELECT timestamptz '2026-01-01' + n * interval '10 seconds' AS time) AS made`);
  }
  await connection.write('UPDATE journal_state SET stored_index = (SELECT max(index) FROM events)');
  await connection.write('ANALYZE events');
  await connection[Symbol.asyncDispose]();
  const log = createLog('silent');
  const store = await openStore({ databaseUrl: null, dataDirectory: data, exclusive: true, log });
  await fillRollups(store, { signal: new AbortController().signal, onProgress: () => {} });
  await store[Symbol.asyncDispose]();
}

const gateway = await createGateway(readConfig());
async function ask(query, variables = {}) {
  const begin = performance.now();
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const body = await response.json();
  return { milliseconds: performance.now() - begin, errors: body.errors };
}
const cheap = () => ask('{ events(first: 20) { nodes { id type } } }');
const report = () =>
  ask('mutation { reportEvents(events: [{ type: "Disk.Attach" }]) { __typename } }');
const aggregates = Array.from(
  { length: 29 },
  (_, n) =>
    `a${n}: aggregateEvents(measure: { trait: "size_gib" }, groupBy: [{ field: KEY }, { tagGroup: "pool" }], percentiles: [0.5, 0.9]) { rows { count average percentiles { value } } }`,
).join(' ');
const contains = {
  query: 'query($f: EventFilter) { events(filter: $f, first: 50) { nodes { id } } }',
  variables: {
    f: {
      any: Array.from({ length: 256 }, (_, n) => ({
        traits: [{ name: 'state', op: 'CONTAINS', value: { text: `zz${n}` } }],
      })),
    },
  },
};
const loads = {
  'nothing else': null,
  '29 aggregates': () => ask(`{ ${aggregates} }`),
  'any of 256 CONTAINS': () => ask(contains.query, contains.variables),
};
const rank = (sorted, share) =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);

for (const [name, load] of Object.entries(loads)) {
  const until = performance.now() + seconds * 1_000;
  const heavy = [];
  const loop = (async () => {
    while (load !== null && performance.now() < until) heavy.push(await load());
  })();
  const measure = async (question) => {
    const times = [];
    let failed = 0;
    while (performance.now() < until) {
      const { milliseconds, errors } = await question();
      if (errors) failed += 1;
      times.push(milliseconds);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    times.sort((a, b) => a - b);
    return `${times.length} asked, ${failed} failed, p50 ${rank(times, 0.5)} ms, p99 ${rank(times, 0.99)} ms, most ${rank(times, 1)} ms`;
  };
  const [query, reported] = await Promise.all([measure(cheap), measure(report)]);
  await loop;
  console.log(`next to ${name}:\n  cheap query: ${query}\n  report:      ${reported}`);
  for (const { milliseconds, errors } of heavy.slice(0, 2)) {
    console.log(
      `  heavy: ${Math.round(milliseconds)} ms, ${errors?.length ?? 0} errors${errors ? `: ${errors[0].message}` : ''}`,
    );
  }
}
await gateway[Symbol.asyncDispose]();
await rm(data, { recursive: true, force: true });
