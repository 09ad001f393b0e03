/** A connection that is checked once a period. */
export interface Beating {
  beat(): void;
}

/** Connections are checked in groups, spread over the period. */
const groups = 12;

/** Calls `beat` of every member once a period. */
export class Heartbeat implements Disposable {
  readonly #groups = Array.from({ length: groups }, () => new Set<Beating>());
  readonly #timer: NodeJS.Timeout;
  #added = 0;
  #turn = 0;

  constructor(periodMs: number) {
    this.#timer = setInterval(() => this.#next(), periodMs / groups).unref();
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
