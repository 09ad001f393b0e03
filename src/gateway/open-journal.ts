import type { Config } from '../config/config.ts';
import { EmbeddedJournal } from '../journal/embedded.ts';
import type { Journal } from '../journal/journal.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { OpenStore } from '../store/open.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

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
  if (nats === null) return openEmbedded(store);
  // Loaded where it is used: a gateway without NATS does without its client.
  const { openNatsJournal } = await import('./open-nats-journal.ts');
  return openNatsJournal(nats, intake.eventBytes, store, { log, metrics });
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
