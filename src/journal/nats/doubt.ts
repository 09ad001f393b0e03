/** What gateways publish on `<prefix>.stored` while they see signs. */
export const doubtMessage = 'doubt';

/** For this time after the last sign, everything is doubted. */
const quietMs = 10_000;

/**
 * Whether the servers of a cluster may have different messages under one sequence: after a change of leader, a connection
 * that ended, a message that is not there, and the like. Each is a sign, and there may be others that this gateway cannot see.
 */
export class NatsDoubt {
  #ownMs = Number.NEGATIVE_INFINITY;
  #heardMs = Number.NEGATIVE_INFINITY;

  /** This gateway has seen a sign. */
  raise(): void {
    this.#ownMs = performance.now();
  }

  /** Another gateway has seen one. */
  hear(): void {
    this.#heardMs = performance.now();
  }

  get isOpen(): boolean {
    return this.isOwn || isRecent(this.#heardMs);
  }

  /** Whether this gateway has seen it itself, and has others doubt as well. */
  get isOwn(): boolean {
    return isRecent(this.#ownMs);
  }
}

const isRecent = (ms: number): boolean => performance.now() - ms < quietMs;
