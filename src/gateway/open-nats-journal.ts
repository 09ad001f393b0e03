import type { Config } from '../config/config.ts';
import { NatsJournal } from '../journal/nats/journal.ts';
import { NatsStream } from '../journal/nats/stream.ts';
import { NatsLink } from '../nats/connection.ts';
import type { OpenStore } from '../store/open.ts';
import { StoreFiller } from '../store/write/filler.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { OpenJournal } from './open-journal.ts';

/** For this time JetStream itself recognises a repeated report; later the store does. */
const duplicateWindowMs = 120_000;
/** Another gateway takes over the filling of the store within this time. */
const leaseMs = 5_000;

export function openNatsJournal(
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
    leaseMs,
    keep,
  });
  metrics.counter({
    name: 'tidings_journal_malformed_total',
    help: "Messages on the stream's subjects that were no reports.",
    read: () => journal.malformed,
  });
  metrics.counter({
    name: 'tidings_journal_incomplete_total',
    help: 'Live events that were completed without the store, because it did not answer.',
    read: () => journal.incomplete,
  });
  metrics.counter({
    name: 'tidings_journal_republished_total',
    help: 'Reports that were published again because servers of a NATS cluster had disagreed about them.',
    read: () => journal.republished,
  });
  metrics.counter({
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
