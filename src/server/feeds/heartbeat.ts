/** One that is asked now and then whether it still lives. */
export interface Beating {
  beat(): void;
}

/** Into so many groups a period is divided, so that not everybody is asked at once. */
const groups = 12;

/** Asks everyone once a period. */
export class Heartbeat implements Disposable {
  readonly #groups = Array.from({ length: groups }, () => new Set<Beating>());
  readonly #timer: NodeJS.Timeout;
  #added = 0;
  #turn = 0;

  /** @param period milliseconds */
  constructor(period: number) {
    this.#timer = setInterval(() => this.#next(), period / groups).unref();
  }

  add(member: Beating): void {
    this.#groups[this.#added++ % groups]?.add(member);
  }

  delete(member: Beating): void {
    for (const group of this.#groups) if (group.delete(member)) return;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #next(): void {
    for (const member of this.#groups[this.#turn++ % groups] ?? []) member.beat();
  }
}
