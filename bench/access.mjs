// The cost of access: reports over HTTP and fan-out to sockets, by one gateway without a policy, one whose
// callers all may do everything, and one with a hundred scopes. Takes turns, so that a slow minute of the machine hits all
// three. Run: npm run build && npm --prefix bench run access
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, median, post } from './load.mjs';
import { processorSeconds, startGateway } from './server-process.mjs';
import { follow } from './sockets.mjs';

const seconds = Number(process.argv[2] ?? 2);
const rounds = Number(process.argv[3] ?? 3);
const connections = 50;
const sockets = 100;
const eventsOfBatch = 100;
const batches = 40;

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const names = (count) => Array.from({ length: count }, (_, n) => `team-${n}`);

/** Every role reads and reports the namespace of all, and one that is its own: each is a scope. */
function policyOf(roles) {
  const grants = (role) =>
    roles.length === 1
      ? '[{ actions: [ADMIN] }]'
      : `[{ actions: [READ, REPORT], namespaces: [default, ${role}] }]`;
  return [
    'roles:',
    ...roles.map((role) => `  ${role}: { grants: ${grants(role)} }`),
    'tokens:',
    ...roles.map((role) => `  - { name: ${role}, sha256: "${sha256(role)}", roles: [${role}] }`),
    '',
  ].join('\n');
}

const query =
  'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { accepted } }';

/** @returns requests a second, each with one event, and processor time of the gateway for each */
async function overHttp({ server, secrets }) {
  const requests = secrets.map((secret) =>
    post(server.url, { query, variables: { events: [{ type: 'Bench.Http' }] } }, secret),
  );
  let sent = 0;
  const busy = processorSeconds(server.pid);
  const { perSecond, answered } = await load({
    url: server.url,
    connections,
    seconds,
    next: () => requests[sent++ % requests.length],
    check: (text) => {
      if (!text.includes('"accepted":1')) throw new Error(`answered ${text}`);
    },
  });
  return { perSecond, cpuMicros: ((processorSeconds(server.pid) - busy) / answered) * 1e6 };
}

/** @returns deliveries a second, and processor time of the gateway for each */
async function fanOut({ server, secrets, counter }) {
  const [secret] = secrets;
  const events = Array.from({ length: eventsOfBatch }, () => ({
    type: 'Bench.Event',
    message: `@${performance.timeOrigin + performance.now()}@`,
  }));
  const request = post(server.url, { query, variables: { events } }, secret);
  const before = counter.received;
  const busy = processorSeconds(server.pid);
  const begin = performance.now();
  await load({
    url: server.url,
    connections: 1,
    requests: batches,
    next: () => request,
    check: () => {},
  });
  const wanted = before + batches * eventsOfBatch * sockets;
  const deadline = performance.now() + 20_000;
  while (counter.received < wanted && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const delivered = counter.received - before;
  return {
    perSecond: delivered / ((performance.now() - begin) / 1_000),
    cpuMicros: ((processorSeconds(server.pid) - busy) / delivered) * 1e6,
  };
}

const folder = await mkdtemp(join(tmpdir(), 'tidings-bench-access-'));
const contenders = [];
for (const [name, roles] of [
  ['off', []],
  ['on, one role with all rights', ['everything']],
  ['on, 100 scopes', names(100)],
]) {
  const file = join(folder, `${roles.length}.yaml`);
  await writeFile(file, policyOf(roles));
  const server = await startGateway(roles.length === 0 ? {} : { TIDINGS_AUTH_FILE: file });
  const secrets = roles.length === 0 ? [null] : roles;
  const counter = { received: 0 };
  const filter = { types: ['Bench.Event'] };
  const followers = [];
  for (let n = 0; n < sockets; n += 1) {
    const count = () => {
      counter.received += 1;
    };
    followers.push(await follow(server.url, filter, count, undefined, secrets[n % secrets.length]));
  }
  contenders.push({ name, server, secrets, counter, followers, http: [], fanout: [] });
}
for (let round = 0; round <= rounds; round += 1) {
  for (const contender of contenders) {
    const [http, fanout] = [await overHttp(contender), await fanOut(contender)];
    // The first round warms up.
    if (round === 0) continue;
    contender.http.push(http);
    contender.fanout.push(fanout);
  }
}
const [off] = contenders;
console.log(
  `${connections} connections over HTTP, ${sockets} sockets; ${rounds} rounds of ${seconds} s`,
);
for (const { name, http, fanout } of contenders) {
  // Rates depend on what else the machine does; processor time hardly does.
  const shown = (runs, base) => {
    const of = (list, figure) => median(list.map((run) => run[figure]));
    const micros = of(runs, 'cpuMicros');
    const part = (micros / of(base, 'cpuMicros')).toFixed(2);
    return `${of(runs, 'perSecond').toFixed(0).padStart(8)} /s ${micros.toFixed(2).padStart(7)} µs of CPU, ${part} of off`;
  };
  console.log(
    `${name.padEnd(30)} reports ${shown(http, off.http)}   deliveries ${shown(fanout, off.fanout)}`,
  );
}
for (const { server, followers } of contenders) {
  for (const follower of followers) follower.close();
  await server.stop();
  await server.remove();
}
await rm(folder, { recursive: true });
