import { randomUUID } from 'node:crypto';
import { connect, type NatsConnection } from 'nats';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Report } from '../../../src/event/event.ts';
import { trimStream } from '../../../src/journal/nats/trim.ts';
import { type OpenStore, openStore } from '../../../src/store/open.ts';
import { StoreFiller } from '../../../src/store/write/filler.ts';
import { openNatsJournal, silent } from '../../journal/nats/harness.ts';
import { report } from '../../journal/report.ts';
import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { patienceMs } from '../../patience.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../../postgres.ts';

const within = { timeout: patienceMs, interval: 10 };
const leaseMs = 1500;
const keepAll = { maxAgeMs: 86_400_000, maxBytes: 2 ** 30 };

let server: NatsServer;
let database: TestDatabase;
let gateways: Gateway[];

/** The parts of a gateway that write and read: its journal, its store, and the filler between them. */
interface Gateway {
  readonly journal: ReturnType<typeof openNatsJournal>;
  readonly store: OpenStore;
  readonly filler: StoreFiller;
}

async function open(keep = keepAll): Promise<Gateway> {
  const store = await openStore({
    databaseUrl: database.url,
    dataDirectory: '',
    exclusive: false,
    log: silent,
  });
  const journal = openNatsJournal(server.url, 'TIDINGS', store);
  const options = { leaseMs, keep };
  const filler = new StoreFiller(
    journal.stream,
    journal.link,
    journal.tail,
    store,
    silent,
    options,
  );
  const gateway = { journal, store, filler };
  gateways.push(gateway);
  await vi.waitFor(
    () => expect(journal.healthReason() ?? filler.healthReason()).toBeNull(),
    within,
  );
  return gateway;
}

async function close({ journal, store, filler }: Gateway): Promise<void> {
  await journal[Symbol.asyncDispose]();
  await filler[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
}

/** Ends it as a crash does: its lease in the database is not released. */
async function crash(gateway: Gateway): Promise<void> {
  gateways.splice(gateways.indexOf(gateway), 1);
  await gateway.store[Symbol.asyncDispose]();
  await gateway.journal.link[Symbol.asyncDispose]();
  await gateway.journal[Symbol.asyncDispose]();
  await gateway.filler[Symbol.asyncDispose]();
}

/** Reports one batch after another until it is stopped; resolves with the acknowledged reports by index. */
function storm(journal: Gateway['journal']) {
  const acknowledged = new Map<number, Report>();
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const reports = Array.from({ length: 20 }, () => report({ id: randomUUID() }));
      const appended = await journal.append(reports);
      for (const [n, { index }] of appended.entries())
        acknowledged.set(index, reports[n] as Report);
    }
  })();
  return {
    acknowledged,
    async stop() {
      stopped = true;
      await running;
      return acknowledged;
    },
  };
}

async function expectStored({ store }: Gateway, acknowledged: ReadonlyMap<number, Report>) {
  const last = Math.max(...acknowledged.keys());
  expect(await store.untilStored(last, within.timeout)).toBe(true);
  expect(await store.count({})).toBe(acknowledged.size);
  let read = 0;
  for (let at = 0; ; ) {
    const events = await store.after(at, 1000);
    for (const { id, index } of events) expect(acknowledged.get(index)?.id).toBe(id);
    read += events.length;
    at = events.at(-1)?.index ?? at;
    if (events.length < 1000) break;
  }
  expect(read).toBe(acknowledged.size);
}

async function withConnection(work: (connection: NatsConnection) => Promise<unknown>) {
  const connection = await connect({ servers: server.url });
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}

