import { connect, type NatsConnection } from 'nats';
import { expect, vi } from 'vitest';
import type { IndexedReport } from '../../../src/event/completion.ts';
import type { Event } from '../../../src/event/event.ts';
import { NatsJournal, type NatsJournalStore } from '../../../src/journal/nats/journal.ts';
import { NatsStream } from '../../../src/journal/nats/stream.ts';
import { NatsLink } from '../../../src/nats/connection.ts';
import { createLog, type Log } from '../../../src/telemetry/log.ts';

import { type NatsServer, startNatsServer } from '../../nats-server.ts';
import { patienceMs } from '../../patience.ts';

/** A store that nothing fills: it has only what a test puts in it. */
export class EmptyStore implements NatsJournalStore {
  storedIndex = 0;
  readonly bases = new Map<string, number>();
  readonly known = new Map<string, readonly IndexedReport[]>();
  #highest = 0;
  #journalId: string | null = null;

  lastIndex(): Promise<number> {
    return Promise.resolve(this.storedIndex);
  }

  journalId(proposed: string): Promise<string> {
    this.#journalId ??= proposed;
    return Promise.resolve(this.#journalId);
  }

  streamBase(identity: string, above = 0): Promise<number> {
    const base = this.bases.get(identity) ?? Math.max(this.#highest, this.storedIndex, above);
    this.bases.set(identity, base);
    this.#highest = Math.max(this.#highest, base);
    return Promise.resolve(base);
  }

  reports(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>> {
    return Promise.resolve(
      new Map(ids.flatMap((id) => (this.known.has(id) ? [[id, this.known.get(id) ?? []]] : []))),
    );
  }

  after(_index: number, _limit: number): Promise<readonly Event[]> {
    return Promise.resolve([]);
  }
}

export const silent: Log = createLog('silent');

export const serversAt = (url: string) => ({
  servers: [url],
  credentialsFile: null,
  caFile: null,
  certFile: null,
  keyFile: null,
});

/** A gateway's journal on a server of the test's own. */
export function openNatsJournal(
  url: string,
  name: string,
  store: NatsJournalStore,
  log = silent,
  replicas = 1,
) {
  const link = new NatsLink(serversAt(url), log);
  const options = { name, replicas, maxBytes: null, duplicateWindowMs: 120_000 };
  const stream = new NatsStream(options, link, store, log);
  const journal = new NatsJournal(stream, link, store, log);
  const close = journal[Symbol.asyncDispose].bind(journal);
  return Object.assign(journal, {
    stream,
    link,
    [Symbol.asyncDispose]: async () => {
      await close();
      await link[Symbol.asyncDispose]();
    },
  });
}

export const within = { timeout: patienceMs, interval: 10 };

export const indexesOf = (events: readonly Event[]) => events.map(({ index }) => index);

/** A server and a stream of the test's own, and the journals that are open on it. */
export class NatsHarness implements AsyncDisposable {
  readonly store = new EmptyStore();
  readonly server: NatsServer;
  readonly #journals: NatsJournal[] = [];

  private constructor(server: NatsServer) {
    this.server = server;
  }

  static async start(): Promise<NatsHarness> {
    return new NatsHarness(await startNatsServer());
  }

  open(url = this.server.url) {
    const journal = openNatsJournal(url, 'TIDINGS', this.store);
    this.#journals.push(journal);
    return journal;
  }

  /** A gateway's journal that follows, and the changes that it was notified of. */
  async follow(url = this.server.url) {
    const journal = this.open(url);
    await this.usable(journal);
    const notified: Event[] = [];
    journal.follow((changes) => notified.push(...changes));
    return { journal, notified };
  }

  async usable(journal: NatsJournal): Promise<void> {
    await vi.waitFor(() => expect(journal.healthReason()).toBeNull(), within);
  }

  /** For the work of others on the server. */
  async withConnection(work: (connection: NatsConnection) => Promise<unknown>): Promise<void> {
    const connection = await connect({ servers: this.server.url });
    try {
      await work(connection);
    } finally {
      await connection.close();
    }
  }

  async deleteStream(): Promise<void> {
    await this.withConnection(async (connection) => {
      await (await connection.jetstreamManager()).streams.delete('TIDINGS');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const journal of this.#journals) await journal[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
