import { setMaxListeners } from 'node:events';
import type { OpenFeed } from '../live/feed.ts';
import { Backoff, pause } from '../runtime/backoff.ts';
import type { Checkpoint, ClaimedConsumer } from '../store/write/consumer-cursors.ts';
import type { HeldLease } from '../store/write/lease.ts';
import type { Log } from '../telemetry/log.ts';
import type { DurableConsumer } from './consumer.ts';
import { runConsumer } from './run-consumer.ts';
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
  readonly #lease: HeldLease;
  readonly #done: Promise<void>;
  #cursor: number;
  #savedCursor: number;
  /** By performance.now(). */
  #savedAtMs = performance.now();
  #window: RepeatWindow | null = null;

  constructor(
    consumer: DurableConsumer,
    claimed: ClaimedConsumer,
    lease: HeldLease,
    options: HeldConsumerOptions,
  ) {
    this.#claimed = claimed;
    this.#lease = lease;
    this.#options = options;
    this.#cursor = claimed.cursor;
    this.#savedCursor = claimed.cursor;
    // Every request that is under way listens.
    setMaxListeners(0, lease.signal);
    this.#done = this.#run(consumer);
  }

  /** Everything up to here is settled. */
  get cursor(): number {
    return this.#cursor;
  }

  get isEnded(): boolean {
    return this.#lease.signal.aborted;
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

  prolong(askedAtMs: number): void {
    this.#lease.prolong(askedAtMs);
  }

  async stop(): Promise<void> {
    this.#lease.end();
    await this.#done;
  }

  async #run(consumer: DurableConsumer): Promise<void> {
    const { openFeed, log } = this.#options;
    const { signal } = this.#lease;
    const backoff = new Backoff(shortestPauseMs, longestPauseMs);
    while (!signal.aborted) {
      const before = this.#cursor;
      const window = new RepeatWindow(consumer.maxRepeatedEvents, (cursor) => {
        this.#cursor = cursor;
        if (window.isHalfUnsaved) this.#options.saveSoon();
      });
      this.#window = window;
      try {
        const isHeld = () => this.#lease.isHeld;
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
