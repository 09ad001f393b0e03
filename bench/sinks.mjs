// Deliveries of sinks next to a plain loop that posts the same bodies over the same agent; and what sinks cost that want
// nothing of an event. Run: npm run build && node bench/sinks.mjs
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { readConfig } from '../dist/config/config.js';
import { createGateway } from '../dist/gateway/gateway.js';
import { createLog } from '../dist/telemetry/log.js';
import { median } from './load.mjs';

const events = Number(process.env.BENCH_EVENTS ?? 10_000);
const parallel = 16;

/** The target has a thread of its own, as it is on another machine. */
if (!isMainThread) {
  const server = createServer((incoming, response) => {
    incoming.on('data', () => {});
    incoming.on('end', () => {
      response.end();
      parentPort.postMessage(1);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  parentPort.postMessage({ port: server.address().port });
} else {
  const target = await startTarget();
  const plain = [];
  const sink = [];
  for (let round = 0; round < Number(process.env.BENCH_ROUNDS ?? 3); round++) {
    plain.push(await plainLoop(target));
    sink.push(await oneSink(target));
  }
  console.log(`plain loop, ${parallel} at a time: ${Math.round(median(plain))} events/s`);
  console.log(`one sink, parallel ${parallel}: ${Math.round(median(sink))} events/s`);
  console.log(`of the plain loop: ${(median(sink) / median(plain)).toFixed(2)}`);
  const few = await idleSinks(target, 10);
  const many = await idleSinks(target, 1_000);
  console.log(
    `10 sinks that want nothing: ${few.cpu.toFixed(1)} us of CPU an event, report p50 ${few.p50.toFixed(2)} ms`,
  );
  console.log(
    `1,000 sinks that want nothing: ${many.cpu.toFixed(1)} us of CPU an event, report p50 ${many.p50.toFixed(2)} ms`,
  );
  console.log(`ratio of CPU: ${(many.cpu / few.cpu).toFixed(2)}`);
  process.exit(0);
}

async function startTarget() {
  const worker = new Worker(new URL(import.meta.url));
  const [{ port }] = await once(worker, 'message');
  let waiting = null;
  let count = 0;
  worker.on('message', () => {
    count += 1;
    if (waiting !== null && count >= waiting.count) waiting.resolve();
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    /** Resolves after that many requests more. */
    more(requests) {
      return new Promise((resolve) => {
        waiting = { count: count + requests, resolve };
      });
    },
  };
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

/** The same bodies, as STANDARD has them. */
async function plainLoop(target) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const body = JSON.stringify({
    type: 'Volume.Create',
    timestamp: new Date().toISOString(),
    data: { ...draft(1), id: crypto.randomUUID(), index: 1, namespace: 'default', raw: null },
  }).padEnd(900);
  const post = () =>
    new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
      const sent = request(target.url, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', resolve);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const done = target.more(events);
  const begin = performance.now();
  let left = events;
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) await post();
    }),
  );
  await done;
  const perSecond = (events / (performance.now() - begin)) * 1_000;
  agent.destroy();
  return perSecond;
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

/** From the first delivery of what was reported before to the last, once the database has counted that in its rollups. */
function oneSink(target) {
  return gatewayWith(async (ask, url) => {
    await report(ask, 'Volume.Create');
    await untilCounted(url);
    const warm = target.more(events / 10);
    const done = target.more.bind(target);
    await create(ask, {
      name: 'all',
      start: { index: 1 },
      parallel,
      target: { webhook: { url: target.url, signed: false } },
    });
    await warm;
    const begin = performance.now();
    await done(events - events / 10);
    return ((events - events / 10) / (performance.now() - begin)) * 1_000;
  });
}

async function untilCounted(url) {
  const uncounted = async () =>
    /^tidings_store_uncounted_events (\d+)$/m.exec(
      await (await fetch(`${url}/metrics`)).text(),
    )?.[1];
  while ((await uncounted()) !== '0') await new Promise((resolve) => setTimeout(resolve, 200));
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
      const before = process.cpuUsage();
      const begin = performance.now();
      await report(ask, 'Volume.Create');
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
