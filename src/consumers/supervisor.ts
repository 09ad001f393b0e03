import type { OpenFeed } from '../live/feed.ts';
import { Repeated } from '../runtime/repeated.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { ClaimedConsumer, ConsumerCursors } from '../store/write/consumer-cursors.ts';
import { HeldLease, type LeaseTimes, newHolder } from '../store/write/lease.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import type { DurableConsumer } from './consumer.ts';
import { HeldConsumer } from './held-consumer.ts';

/** Another gateway takes over at most leaseMs after one has died. */
export interface SupervisorTimes extends LeaseTimes {
  readonly renewEveryMs: number;
  /** How often consumers that nobody runs are looked for. */
  readonly claimEveryMs: number;
  /** How often cursors are saved. */
  readonly saveEveryMs: number;
}

const supervisorTimes: SupervisorTimes = {
  leaseMs: 15_000,
  renewEveryMs: 5_000,
  claimEveryMs: 1_000,
  saveEveryMs: 1_000,
  marginMs: 1_000,
};

/** A gateway claims a part of what nobody runs, so that those that start with it get a share. */
const claimedShare = 4;

export interface SupervisorOptions {
  readonly cursors: ConsumerCursors;
  readonly openFeed: OpenFeed;
  readonly log: Log;
  readonly times?: Partial<SupervisorTimes>;
}

/**
 * Runs durable consumers, each in one gateway at a time. A gateway claims consumers that nobody runs, holds each by a
 * lease that it renews, saves their cursors together, and stops the work of a consumer before its lease ends.
 */
export class ConsumerSupervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #times: SupervisorTimes;
  readonly #holder = newHolder();
  readonly #consumers = new Map<string, DurableConsumer>();
  readonly #held = new Map<string, HeldConsumer>();
  readonly #renewing: Repeated;
  readonly #claiming: Repeated;
  readonly #saving: Repeated;
  #closed = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#times = { ...supervisorTimes, ...options.times };
    const { renewEveryMs, saveEveryMs } = this.#times;
    this.#renewing = this.#repeat(
      () => renewEveryMs,
      () => this.#renew(),
    );
    this.#claiming = this.#repeat(
      () => this.#claimPauseMs(),
      () => this.#claim(),
    );
    this.#saving = this.#repeat(
      () => saveEveryMs,
      () => this.#save(),
    );
  }

  /** Consumers that this gateway runs now. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** The index up to which a consumer that runs here has settled everything; null for one that does not. */
  cursorOf(name: string): number | null {
    return this.#held.get(name)?.cursor ?? null;
  }

  /** Adds a consumer that has a cursor, or exchanges the one of its name, which then begins again at its cursor. */
  async add(consumer: DurableConsumer): Promise<void> {
    this.#consumers.set(consumer.name, consumer);
    await this.#stop(consumer.name);
    this.#claiming.soon();
  }

  /** Ends a consumer in this gateway; its cursor stays. */
  async remove(name: string): Promise<void> {
    this.#consumers.delete(name);
    await this.#stop(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held.keys()].map((name) => this.#stop(name)));
    for (const each of [this.#renewing, this.#claiming, this.#saving]) {
      await each[Symbol.asyncDispose]();
    }
  }

  #repeat(pauseMs: () => number, work: () => Promise<void>): Repeated {
    return new Repeated(pauseMs, work, (error) => {
      if (error instanceof Unavailable) return;
      logUnexpectedError(this.#options.log, { error, where: 'consumers' });
    });
  }

  /** Stops a consumer in order, so that another gateway can go on at once where it has stopped. */
  async #stop(name: string): Promise<void> {
    const held = this.#held.get(name);
    if (held === undefined) return;
    await held.stop();
    await whileAvailable(async () => {
      await this.#saveAll([[name, held]]);
      await this.#options.cursors.release([name], this.#holder);
    });
    if (this.#held.get(name) === held) this.#held.delete(name);
  }

  /** Whoever holds many waits longer, so that gateways that hold few come first. */
  #claimPauseMs(): number {
    const share = this.#held.size / Math.max(1, this.#consumers.size);
    return this.#times.claimEveryMs * (0.25 + share);
  }

  async #claim(): Promise<void> {
    const names = [...this.#consumers.keys()].filter((name) => !this.#held.has(name));
    if (names.length === 0 || this.#closed) return;
    const askedAtMs = performance.now();
    const { leaseMs } = this.#times;
    const claimed = await this.#options.cursors.claim({
      names,
      holder: this.#holder,
      leaseMs,
      limit: Math.ceil(names.length / claimedShare),
    });
    for (const each of claimed) await this.#begin(each, new HeldLease(askedAtMs, this.#times));
  }

  async #begin(claimed: ClaimedConsumer, lease: HeldLease): Promise<void> {
    const { openFeed, log, cursors } = this.#options;
    const consumer = this.#consumers.get(claimed.name);
    if (consumer === undefined || this.#closed) {
      lease.end();
      return await cursors.release([claimed.name], this.#holder);
    }
    const saveSoon = () => this.#saving.soon();
    const held = new HeldConsumer(consumer, claimed, lease, { openFeed, log, saveSoon });
    this.#held.set(claimed.name, held);
  }

  async #renew(): Promise<void> {
    const held = [...this.#held];
    if (held.length === 0) return;
    const askedAtMs = performance.now();
    const renewed = await this.#options.cursors.renew({
      names: held.map(([name]) => name),
      holder: this.#holder,
      leaseMs: this.#times.leaseMs,
    });
    const lost = held.filter(([name]) => !renewed.has(name));
    for (const [name, each] of held) {
      if (renewed.has(name)) each.prolong(askedAtMs);
    }
    await this.#loseAll(lost);
  }

  async #save(): Promise<void> {
    await this.#saveAll([...this.#held], ({ dueCheckpoint }) => dueCheckpoint);
    await this.#loseAll([...this.#held].filter(([, { isEnded }]) => isEnded));
  }

  async #saveAll(
    held: readonly (readonly [string, HeldConsumer])[],
    checkpointOf = ({ checkpoint }: HeldConsumer) => checkpoint,
  ): Promise<void> {
    const changed = held.flatMap(([name, each]) => {
      const checkpoint = checkpointOf(each);
      return checkpoint === null ? [] : [{ name, held: each, checkpoint }];
    });
    if (changed.length === 0) return;
    const saved = await this.#options.cursors.save(changed.map(({ checkpoint }) => checkpoint));
    for (const { name, held: each, checkpoint } of changed) {
      if (saved.has(name)) each.saved(checkpoint.cursor);
    }
    await this.#loseAll(
      changed.filter(({ name }) => !saved.has(name)).map(({ name, held: each }) => [name, each]),
    );
  }

  /** Ends the work of consumers whose leases are not this gateway's any more. */
  async #loseAll(lost: readonly (readonly [string, HeldConsumer])[]): Promise<void> {
    await Promise.all(
      lost.map(async ([name, held]) => {
        await held.stop();
        if (this.#held.get(name) === held) this.#held.delete(name);
      }),
    );
  }
}

/** Leases end by themselves where the database is down. */
async function whileAvailable(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof Unavailable)) throw error;
  });
}
