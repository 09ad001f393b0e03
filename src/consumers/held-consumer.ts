import { setMaxListeners } from 'node:events';
import type { OpenFeed } from '../live/feed.ts';
import { Backoff, pause } from '../runtime/backoff.ts';
import type { Checkpoint, ClaimedConsumer } from '../store/write/consumer-cursors.ts';
import type { Log } from '../telemetry/log.ts';
import type { DurableConsumer } from './consumer.ts';
import { runConsumer } from './run.ts';
import { RepeatWindow } from './window.ts';

const shortestPauseMs = 100;
const longestPauseMs = 30_000;
/** How often the cursor of a consumer is saved that is handed nothing. */
const idleSaveEveryMs = 10_000;

export interface HeldConsumerOptions {
  readonly openFeed: OpenFeed;
  readonly log: Log;
  /** Called when the cursor should be saved before its turn. */
  readonly saveSoon: () => void;
}

/** A consumer that this gateway runs: again and again, until its lease ends. */
export class HeldConsumer {
  readonly #claimed: ClaimedConsumer;
  readonly #options: HeldConsumerOptions;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;
  /** By performance.now(). */
  #heldUntilMs: number;
  #timer: NodeJS.Timeout;
  #cursor: number;
  #savedCursor: number;
  /** By performance.now(). */
  #savedAtMs = performance.now();
  #window: RepeatWindow | null = null;

  constructor(
    consumer: DurableConsumer,
    claimed: ClaimedConsumer,
    heldUntilMs: number,
    options: HeldConsumerOptions,
  ) {
    this.#claimed = claimed;
    this.#options = options;
    this.#cursor = claimed.cursor;
    this.#savedCursor = claimed.cursor;
    // Every request that is under way listens.
    setMaxListeners(0, this.#end.signal);
    this.#heldUntilMs = heldUntilMs;
    this.#timer = this.#endAt(heldUntilMs);
    this.#done = this.#run(consumer);
  }

  /** Everything up to here is settled. */
  get cursor(): number {
    return this.#cursor;
  }

  get isEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /** What is to be saved; null where it is. */
  get checkpoint(): Checkpoint | null {
    const { name, epoch } = this.#claimed;
    return this.#cursor === this.#savedCursor ? null : { name, epoch, cursor: this.#cursor };
  }

  /** The same, and null as well where only what matches nothing has passed: reading that again hands nothing over. */
  get dueCheckpoint(): Checkpoint | null {
    const isDue = this.#window?.hasUnsaved || performance.now() - this.#savedAtMs > idleSaveEveryMs;
    return isDue ? this.checkpoint : null;
  }

  saved(cursor: number): void {
    this.#savedAtMs = performance.now();
    this.#savedCursor = cursor;
    this.#window?.saved(cursor);
  }

  prolong(heldUntilMs: number): void {
    if (this.isEnded) return;
    clearTimeout(this.#timer);
    this.#heldUntilMs = heldUntilMs;
    this.#timer = this.#endAt(heldUntilMs);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#end.abort();
    await this.#done;
  }

  #endAt(heldUntilMs: number): NodeJS.Timeout {
    const leftMs = Math.max(0, heldUntilMs - performance.now());
    return setTimeout(() => this.#end.abort(), leftMs).unref();
  }

  async #run(consumer: DurableConsumer): Promise<void> {
    const { openFeed, log } = this.#options;
    const { signal } = this.#end;
    const backoff = new Backoff(shortestPauseMs, longestPauseMs);
    while (!signal.aborted) {
      const before = this.#cursor;
      const window = new RepeatWindow(consumer.maxRepeatedEvents, (cursor) => {
        this.#cursor = cursor;
        if (window.isHalfUnsaved) this.#options.saveSoon();
      });
      this.#window = window;
      try {
        const isHeld = () => !signal.aborted && performance.now() < this.#heldUntilMs;
        const { epoch } = this.#claimed;
        const lease = { cursor: before, epoch, signal, isHeld };
        await runConsumer(consumer, lease, openFeed, window);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error, consumer: consumer.name }, 'A consumer begins again after an error.');
      }
      if (this.#cursor > before) backoff.reset();
      await pause(backoff.next(), signal);
    }
  }
}
