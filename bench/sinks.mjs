// Deliveries of a sink next to a plain loop that posts what the sink has posted, over an agent of the same options; and what
// sinks cost that want nothing of an event. Both sides run in turn, in one process, and the first round warms them up.
// CPU times are those of the whole process, the database's thread included.
// Run, with the setting of npm start: npm run build && node --max-semi-space-size=64 bench/sinks.mjs
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../dist/config/config.js';
import { createGateway } from '../dist/gateway/gateway.js';
import { createLog } from '../dist/telemetry/log.js';
import { median } from './load.mjs';

const events = Number(process.env.BENCH_EVENTS ?? 10_000);
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const parallel = 16;
/** Of a round: what comes first is not measured. */
const warmUp = events / 10;

/** The target is a process of its own, as it is on another machine. */
if (process.send !== undefined) await serveTarget();
else {
  const target = await startTarget();
  await compareWithPlainLoop(target);
  await compareIdleSinks(target);
  process.exit(0);
}

async function serveTarget() {
  let count = 0;
  let first = null;
  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      response.end();
      first ??= { rawHeaders: incoming.rawHeaders, body: Buffer.concat(chunks).toString() };
      count += 1;
      if (count === warmUp || count === events) process.send({ count, first });
    });
  });
  process.on('message', () => {
    count = 0;
    first = null;
    process.send({ count });
  });
  process.once('disconnect', () => process.exit());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  process.send({ port: server.address().port });
}

async function startTarget() {
  const child = fork(fileURLToPath(import.meta.url));
  const [{ port }] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}/`,
    /** Rate and CPU time of the requests that `begin` causes, and the first of them. */
    async measure(begin) {
      child.send('reset');
      await once(child, 'message');
      const warm = once(child, 'message');
      const begun = begin();
      const [{ first }] = await warm;
      const cpuBefore = process.cpuUsage();
      const from = performance.now();
      await once(child, 'message');
      const seconds = (performance.now() - from) / 1_000;
      const { user, system } = process.cpuUsage(cpuBefore);
      await begun;
      const measured = events - warmUp;
      return { perSecond: measured / seconds, cpu: (user + system) / measured, first };
    },
  };
}

async function compareWithPlainLoop(target) {
  const sinks = [];
  const loops = [];
  await gatewayWith(async (ask, url) => {
    await report(ask, 'Volume.Create');
    await untilCounted(url);
    for (let round = 0; round <= rounds; round++) {
      const sink = await oneSink(target, ask);
      const loop = await plainLoop(target, sink.first);
      if (round === 0) continue;
      sinks.push(sink);
      loops.push(loop);
    }
  });
  const of = (list, name) => median(list.map((each) => each[name]));
  const shown = (list) =>
    `${Math.round(of(list, 'perSecond'))} events/s, ${of(list, 'cpu').toFixed(1)} us of CPU an event`;
  const ratios = (ratio) => {
    const all = sinks.map((sink, round) => ratio(sink, loops[round]));
    return `${median(all).toFixed(2)} (${all.map((each) => each.toFixed(2)).join(' ')})`;
  };
  console.log(`plain loop, ${parallel} at a time: ${shown(loops)}`);
  console.log(`one sink, parallel ${parallel}: ${shown(sinks)}`);
  console.log(
    `rate, of the plain loop's: ${ratios((sink, loop) => sink.perSecond / loop.perSecond)}`,
  );
  console.log(
    `CPU of the plain loop, of the sink's: ${ratios((sink, loop) => loop.cpu / sink.cpu)}`,
  );
}

function draft(n, type = 'Volume.Create') {
  return {
    type,
    key: `volume-${n}`,
    message: 'volume created',
    tags: ['pool:gold'],
    traits: [{ name: 'size_gib', value: { int: n } }],
    source: { service: 'csi', node: 'node-1' },
  };
}

