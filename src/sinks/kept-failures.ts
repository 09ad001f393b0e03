import type {
  FailedDeliveries,
  FailedDelivery,
  NewFailedDelivery,
} from '../store/sinks/failed-delivery-table.ts';

/** Pauses before the attempts of a message that a target rejected; after the last it is dead. */
const retryPausesMs = [
  300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000,
] as const;
/** The share by which a pause is longer or shorter, at random. */
const jitter = 0.2;
/** Failed deliveries that are tried again in one go. */
const retriedAtOnce = 64;

/** When a message that was rejected this often is tried again, in milliseconds since 1970; null where it is dead. */
export function nextAttemptAt(attempts: number, nowMs: number): number | null {
  const pauseMs = retryPausesMs[attempts - 1];
  if (pauseMs === undefined) return null;
  return Math.round(nowMs + pauseMs * (1 - jitter + 2 * jitter * Math.random()));
}

/**
 * The failed deliveries of a sink while it runs, and the keys whose later events wait for them. Keeping and looking go
 * one after the other, so that a key that was just added is not lost by an older answer of the database.
 */
export class KeptFailures {
  readonly #table: FailedDeliveries;
  readonly #cursor: number | null;
  /** Indexes of dead events that may be handed over again; null until they were asked for. */
  #dead: ReadonlySet<number> | null = null;
  #waitingKeys = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param cursor of the run: dead events after it were handed over before; null where dead ones are to be sent again */
  constructor(table: FailedDeliveries, cursor: number | null) {
    this.#table = table;
    this.#cursor = cursor;
  }

  /** Whether isDead and isWaiting know what was kept before. */
  get isLoaded(): boolean {
    return this.#dead !== null;
  }

  load(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.isLoaded) return;
      const dead =
        this.#cursor === null ? new Set<number>() : await this.#table.deadAfter(this.#cursor);
      await this.#look();
      this.#dead = dead;
    });
  }

  /** Whether an event that is handed over again was found to be undeliverable before. */
  isDead(index: number): boolean {
    return this.#dead?.has(index) ?? false;
  }

  /** Whether a failed delivery of the key has yet to be delivered. */
  isWaiting(key: string): boolean {
    return this.#waitingKeys.has(key);
  }

  /** False where there is no room. */
  keep(failed: NewFailedDelivery): Promise<boolean> {
    return this.#inTurn(async () => {
      const kept = await this.#table.keep(failed);
      if (kept && failed.status === 'RETRYING') this.#waitingKeys.add(failed.orderKey);
      return kept;
    });
  }

  /** What is due to be tried again. Keys whose deliveries have all gone, or were discarded, wait no longer. */
  due(): Promise<readonly FailedDelivery[]> {
    return this.#inTurn(async () => {
      const keys = await this.#look();
      return keys.size === 0 ? [] : await this.#table.due(retriedAtOnce);
    });
  }

  delivered(failed: FailedDelivery): Promise<void> {
    return this.#table.delivered(failed);
  }

  rejected(
    failed: FailedDelivery,
    { status, response, final }: { status: number | null; response: string | null; final: boolean },
  ): Promise<void> {
    return this.#table.rejected(failed, {
      lastStatus: status,
      lastError: response ?? '',
      nextAttemptAtMs: final ? null : nextAttemptAt(failed.attempts + 1, Date.now()),
    });
  }

  async #look(): Promise<Set<string>> {
    const keys = new Set(await this.#table.waitingKeys());
    this.#waitingKeys = keys;
    return keys;
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
