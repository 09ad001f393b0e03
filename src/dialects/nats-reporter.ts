import type { Msg } from 'nats';
import type { EventDraft } from '../event/draft.ts';
import type { Intake } from '../intake/intake.ts';
import { reportPersistently } from '../intake/persistent-report.ts';
import type { Log } from '../telemetry/log.ts';
import type { SkipCounter } from '../telemetry/skip-counter.ts';

export interface NatsReporterOptions {
  readonly intake: Intake;
  readonly log: Log;
  /** Messages reported in one call of the intake. */
  readonly maxBatch: number;
  /** @throws Error where the message is not an event */
  readonly decode: (message: Msg) => EventDraft;
  /** Counts messages that are not events. */
  readonly malformed: SkipCounter;
  /** Counts events that the intake rejects. */
  readonly rejected: SkipCounter;
}

interface Arrived {
  readonly message: Msg;
  readonly draft: EventDraft;
}

/**
 * Reports messages of NATS as events. JetStream is sent an acknowledgement once a report is recorded or rejected for good,
 * and delivers the others again.
 */
export class NatsReporter {
  readonly #options: NatsReporterOptions;
  #received = 0;
  #healthReason: string | null = null;

  constructor(options: NatsReporterOptions) {
    this.#options = options;
  }

  /** Messages since the process started, repeats included. */
  get received(): number {
    return this.#received;
  }

  /** Why messages that were taken cannot be recorded yet, as a sentence; null where nothing is in the way. */
  healthReason(): string | null {
    return this.#healthReason;
  }

  /** @throws Unavailable once the signal is aborted: the messages come again */
  async report(messages: readonly Msg[], signal: AbortSignal): Promise<void> {
    this.#received += messages.length;
    const arrived = messages.flatMap((message) => this.#decoded(message));
    if (arrived.length === 0) return;
    const { intake, log, maxBatch, rejected } = this.#options;
    const drafts = arrived.map(({ draft }) => draft);
    const results = await reportPersistently(drafts, {
      intake,
      log,
      maxBatch,
      signal,
      whileUnavailable: (reason) => {
        this.#healthReason = reason;
        for (const { message } of arrived) answer(message, '+WPI');
      },
    });
    this.#healthReason = null;
    for (const [at, { message }] of arrived.entries()) {
      const result = results[at];
      if (result?.status === 'REJECTED') {
        const reasons = result.errors.map(({ path, message }) => `${path.join('.')}: ${message}`);
        rejected.skip(message.data, reasons.join(' '));
      }
      answer(message, '+ACK');
    }
  }

  #decoded(message: Msg): Arrived[] {
    const { decode, malformed } = this.#options;
    try {
      return [{ message, draft: decode(message) }];
    } catch (error) {
      malformed.skip(message.data, error instanceof Error ? error.message : String(error));
      answer(message, '+TERM');
      return [];
    }
  }
}

/** Only JetStream is answered: a request of core NATS has a reply subject as well, and waits for something else. */
function answer(message: Msg, text: string): void {
  if (message.reply?.startsWith('$JS.ACK.') !== true) return;
  try {
    message.respond(text);
  } catch {
    // The connection is gone: the message comes again.
  }
}
