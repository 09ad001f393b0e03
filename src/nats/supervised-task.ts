import type { NatsConnection } from 'nats';
import { Backoff, pause } from '../runtime/backoff.ts';
import type { Log } from '../telemetry/log.ts';
import type { NatsLink } from './connection.ts';
import { natsReason } from './errors.ts';

/** One run of a piece of work, on one connection. */
export interface TaskRun {
  readonly connection: NatsConnection;
  /** Aborted when the connection ends, or nobody wants the work any more. */
  readonly signal: AbortSignal;
  /** To be called once the work has begun without an error. */
  ready(): void;
}

/** Work that never ends: it begins on each connection, and again after a failure on an open one, with growing pauses. */
export class SupervisedTask implements AsyncDisposable {
  readonly #name: string;
  readonly #link: NatsLink;
  readonly #log: Log;
  readonly #work: (run: TaskRun) => Promise<void>;
  readonly #end = new AbortController();
  readonly #backoff = new Backoff(50, 5000);
  readonly #done: Promise<void>;
  #healthReason: string | null;

  /** The name begins the sentences of its log lines and its health: `Following the stream TIDINGS`. */
  constructor(name: string, link: NatsLink, log: Log, work: (run: TaskRun) => Promise<void>) {
    this.#name = name;
    this.#link = link;
    this.#log = log;
    this.#work = work;
    this.#healthReason = `${name} has not begun.`;
    this.#done = this.#run();
  }

  /** Null while the work goes on without an error, else the reason, as a sentence. */
  healthReason(): string | null {
    return this.#link.healthReason() ?? this.#healthReason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const connection = await this.#link.connection(this.#end.signal);
      if (connection === null) return;
      const over = new AbortController();
      const abort = () => over.abort();
      this.#end.signal.addEventListener('abort', abort);
      void connection.closed().then(abort);
      try {
        await this.#work({ connection, signal: over.signal, ready: () => this.#ready() });
      } catch (error) {
        await this.#failed(error, over.signal);
      } finally {
        this.#end.signal.removeEventListener('abort', abort);
      }
    }
  }

  #ready(): void {
    this.#healthReason = null;
    this.#backoff.reset();
  }

  async #failed(error: unknown, over: AbortSignal): Promise<void> {
    this.#healthReason = `${this.#name} failed: ${natsReason(error).replace(/\.$/, '')}.`;
    if (over.aborted) return;
    const retryInMs = this.#backoff.next();
    this.#log.warn({ retryInMs }, this.#healthReason);
    await pause(retryInMs, over);
  }
}
