import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { freeze } from './freeze.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { request } from './storm.ts';

const available = await postgresAvailable();
/** The window of docs/sinks.md: events of one sink that are sent again after an abrupt end. */
const maxRepeats = 1_000;
const patient = { timeout: 120_000, interval: 50 };

interface Delivery {
  readonly messageId: string;
  readonly index: number;
  readonly key: string;
  /** The process that has sent it; null where nobody asked. */
  readonly pid: number | null;
}

/**
 * Takes everything, and notes it by sink.
 * @param pids the processes of which one has sent a message, to be found out as long as its socket is open
 */
async function startTarget(pids: readonly number[] = []) {
  const senders = new WeakMap<Socket, number>();
  const senderOf = (socket: Socket): number | null => {
    const known = senders.get(socket) ?? pids.find((pid) => hasSocket(pid, socket));
    if (known !== undefined) senders.set(socket, known);
    return known ?? null;
  };
  const bySink = new Map<string, Delivery[]>();
  const server = createServer(async (incoming: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { headers, socket } = incoming;
    const sink = String(headers['tidings-sink']);
    const { data } = JSON.parse(Buffer.concat(chunks).toString());
    const delivery = {
      messageId: String(headers['webhook-id']),
      index: Number(headers['tidings-index']),
      key: data.key,
      pid: senderOf(socket),
    };
    bySink.set(sink, [...(bySink.get(sink) ?? []), delivery]);
    response.end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    bySink,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Reports 20 events every 50 ms, in turn over the gateways, until each is acknowledged. */
class Drizzle {
  readonly acknowledged = new Set<string>();
  readonly #reporting: Promise<void>;
  #over = false;

  constructor(urls: readonly string[]) {
    this.#reporting = this.#report(urls);
  }

  async stop(): Promise<void> {
    this.#over = true;
    await this.#reporting;
  }

  async #report(urls: readonly string[]): Promise<void> {
    for (let turn = 0; !this.#over; turn++) {
      const events = Array.from({ length: 20 }, (_, at) => ({
        id: crypto.randomUUID(),
        type: 'Drizzle.Drop',
        key: `key ${at % 7}`,
      }));
      for (let attempt = turn; ; attempt++) {
        const url = urls[attempt % urls.length] as string;
        const mutation = `mutation ($events: [EventInput!]!) {
          reportEvents(events: $events) { results { ... on ReportedEvent { id } } } }`;
        const isTaken = await request(url, mutation, { events }).then(
          () => true,
          () => false,
        );
        if (isTaken) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      for (const { id } of events) this.acknowledged.add(id);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const createSink = async (url: string, target: string, name: string): Promise<string> => {
  const { createSink: made } = await request<{ createSink: { sink: { id: string } } }>(
    url,
    'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
    { input: { name, filter: { types: ['Drizzle.Drop'] }, target: { webhook: { url: target } } } },
  );
  return made.sink.id;
};

let nats: NatsServer;
let database: TestDatabase;
let gateways: GatewayProcess[] = [];
beforeAll(async () => {
  if (!available) return;
  nats = await startNatsServer();
  database = await startDatabase();
  const environment = {
    NATS_URL: nats.url,
    DATABASE_URL: database.url,
    TIDINGS_SECRET_KEY: 'a key for the tests only',
    TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    TIDINGS_LOG_LEVEL: 'error',
  };
  gateways = [await startGatewayProcess(environment), await startGatewayProcess(environment)];
});
afterAll(async () => {
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]();
  await nats?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

const idsOf = (deliveries: readonly Delivery[]) =>
  new Set(deliveries.map(({ messageId }) => messageId.split('_')[1]));

/** Each message for the first time. */
function firsts(deliveries: readonly Delivery[]): readonly Delivery[] {
  const byId = new Map<string, Delivery>();
  for (const each of deliveries) {
    if (!byId.has(each.messageId)) byId.set(each.messageId, each);
  }
  return [...byId.values()];
}

if (available) {
  test('gateways that are killed while 20 sinks deliver: every event comes, in order, with few repeats', async () => {
    const [one, two] = gateways as [GatewayProcess, GatewayProcess];
    await using target = await startTarget();
    const sinks: string[] = [];
    for (let n = 0; n < 20; n++) sinks.push(await createSink(one.url, target.url, `kill ${n}`));
    const drizzle = new Drizzle([one.url, two.url]);
    const kills = [one, two, one];
    for (const gateway of kills) {
      const { size } = drizzle.acknowledged;
      await vi.waitFor(
        () => expect(drizzle.acknowledged.size).toBeGreaterThan(size + 200),
        patient,
      );
      await gateway.kill();
      await gateway.start();
    }
    await drizzle.stop();
    for (const sink of sinks) {
      await vi.waitFor(() => {
        const arrived = idsOf(target.bySink.get(sink) ?? []);
        const missing = [...drizzle.acknowledged].filter((id) => !arrived.has(id));
        expect(missing).toEqual([]);
      }, patient);
      const deliveries = target.bySink.get(sink) ?? [];
      const first = firsts(deliveries);
      expect(deliveries.length - first.length).toBeLessThanOrEqual(kills.length * maxRepeats);
      for (const key of new Set(first.map((each) => each.key))) {
        const indexes = first.filter((each) => each.key === key).map(({ index }) => index);
        expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
      }
    }
    await request(
      one.url,
      `mutation { ${sinks.map((id, n) => `s${n}: deleteSink(id: "${id}")`).join(' ')} }`,
    );
  }, 300_000);

  test('a gateway that is stopped for longer than its lease never delivers next to the one that took over', async () => {
    const [one, two] = gateways as [GatewayProcess, GatewayProcess];
    await using target = await startTarget([one.pid, two.pid]);
    const sink = await createSink(one.url, target.url, 'stopped');
    const deliveries = () => target.bySink.get(sink) ?? [];
    // The one that goes on takes the reports alone.
    await request(
      one.url,
      'mutation { reportEvent(event: { type: "Drizzle.Drop" }) { __typename } }',
    );
    await vi.waitFor(() => expect(deliveries().length).toBeGreaterThan(0), patient);
    const holder = deliveries().at(-1)?.pid;
    expect([one.pid, two.pid]).toContain(holder);
    const other = holder === one.pid ? two : one;
    const drizzle = new Drizzle([other.url]);
    await vi.waitFor(() => expect(deliveries().length).toBeGreaterThan(100), patient);
    {
      using _ = freeze(holder as number);
      await vi.waitFor(() => expect(deliveries().at(-1)?.pid).toBe(other.pid), patient);
    }
    const since = deliveries().length;
    await vi.waitFor(() => expect(deliveries().length).toBeGreaterThan(since + 1_000), patient);
    // Both had time: the old one's timers and answers, and the new one's deliveries.
    const after = deliveries().slice(since);
    expect(after.filter(({ pid }) => pid !== other.pid)).toEqual([]);
    await drizzle.stop();
    await vi.waitFor(() => {
      const arrived = idsOf(deliveries());
      expect([...drizzle.acknowledged].filter((id) => !arrived.has(id))).toEqual([]);
    }, patient);
  }, 300_000);
}

/** Whether a process has the other end of a connection. */
function hasSocket(pid: number, { remotePort = 0, localPort = 0 }: Socket): boolean {
  const [from, to] = [remotePort, localPort].map(
    (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`,
  ) as [string, string];
  // Another connection, which has ended, may have had the port before.
  const inode = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(from) && remote?.endsWith(to))?.[9];
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
    } catch {
      return false;
    }
  });
}
