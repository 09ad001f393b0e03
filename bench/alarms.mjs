// Alarms: 1,000 rules over 10,000 entities while 1,000 events a second are reported. How long after the report's answer an
// alarm comes by a socket, the processor time of an event that concerns no rule by the number of rules, and what the same
// rules cost as repeated aggregate queries. Run: npm run build && npm --prefix bench run alarms
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { parseRule } from '../dist/alarms/rule.js';
import { RuleSet } from '../dist/alarms/rule-set.js';
import { median, open, post } from './load.mjs';
import { processorSeconds, startGateway } from './server-process.mjs';

const seconds = Number(process.argv[2] ?? 15);
/** A process is slow in what it does for the first time: that is not measured. */
const warmUpSeconds = 5;
const ruleCount = 1_000;
const kinds = 100;
const entitiesOfKind = 100;
const eventsPerSecond = 1_000;
const probesPerSecond = 10;
const batchesPerSecond = 10;

/** Ten rules a kind: an event of a kind is evaluated by each of them. */
const ruleInput = (n) => ({
  name: `rule ${n}`,
  namespace: 'default',
  filter: { categories: [`Kind${n % kinds}`] },
  entity: [{ field: 'KEY' }],
  condition: { threshold: { figure: 'COUNT', op: 'GT', value: 1e9 + n, over: '10m' } },
  severity: 'ERROR',
  enabled: true,
});

/** The last rules fire for every entity: a rule fires at most 20 times a minute, so that its alarms are notified one by one. */
const probeRules = 50;
const probeInput = (n) => ({
  ...ruleInput(n),
  filter: { categories: [`Probe${n % probeRules}`] },
  condition: { threshold: { figure: 'COUNT', op: 'GTE', value: 1, over: '10m' } },
});

const inputs = Array.from({ length: ruleCount }, (_, n) =>
  n < ruleCount - probeRules ? ruleInput(n) : probeInput(n),
);

const report = 'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { rejected } }';
const aggregate = `query ($filter: EventFilter!) {
  aggregateEvents(filter: $filter, groupBy: [{ field: KEY }], first: 1000) { rows { count } }
}`;

const at = (list, rank) =>
  list[Math.min(list.length - 1, Math.floor(list.length * rank))] ?? Number.NaN;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function firing(server) {
  const connection = await open(server.url);
  const probing = await open(server.url);
  for (let known = 0; known < ruleCount; ) {
    await pause(500);
    const answer = await connection.exchange(post(server.url, { query: '{ alarmRules { id } }' }));
    known = JSON.parse(answer).data.alarmRules.length;
  }
  const answered = new Map();
  const latencies = [];
  let begin = Number.POSITIVE_INFINITY;
  const client = createClient({
    url: server.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    lazy: false,
  });
  client.subscribe(
    { query: 'subscription { events(filter: { categories: ["Alarm"] }) { key endTime } }' },
    {
      next({ data }) {
        const { key, endTime } = data.events;
        const since = answered.get(key);
        if (endTime !== null || since === undefined) return;
        answered.delete(key);
        if (since < begin + warmUpSeconds * 1_000) return;
        latencies.push(performance.now() - since);
      },
      error: (error) => console.error(error),
      complete() {},
    },
  );
  await pause(2_000);
  const length = warmUpSeconds + seconds;
  begin = performance.now();
  const used = processorSeconds(server.pid);
  let batches = 0;
  const background = (async () => {
    const size = eventsPerSecond / batchesPerSecond;
    for (; performance.now() - begin < length * 1_000; batches += 1) {
      const events = Array.from({ length: size }, (_, n) => {
        const number = batches * size + n;
        const key = `entity ${Math.floor(number / kinds) % entitiesOfKind}`;
        return { category: `Kind${number % kinds}`, action: 'Failed', key };
      });
      await connection.exchange(post(server.url, { query: report, variables: { events } }));
      await pause(begin + ((batches + 1) * 1_000) / batchesPerSecond - performance.now());
    }
  })();
  let probes = 0;
  let measured = 0;
  for (; performance.now() - begin < length * 1_000; probes += 1) {
    const key = randomUUID();
    const events = [{ category: `Probe${probes % probeRules}`, action: 'Failed', key }];
    answered.set(key, performance.now());
    await probing.exchange(post(server.url, { query: report, variables: { events } }));
    answered.set(key, performance.now());
    if (performance.now() >= begin + warmUpSeconds * 1_000) measured += 1;
    await pause(begin + ((probes + 1) * 1_000) / probesPerSecond - performance.now());
  }
  await background;
  for (let n = 0; n < 100 && answered.size > 0; n += 1) await pause(50);
  const took = (performance.now() - begin) / 1_000;
  await client.dispose();
  latencies.sort((a, b) => a - b);
  const rate = (batches * (eventsPerSecond / batchesPerSecond) + probes) / took;
  const cpu = (processorSeconds(server.pid) - used) / took;
  console.log(
    `${ruleCount} rules, ${kinds * entitiesOfKind} entities, ${rate.toFixed(0)} events a second, ${(100 * cpu).toFixed(0)} % of a processor`,
  );
  console.log(
    `an alarm after the report's answer: median ${at(latencies, 0.5).toFixed(0)} ms, p99 ${at(latencies, 0.99).toFixed(0)} ms, most ${at(latencies, 1).toFixed(0)} ms; ${latencies.length} of ${measured} came`,
  );
  connection.close();
  probing.close();
}

