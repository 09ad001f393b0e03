import type { Config } from '../config/config.ts';
import { EmbeddedJournal } from '../journal/embedded.ts';
import type { Journal } from '../journal/journal.ts';
import { NatsJournal } from '../journal/nats/journal.ts';
import { NatsStream } from '../journal/nats/stream.ts';
import { NatsLink } from '../nats/connection.ts';
import type { OpenStore } from '../store/open.ts';
import { StoreFiller } from '../store/write/filler.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** For this time JetStream itself recognises a repeated report; later the store does. */
const duplicateWindowMs = 120_000;
/** Another gateway takes over the filling of the store within this time. */
const leaseMilliseconds = 5_000;

/** The journal that the configuration asks for, and what keeps the store up with it. */
export interface OpenJournal extends AsyncDisposable {
  readonly journal: Journal;
  /** The connection to NATS, for the sources that need one. */
  readonly link: NatsLink | null;
  /** Why the store does not keep up with the journal, as a sentence; null where it does. */
  readonly healthReason: () => string | null;
}

export async function openJournal(
  { nats, intake }: Config,
  store: OpenStore,
  { log, metrics }: { log: Log; metrics: Metrics },
): Promise<OpenJournal> {
  return nats === null
    ? await openEmbedded(store)
    : openNats(nats, intake.eventBytes, store, { log, metrics });
}

async function openEmbedded(store: OpenStore): Promise<OpenJournal> {
  const journal = await EmbeddedJournal.open(store);
  return {
    journal,
    link: null,
    healthReason: () => null,
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}

function openNats(
  { servers, stream: options, keep }: NonNullable<Config['nats']>,
  maxEventBytes: number,
  store: OpenStore,
  { log, metrics }: { log: Log; metrics: Metrics },
): OpenJournal {
  const link = new NatsLink(servers, log);
  const streamOptions = { ...options, maxEventBytes, duplicateWindowMs };
  const stream = new NatsStream(streamOptions, link, store, log);
  const journal = new NatsJournal(stream, link, store, log);
  const filler = new StoreFiller(stream, link, journal.tail, store, log, {
    leaseMilliseconds,
    keep,
  });
  metrics.count({
    name: 'tidings_journal_malformed_total',
    help: "Messages on the stream's subjects that were no reports.",
    read: () => journal.malformed,
  });
  metrics.count({
    name: 'tidings_journal_incomplete_total',
    help: 'Live events that were completed without the store, because it did not answer.',
    read: () => journal.incomplete,
  });
  metrics.count({
    name: 'tidings_store_missing_total',
    help: 'Indexes that the stream had lost before they were stored.',
    read: () => filler.missing,
  });
  return {
    journal,
    link,
    healthReason: () => filler.healthReason(),
    async [Symbol.asyncDispose]() {
      await journal[Symbol.asyncDispose]();
      await filler[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}
