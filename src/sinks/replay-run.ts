import type { ConsumerRun } from '../consumers/consumer.ts';
import type { Event } from '../event/event.ts';
import type { ReplayRow } from '../store/sinks/sink-table.ts';

/** Delivers a part of the past, and says once that it has. */
export class ReplayRun implements ConsumerRun {
  readonly #run: ConsumerRun;
  readonly #to: number;
  readonly #done: () => Promise<void>;
  #handling: Promise<unknown> = Promise.resolve();
  #isDone = false;

  constructor(run: ConsumerRun, { to }: Pick<ReplayRow, 'to'>, done: () => Promise<void>) {
    this.#run = run;
    this.#to = to;
    this.#done = done;
  }

  async handle(events: readonly Event[], upTo: number): Promise<void> {
    const past = events.filter(({ index }) => index <= this.#to);
    const handled = past.length === 0 ? Promise.resolve() : this.#run.handle(past, upTo);
    const before = this.#handling;
    this.#handling = Promise.all([before, handled]);
    this.#handling.catch(() => {});
    await handled;
    if (upTo < this.#to) return;
    await before;
    await this.#end();
  }

  async gap(from: number, to: number): Promise<void> {
    await this.#run.gap(from, to);
    if (to >= this.#to) await this.#end();
  }

  end(): Promise<void> | void {
    return this.#run.end();
  }

  async #end(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    await this.#done();
  }
}
