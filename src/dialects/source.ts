import { Backoff, pause } from '../runtime/backoff.ts';
import type { Log } from '../telemetry/log.ts';

/** Brings events in by itself: pulls them, or listens on a port of its own. Disposing waits until the messages it took are in the journal. */
export interface Source extends AsyncDisposable {
  /** As /readyz and the metrics name it: `amqp`. */
  readonly name: string;
  /** Null while it follows, else the reason why not, as a sentence. */
  healthReason(): string | null;
  /** Messages that could not become events. */
  readonly skipped: number;
  /** Messages since the process started, repeats included, where the source counts them. */
  readonly received?: number;
}

/** One connection of a supervised source. */
export interface SourceRun {
  /** Aborted when the source is to stop. */
  readonly signal: AbortSignal;
  /** To be called once the connection is followed. */
  following(): void;
  /** To be called when a message was taken: the next pause is short again. */
  progressed(): void;
  /** To be called while taken messages cannot be recorded, with the reason as a sentence. */
  waiting(reason: string): void;
}

export interface SupervisionOptions {
  /** Begins the sentences about it: `Nomad's stream`. */
  readonly subject: string;
  /** Its address, without credentials: `http://127.0.0.1:4646`. Ends the sentences that clients read. */
  readonly address: string;
  /** Fields of its log lines. */
  readonly fields?: object;
  readonly shortestPauseMs: number;
  readonly longestPauseMs: number;
  readonly log: Log;
  /** One connection, from its beginning to its end. */
  readonly follow: (run: SourceRun) => Promise<void>;
}

/** Runs a source until it is disposed: connects, follows, and after a failure tries again with growing pauses. */
export class Supervision implements AsyncDisposable {
  readonly #options: SupervisionOptions;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  readonly #ended: Promise<void>;
  #healthReason: string | null;
  /** Why it was lost, as the log has it; null while it is followed. */
  #loggedReason: string | null = null;

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.shortestPauseMs, options.longestPauseMs);
    this.#healthReason = `${options.subject} has not answered yet.`;
    this.#ended = this.#run();
  }

  healthReason(): string | null {
    return this.#healthReason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    // The first run begins after the source itself is constructed.
    await Promise.resolve();
    while (!signal.aborted) {
      try {
        await this.#options.follow({
          signal,
          following: () => this.#followed(),
          progressed: () => this.#backoff.reset(),
          waiting: (reason) => {
            this.#healthReason = reason;
          },
        });
        if (!signal.aborted) this.#failed('the connection ended');
      } catch (error) {
        if (!signal.aborted) this.#failed(reasonOf(error));
      }
      await pause(this.#backoff.next(), signal);
    }
  }

  /** The reason may be in the words of a library or of the foreign system: it is logged, once, and not answered. */
  #failed(reason: string): void {
    const { subject, address, fields, log } = this.#options;
    this.#healthReason = `${subject} cannot be followed at ${address}.`;
    if (this.#loggedReason === reason) return;
    this.#loggedReason = reason;
    log.warn({ address, ...fields, reason }, `${subject} cannot be followed; trying again.`);
  }

  #followed(): void {
    this.#healthReason = null;
    if (this.#loggedReason === null) return;
    this.#loggedReason = null;
    const { subject, address, fields, log } = this.#options;
    log.info({ address, ...fields }, `${subject} is followed again.`);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause } = error;
  if (cause instanceof Error) return `${message}: ${cause.message}`;
  return message === '' ? error.name : message;
}