/** What asking for every rule's window again and again costs. */
async function repeatedQueries(server) {
  const connection = await open(server.url);
  const times = [];
  const used = processorSeconds(server.pid);
  for (let n = 0; n < 50; n += 1) {
    const filter = { categories: [`Kind${n % kinds}`], time: { gte: 'now-10m' } };
    const begin = performance.now();
    const answer = await connection.exchange(
      post(server.url, { query: aggregate, variables: { filter } }),
    );
    times.push(performance.now() - begin);
    if (!answer.includes('"count"')) throw new Error(answer);
  }
  const cpu = (processorSeconds(server.pid) - used) / times.length;
  const turn = (median(times) * ruleCount) / 1_000;
  console.log(
    `the same as aggregate queries: ${median(times).toFixed(1)} ms a rule, ${turn.toFixed(1)} s for one turn of ${ruleCount} rules, ${(cpu * ruleCount).toFixed(1)} s of a processor in the gateway`,
  );
  connection.close();
}

const event = {
  id: randomUUID(),
  namespace: 'default',
  category: 'Unrelated',
  action: 'Happened',
  type: 'Unrelated.Happened',
  severity: 'NORMAL',
  source: {
    service: null,
    instance: null,
    endpoint: null,
    node: null,
    component: null,
    plane: null,
    layer: null,
  },
  key: 'a key',
  filterKeys: [],
  message: null,
  tags: ['a', 'a:b'],
  traits: [],
  value: null,
  time: 0,
  endTime: null,
  recordedAt: 0,
  dialect: 'TIDINGS',
  raw: null,
  index: 1,
};

/** Nanoseconds that a set of rules needs for an event that concerns none of them. */
function unrelated(count) {
  const rules = new RuleSet({ maxEntities: 50_000, eventMinute: 'arrival' });
  for (let n = 0; n < count; n += 1) {
    const rule = parseRule(ruleInput(n), { maxFilterDepth: 8, path: [] });
    rules.add({
      id: randomUUID(),
      version: 1,
      own: null,
      rule,
      hidden: new Set(),
      rights: '',
      activeSince: 0,
    });
  }
  const times = [];
  for (let round = 0; round < 7; round += 1) {
    const begin = process.hrtime.bigint();
    for (let n = 0; n < 200_000; n += 1) rules.apply(event, n);
    times.push(Number(process.hrtime.bigint() - begin) / 200_000);
  }
  return median(times);
}

for (const count of [1, 10, 100, 1_000, 10_000]) {
  console.log(
    `an event that concerns none of ${String(count).padStart(6)} rules: ${unrelated(count).toFixed(0).padStart(5)} ns`,
  );
}
const folder = await mkdtemp(join(tmpdir(), 'tidings-bench-alarms-'));
const file = join(folder, 'alarms.yaml');
// JSON is YAML.
await writeFile(file, JSON.stringify({ rules: inputs }));
const server = await startGateway({ TIDINGS_ALARMS_FILE: file });
await firing(server);
await repeatedQueries(server);
await server.stop();
await server.remove();
await rm(folder, { recursive: true });
