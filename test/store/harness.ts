import type { Event, Report } from '../../src/event/event.ts';
import type { Written } from '../../src/journal/event-log.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { dataDirectory } from '../pglite.ts';
import { startDatabase } from '../postgres.ts';

/** An empty database, and a store that is open over it. */
export interface StoreHarness extends AsyncDisposable {
  readonly store: OpenStore;
}

export async function pgliteHarness(): Promise<StoreHarness> {
  const directory = await dataDirectory();
  const store = await openStore({ ...quiet, databaseUrl: null, dataDirectory: directory.path });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

export async function postgresHarness(): Promise<StoreHarness> {
  const database = await startDatabase();
  const store = await openStore({ ...quiet, databaseUrl: database.url, dataDirectory: '' });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

const quiet = { exclusive: true, log: createLog('silent') };

/** Counts every event in the rollups. */
export async function countAll(store: OpenStore): Promise<void> {
  for (;;) {
    const { rolledIndex, storedIndex } = await store.rollUp();
    if (rolledIndex === storedIndex) return;
  }
}

/** Writes reports after all others, in one batch. */
export async function put(store: OpenStore, reports: readonly Report[]): Promise<Written[]> {
  const last = await store.lastIndex();
  const parts = reports.map((report, n) => ({ index: last + 1 + n, report }));
  const written = await store.write(parts, last);
  if (written === null) throw new Error('another has written meanwhile');
  return written;
}

/** Writes reports and answers the events that they make. */
export const putEvents = async (store: OpenStore, reports: readonly Report[]): Promise<Event[]> =>
  (await put(store, reports)).map(({ event }) => event);

/** The same store, which begins another partition of its events before some of the first writes, and before fewer later on. */
export function inPartitions(store: OpenStore): OpenStore {
  let writes = 0;
  let next = 2;
  const write: OpenStore['write'] = async (reports, from) => {
    writes += 1;
    if (writes === next) {
      await store.keepPartitions({ maxEvents: 0 });
      next *= 2;
    }
    return store.write(reports, from);
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'write') return write;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

/** Deletes every event; indexes go on. */
export const empty = (store: OpenStore): Promise<number> => store.expire(Date.UTC(9000, 1) * 1_000);
