// The cost of access: what a gateway works for reports and queries over HTTP and for fan-out to sockets, without a policy, with
// one role that may do everything, and with a hundred roles whose rights all differ. All gateways run at once and take short turns
// with the same fixed work, forwards and backwards, so that a slow moment of the machine hits all of them. Processor time is
// compared and not duration; a second gateway without a policy shows how far two equal ones are apart.
// Run: npm run build && npm --prefix bench run access [-- sets [rounds]]
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, median, open, post } from './load.mjs';
import { processorMicros, startGateway } from './server-process.mjs';
import { follow } from './sockets.mjs';

/** Equal processes differ too: each set has new ones. */
const sets = Number(process.argv[2] ?? 4);
/** In each, every gateway has two turns. */
const rounds = Number(process.argv[3] ?? 5);
const warmUpTurns = 3;
const connections = 20;
const sockets = 100;
const eventsOfBatch = 100;

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const teams = Array.from({ length: sockets }, (_, n) => `team-${n}`);
/** As long as the secrets that the gateway makes. */
const secretOf = (role) => `tds_${role.padEnd(43, '_')}`;

const everything = () => '[{ actions: [ADMIN] }]';
/** The namespace of all events here, and one that no other role has. */
const ownScope = (team) => `[{ actions: [READ, REPORT], namespaces: [default, ${team}] }]`;

const off = 'off';
const allScopes = 'on, 100 scopes';
const contenders = [
  { name: off, roles: [] },
  { name: 'off, another process', roles: [] },
  { name: 'on, one role with all rights', roles: ['everything'], grantsOf: everything },
  { name: allScopes, roles: teams, grantsOf: ownScope },
];

const oneFilter = 'deliveries, one filter';
const manyFilters = 'deliveries, 100 filters';
/** Each: a turn, how many units it has, and the filter of the nth socket where there are sockets. */
const works = {
  'reports, one a request': { units: 200, turn: (gateway) => reportInRequests(gateway, 200, 1) },
  'reports, 100 a request': { units: 500, turn: (gateway) => reportInRequests(gateway, 5, 100) },
  'queries of the newest 20': { units: 40, turn: (gateway) => queryNewest(gateway, 40) },
  [oneFilter]: ofDeliveries(() => ({ types: ['Bench.Event'] })),
  'deliveries, one filter of one namespace': ofDeliveries(() => ({
    types: ['Bench.Event'],
    namespaces: ['default'],
  })),
  [manyFilters]: ofDeliveries((n) => ({
    types: ['Bench.Event'],
    namespaces: ['default', teams[n]],
  })),
};

function ofDeliveries(filter) {
  const batches = 5;
  const turn = (gateway) => fanOut(gateway, batches);
  return { units: batches * eventsOfBatch * sockets, turn, filter };
}

const report =
  'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { accepted } }';
const reportStored =
  'mutation ($event: EventInput!) { reportEvent(event: $event, wait: STORED) { __typename } }';
const newest =
  '{ events(first: 20, filter: { types: ["Bench.Event"] }) { nodes { id type time message } } }';

/** `@` and the moment of the report: what the sockets read. */
const eventsOf = (count) =>
  Array.from({ length: count }, () => ({
    type: 'Bench.Event',
    message: `@${performance.timeOrigin + performance.now()}@`,
  }));

async function reportInRequests(gateway, requests, events) {
  const body = { query: report, variables: { events: eventsOf(events) } };
  await requestAll(gateway, requests, body, `"accepted":${events}`);
  await untilStored(gateway);
}

const queryNewest = (gateway, requests) =>
  requestAll(gateway, requests, { query: newest }, '"time"');

async function requestAll({ server: { url }, secrets }, requests, body, expected) {
  const messages = secrets.map((secret) => post(url, body, secret));
  let sent = 0;
  await load({
    url,
    connections: Math.min(connections, requests),
    requests,
    next: () => messages[sent++ % messages.length],
    check: (text) => {
      if (!text.includes(expected)) throw new Error(`answered ${text}`);
    },
  });
}

/** Storing the events is work of this turn, and not of the next. */
async function untilStored({ server: { url }, secrets: [secret] }) {
  const variables = { event: { type: 'Bench.Last' } };
  const connection = await open(url);
  const answer = await connection.exchange(post(url, { query: reportStored, variables }, secret));
  connection.close();
  if (!answer.includes('ReportedEvent')) throw new Error(`answered ${answer}`);
}

/** A batch is reported when all sockets have the one before. */
async function fanOut(gateway, batches) {
  const { server, secrets, delivered } = gateway;
  const variables = { events: eventsOf(eventsOfBatch) };
  const request = post(server.url, { query: report, variables }, secrets[0]);
  const connection = await open(server.url);
  for (let batch = 0; batch < batches; batch += 1) {
    const all = delivered.after(eventsOfBatch * sockets);
    await connection.exchange(request);
    await all;
  }
  connection.close();
  await untilStored(gateway);
}