/** Posts the body and headers of a request again and again. */
async function plainLoop(target, { body, rawHeaders }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = {};
  for (let at = 0; at < rawHeaders.length; at += 2) headers[rawHeaders[at]] = rawHeaders[at + 1];
  const post = () =>
    new Promise((resolve, reject) => {
      const sent = request(target.url, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', resolve);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  let left = events;
  const measured = await target.measure(() =>
    Promise.all(
      Array.from({ length: parallel }, async () => {
        while (left-- > 0) await post();
      }),
    ),
  );
  agent.destroy();
  return measured;
}

async function gatewayWith(use, environment = {}) {
  const data = await mkdtemp(join(tmpdir(), 'tidings-sinks-'));
  const config = readConfig({
    TIDINGS_DATA_DIR: data,
    TIDINGS_PORT: '0',
    TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    ...environment,
  });
  const gateway = await createGateway(config, { log: createLog('error') });
  await gateway.ready();
  const ask = async (query, variables) => {
    const response = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data: answer, errors } = await response.json();
    if (errors) throw new Error(JSON.stringify(errors));
    return answer;
  };
  try {
    return await use(ask, gateway.url);
  } finally {
    await gateway[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true });
  }
}

function create(ask, input) {
  return ask('mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }', {
    input,
  });
}

async function report(ask, type) {
  const size = 500;
  for (let from = 0; from < events; from += size) {
    const batch = Array.from({ length: Math.min(size, events - from) }, (_, n) =>
      draft(from + n, type),
    );
    await ask(
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { __typename } } }',
      { events: batch },
    );
  }
}

/** Delivers what was reported before, from the first event to the last. */
async function oneSink(target, ask) {
  let id;
  const measured = await target.measure(async () => {
    const { createSink } = await create(ask, {
      name: 'all',
      start: { index: 1 },
      parallel,
      target: { webhook: { url: target.url, signed: false } },
    });
    id = createSink.sink.id;
  });
  await ask('mutation ($id: ID!) { deleteSink(id: $id) }', { id });
  return measured;
}

async function untilCounted(url) {
  const uncounted = async () =>
    /^tidings_store_uncounted_events (\d+)$/m.exec(
      await (await fetch(`${url}/metrics`)).text(),
    )?.[1];
  while ((await uncounted()) !== '0') await new Promise((resolve) => setTimeout(resolve, 200));
}

async function compareIdleSinks(target) {
  const measured = { 10: [], 1000: [] };
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    for (const count of [10, 1_000]) measured[count].push(await idleSinks(target, count));
  }
  const cpu = (count) => median(measured[count].map((each) => each.cpu));
  for (const count of [10, 1_000]) {
    const p50 = median(measured[count].map((each) => each.p50));
    console.log(
      `${count} sinks that want nothing: ${cpu(count).toFixed(1)} us of CPU an event, report p50 ${p50.toFixed(2)} ms`,
    );
  }
  console.log(`ratio of CPU: ${(cpu(1_000) / cpu(10)).toFixed(2)}`);
}

async function idleSinks(target, count) {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-sinks-file-'));
  const file = join(folder, 'sinks.yaml');
  const sinks = Array.from({ length: count }, (_, n) => ({
    name: `idle ${n}`,
    filter: { types: [`Other${n}.*`], tags: [`pool:${n}`] },
    target: { webhook: { url: target.url } },
  }));
  // JSON is YAML.
  await writeFile(file, JSON.stringify({ sinks }));
  const measured = await gatewayWith(
    async (ask, url) => {
      const held = async () =>
        Number(
          /^tidings_consumers_held (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1],
        );
      while ((await held()) < count) await new Promise((resolve) => setTimeout(resolve, 200));
      await report(ask, 'Volume.Create');
      await untilCounted(url);
      const before = process.cpuUsage();
      const begin = performance.now();
      await report(ask, 'Volume.Create');
      await untilCounted(url);
      const { user, system } = process.cpuUsage(before);
      const tookMs = performance.now() - begin;
      // Sinks cost a little without events as well, which is not the events'.
      const idleBefore = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      const idle = process.cpuUsage(idleBefore);
      const latencies = [];
      for (let n = 0; n < 300; n++) {
        const from = performance.now();
        await ask('mutation { reportEvent(event: { type: "Volume.Create" }) { __typename } }');
        latencies.push(performance.now() - from);
      }
      return {
        cpu: (user + system - idle.user - idle.system) / events,
        p50: median(latencies),
      };
    },
    { TIDINGS_SINKS_FILE: file },
  );
  await rm(folder, { recursive: true, force: true });
  return measured;
}