describe.skipIf(!(await postgresAvailable()))('The filler', () => {
  beforeEach(async () => {
    gateways = [];
    [server, database] = await Promise.all([startNatsServer(), startDatabase()]);
  });
  afterEach(async () => {
    for (const gateway of gateways) await close(gateway);
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  test('stores every report once, under the index that its reporter was given', async () => {
    const gateway = await open();
    const running = storm(gateway.journal);
    await vi.waitFor(() => expect(running.acknowledged.size).toBeGreaterThan(2000), within);
    await expectStored(gateway, await running.stop());
  });

  test('a gateway that does not fill is notified of the stored index', async () => {
    const one = await open();
    const two = await open();
    const [appended] = await one.journal.append([report()]);
    const index = appended?.index as number;
    expect(await one.store.untilStored(index, within.timeout)).toBe(true);
    expect(await two.store.untilStored(index, 500)).toBe(true);
  });

  test('the store is a prefix of the journal at every moment', async () => {
    const one = await open();
    const two = await open();
    const storms = [storm(one.journal), storm(two.journal)];
    for (let look = 0; look < 50; look += 1) {
      const stored = await two.store.lastIndex();
      const [newest] = (await two.store.page({ filter: {}, order: 'INDEX_DESC', limit: 1 })).events;
      // The newest was read later than the stored index, so it may be ahead, but nothing below is missing.
      const count = await two.store.count({});
      expect(newest?.index ?? 0).toBeGreaterThanOrEqual(stored);
      expect(count).toBeGreaterThanOrEqual(newest?.index ?? 0);
    }
    const acknowledged = await Promise.all(storms.map((each) => each.stop()));
    await expectStored(one, new Map(acknowledged.flatMap((each) => [...each])));
  });

  test('another gateway takes over within seconds after the filling one crashed, and nothing is stored twice', async () => {
    const first = await open();
    const second = await open();
    const third = await open();
    const running = storm(third.journal);
    for (const victim of [first, second]) {
      const before = running.acknowledged.size;
      await vi.waitFor(
        () => expect(running.acknowledged.size).toBeGreaterThan(before + 1000),
        within,
      );
      await crash(victim);
      const index = Math.max(...running.acknowledged.keys());
      expect(await third.store.untilStored(index, 2 * leaseMs + 1000)).toBe(true);
    }
    await expectStored(third, await running.stop());
  });

  test('another gateway takes over at once when the filling one is closed', async () => {
    const first = await open();
    const second = await open();
    await first.journal.append([report()]);
    gateways.splice(gateways.indexOf(first), 1);
    await close(first);
    const [appended] = await second.journal.append([report()]);
    expect(await second.store.untilStored(appended?.index as number, leaseMs)).toBe(true);
  });

  test('catches up with the reports of the time when nobody filled', async () => {
    const first = await open();
    const acknowledged = new Map<number, Report>();
    await first.filler[Symbol.asyncDispose]();
    for (let batch = 0; batch < 30; batch += 1) {
      const reports = Array.from({ length: 100 }, () => report());
      const appended = await first.journal.append(reports);
      for (const [n, { index }] of appended.entries())
        acknowledged.set(index, reports[n] as Report);
    }
    expect(await first.store.lastIndex()).toBe(0);
    await expectStored(await open(), acknowledged);
  });

  test('goes on in a recreated stream, above every index', async () => {
    const gateway = await open();
    const [before] = await gateway.journal.append([report()]);
    expect(await gateway.store.untilStored(before?.index as number, within.timeout)).toBe(true);
    await withConnection(async (connection) => {
      await (await connection.jetstreamManager()).streams.delete('TIDINGS');
    });
    const [after] = await gateway.journal.append([report()]);
    expect(after?.index).toBeGreaterThan(before?.index as number);
    expect(await gateway.store.untilStored(after?.index as number, within.timeout)).toBe(true);
    expect(await gateway.store.count({})).toBe(2);
    expect(await gateway.store.lastIndex()).toBe(await gateway.journal.lastIndex());
  });

  test('an empty recreated stream keeps nobody waiting', async () => {
    const gateway = await open();
    await gateway.journal.append([report()]);
    await withConnection(async (connection) => {
      await (await connection.jetstreamManager()).streams.delete('TIDINGS');
    });
    await vi.waitFor(
      async () => expect(await gateway.journal.lastIndex()).toBeGreaterThan(1),
      within,
    );
    const last = await gateway.journal.lastIndex();
    expect(await gateway.store.untilStored(last, within.timeout)).toBe(true);
  });

  test('skips reports that the stream lost before they were stored, and counts them', async () => {
    const first = await open();
    await first.filler[Symbol.asyncDispose]();
    const appended = await first.journal.append(Array.from({ length: 10 }, () => report()));
    await withConnection(async (connection) => {
      await (await connection.jetstreamManager()).streams.purge('TIDINGS', { seq: 8 });
    });
    const second = await open();
    expect(await second.store.untilStored(appended.at(-1)?.index as number, within.timeout)).toBe(
      true,
    );
    expect(second.filler.missing).toBe(7);
    expect(await second.store.count({})).toBe(3);
  });

  test('of stored reports, the stream keeps only the configured amount', async () => {
    const gateway = await open({ maxAgeMs: 86_400_000, maxBytes: 100_000 });
    const reports = Array.from({ length: 100 }, () => report({ message: 'x'.repeat(5000) }));
    const appended = await gateway.journal.append(reports);
    await vi.waitFor(async () => {
      const { bytes, firstSequence } = await gateway.journal.stream.state();
      expect(bytes).toBeLessThan(150_000);
      expect(firstSequence).toBeGreaterThan(60);
    }, within);
    expect(await gateway.store.untilStored(appended.at(-1)?.index as number, 5000)).toBe(true);
    expect(await gateway.store.count({})).toBe(100);
  });

  test('reports that are not stored stay in the stream, whatever their size and age', async () => {
    const first = await open();
    await first.filler[Symbol.asyncDispose]();
    await first.journal.append(Array.from({ length: 50 }, () => report()));
    const nothing = { maxAgeMs: 0, maxBytes: 0 };
    await trimStream(first.journal.link.current, first.journal.stream, nothing, 0);
    expect((await first.journal.stream.state()).firstSequence).toBe(1);
    const second = await open(nothing);
    await vi.waitFor(async () => {
      expect((await second.journal.stream.state()).firstSequence).toBe(51);
    }, within);
    expect(await second.store.count({})).toBe(50);
    expect(second.filler.missing).toBe(0);
  });
});