/** Counts deliveries. */
class Delivered {
  #left = 0;
  #done = () => {};

  count = () => {
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  };

  after(count) {
    this.#left = count;
    return new Promise((resolve, reject) => {
      const missing = () => reject(new Error(`${this.#left} of ${count} were not delivered`));
      const timeout = setTimeout(missing, 60_000);
      this.#done = () => {
        clearTimeout(timeout);
        resolve();
      };
    });
  }
}

function policyOf(roles, grantsOf) {
  const token = (role) =>
    `{ name: ${role}, sha256: "${sha256(secretOf(role))}", roles: [${role}] }`;
  return [
    'roles:',
    ...roles.map((role) => `  ${role}: { grants: ${grantsOf(role)} }`),
    'tokens:',
    ...roles.map((role) => `  - ${token(role)}`),
    '',
  ].join('\n');
}

async function start({ name, roles, grantsOf }, folder) {
  const file = join(folder, `${roles.length}.yaml`);
  if (roles.length > 0) await writeFile(file, policyOf(roles, grantsOf));
  const server = await startGateway(roles.length === 0 ? {} : { TIDINGS_AUTH_FILE: file });
  const secrets = roles.length === 0 ? [null] : roles.map(secretOf);
  return { name, server, secrets, delivered: new Delivered() };
}

async function followAll({ server, secrets, delivered }, filter) {
  const followers = [];
  for (let n = 0; n < sockets; n += 1) {
    const secret = secrets[n % secrets.length];
    followers.push(await follow(server.url, filter(n), delivered.count, undefined, secret));
  }
  return followers;
}

/** @returns microseconds of the gateway's main thread and of all its threads for one unit of work */
async function measured(gateway, { turn, units }) {
  const before = processorMicros(gateway.server.pid);
  await turn(gateway);
  const after = processorMicros(gateway.server.pid);
  return { main: (after.main - before.main) / units, all: (after.all - before.all) / units };
}

/** @returns the turns of each gateway by its name */
async function turnsOf(gateways, work) {
  const followers = [];
  if (work.filter !== undefined) {
    for (const gateway of gateways) followers.push(...(await followAll(gateway, work.filter)));
  }
  for (let turn = 0; turn < warmUpTurns; turn += 1) {
    for (const gateway of gateways) await work.turn(gateway);
  }
  const turns = Object.fromEntries(gateways.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Collects garbage.
    for (const { server } of gateways) await server.memory();
    for (const gateway of [...gateways, ...gateways.toReversed()]) {
      turns[gateway.name].push(await measured(gateway, work));
    }
  }
  for (const follower of followers) follower.close();
  return turns;
}

async function turnsOfSet(set, folder) {
  // Another is the first of each set.
  const order = contenders.map((_, n) => contenders[(n + set) % contenders.length]);
  const gateways = [];
  for (const contender of order) gateways.push(await start(contender, folder));
  const turns = {};
  for (const [name, work] of Object.entries(works)) turns[name] = await turnsOf(gateways, work);
  for (const { server } of gateways) {
    await server.stop();
    await server.remove();
  }
  return turns;
}

/** Of each set, the lower quartile of a number: another load of the machine only adds to it. */
const quartiles = (results, work, contender, figure) =>
  results.map((turns) => {
    const sorted = turns[work][contender].map((turn) => turn[figure]).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)];
  });

/** Microseconds, and as a part of a base the median of the sets, the least and the most. */
function cell(results, figure, [work, contender], [baseWork, base]) {
  const micros = quartiles(results, work, contender, figure);
  const bases = quartiles(results, baseWork, base, figure);
  const parts = micros.map((each, set) => each / bases[set]);
  const range = `${Math.min(...parts).toFixed(2)} to ${Math.max(...parts).toFixed(2)}`;
  return `${median(micros).toFixed(2).padStart(8)} µs ${median(parts).toFixed(2)} (${range})`;
}

const folder = await mkdtemp(join(tmpdir(), 'tidings-bench-access-'));
const loadOf = () => loadavg()[0].toFixed(1);
const loads = [loadOf()];
const results = [];
for (let set = 0; set < sets; set += 1) {
  results.push(await turnsOfSet(set, folder));
  loads.push(loadOf());
}
await rm(folder, { recursive: true });

const line = (label, ...compared) =>
  console.log(
    `  ${label.padEnd(34)}${['main', 'all'].map((figure) => cell(results, figure, ...compared)).join('    ')}`,
  );
console.log(
  `Processor time of the gateway for one unit of work, of its main thread and of all threads with those of the store, and as a part of\n` +
    `"off": median of ${sets} sets of new processes, the least and the most of them. ${2 * rounds} turns each; load average ${loads.join(', ')}.`,
);
for (const work of Object.keys(works)) {
  console.log(work);
  for (const { name } of contenders) line(name, [work, name], [work, off]);
  if (work === oneFilter)
    line('100 scopes, of off and 100 filters', [work, allScopes], [manyFilters, off]);
}
