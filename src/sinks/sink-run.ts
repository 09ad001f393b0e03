import { openScope } from '../access/scope.ts';
import type { ConsumerLease, ConsumerRun } from '../consumers/consumer.ts';
import type { Event } from '../event/event.ts';
import { pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { FailedDelivery } from '../store/sinks/failed-delivery-table.ts';
import type { Log } from '../telemetry/log.ts';
import { type EncodedMessage, type Encoder, UndeliverableEvent } from './encoder.ts';
import { type EventJob, eventJob, isAtFault, type Job, retryJob } from './job.ts';
import { type KeptFailures, nextAttemptAt } from './kept-failures.ts';
import { OrderedQueue, type SinkOrder } from './ordered-queue.ts';
import type { Sender } from './sender.ts';
import type { DeliveryOutcome, TargetFailed } from './target.ts';
import type { TargetHealth } from './target-health.ts';

interface RunningSink {
  readonly id: string;
  readonly order: SinkOrder;
  readonly parallel: number;
  readonly batch: number;
  readonly delivers: 'EVERY_CHANGE' | 'COMPLETED';
  readonly disableAfterMs: number;
}

/** What a run says of itself. */
interface SinkObserver {
  delivered(count: number): void;
  failed(count: number): void;
  gap(): void;
  /** The state that the run finds; the reason is a sentence, null for ACTIVE. */
  state(state: 'ACTIVE' | 'FAILING' | 'BLOCKED' | 'DISABLED', reason: string | null): Promise<void>;
}

/** The rights of the owner of the sink, while it runs. */
interface OwnersRights {
  /** Equal for equal rights. */
  readonly key: string;
  /** The event as the owner sees it now; null where they do not. */
  event(id: string): Promise<Event | null>;
}

export interface SinkRunOptions {
  readonly sink: RunningSink;
  readonly encoder: Encoder;
  readonly sender: Sender;
  readonly failures: KeptFailures;
  readonly rights: OwnersRights;
  readonly health: TargetHealth;
  readonly observer: SinkObserver;
  readonly log: Log;
  /** How often failed deliveries that are due, and room for more, are looked for; 1,000 by default. */
  readonly lookEveryMs?: number;
}

const defaultLookEveryMs = 1_000;
const mayNotBeRead =
  "The rights of the sink's owner have changed: the event may not be read any more, or is not stored.";
const noRoom =
  'There is no room for more failed deliveries: retry or discard some, and deliveries go on.';

/** Events of one hand-over that are not settled yet. */
interface HandOver {
  unsettled: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Delivers what a consumer is handed, in the order of the sink, until its lease ends. */
export class SinkRun implements ConsumerRun {
  readonly #options: SinkRunOptions;
  readonly #lease: ConsumerLease;
  readonly #lookEveryMs: number;
  readonly #queue = new OrderedQueue<Job>();
  /** Messages that are under way. */
  #underWay = 0;
  #lastHasEnded: (() => void) | null = null;
  readonly #handOvers = new Set<HandOver>();
  /** Failed deliveries that are in the queue or under way. */
  readonly #retried = new Set<string>();
  readonly #lookTimer: NodeJS.Timeout;
  #looking: Promise<void> | null = null;
  #pumpTimer: NodeJS.Timeout | undefined;
  /** Nothing more is sent: the sink is disabled, or the run has failed or ended. */
  #isOver = false;

  constructor(lease: ConsumerLease, options: SinkRunOptions) {
    this.#lease = lease;
    this.#options = options;
    this.#lookEveryMs = options.lookEveryMs ?? defaultLookEveryMs;
    this.#lookTimer = setInterval(() => this.#look(), this.#lookEveryMs).unref();
  }

  handle(events: readonly Event[]): Promise<void> {
    const { delivers, order } = this.#options.sink;
    const wanted =
      delivers === 'COMPLETED' ? events.filter(({ endTime }) => endTime !== null) : events;
    if (wanted.length === 0) return Promise.resolve();
    const settled = new Promise<void>((resolve, reject) => {
      const handOver: HandOver = { unsettled: wanted.length, resolve, reject };
      this.#handOvers.add(handOver);
      for (const event of wanted) {
        this.#queue.add(eventJob(event, order, () => this.#settleOne(handOver)));
      }
    });
    this.#pump();
    return settled;
  }

  async gap(from: number, to: number): Promise<void> {
    const { encoder, sink, sender, health, observer, log } = this.#options;
    observer.gap();
    log.warn({ sink: sink.id, from, to }, 'Events were deleted before a sink had delivered them.');
    const message = encoder.encodeGap?.(from, to);
    if (message === undefined) return;
    for (;;) {
      const outcome = await sender.gap(message, { from, to }, this.#lease);
      if (outcome.kind === 'DELIVERED' || outcome.kind === 'MESSAGE_REJECTED') return;
      await this.#targetFailed(outcome);
      await pause(health.pauseMs(Date.now()), this.#lease.signal);
      this.#lease.signal.throwIfAborted();
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#lookTimer);
    clearTimeout(this.#pumpTimer);
    await this.#looking;
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#lastHasEnded = resolve;
      });
    }
  }

  #settleOne(handOver: HandOver): void {
    handOver.unsettled -= 1;
    if (handOver.unsettled > 0) return;
    this.#handOvers.delete(handOver);
    handOver.resolve();
  }

  /** Ends the run: it begins again at the cursor. */
  #fail(error: unknown): void {
    this.#isOver = true;
    for (const { reject } of this.#handOvers) reject(error);
    this.#handOvers.clear();
  }

  /** Sends as much as may go now, and comes back when more may. */
  #pump(): void {
    clearTimeout(this.#pumpTimer);
    const { sink, encoder, health } = this.#options;
    while (!this.#isOver && !this.#lease.signal.aborted && this.#queue.size > 0) {
      if (this.#underWay >= (health.failingSinceMs === null ? sink.parallel : 1)) return;
      const pauseMs = health.pauseMs(Date.now());
      if (pauseMs > 0) {
        this.#pumpTimer = setTimeout(() => this.#pump(), pauseMs).unref();
        return;
      }
      const jobs = this.#queue.take(Math.min(sink.batch, encoder.maxBatch));
      if (jobs.length === 0) return;
      void this.#deliver(jobs);
    }
  }

  async #deliver(jobs: readonly Job[]): Promise<void> {
    this.#underWay += 1;
    try {
      const { failures } = this.#options;
      if (!failures.isLoaded) await failures.load();
      const going: EventJob[] = [];
      for (const job of jobs) {
        if (job.kind === 'RETRY') await this.#retry(job);
        else if (failures.isDead(job.index)) this.#settle([job]);
        else if (failures.isWaiting(job.key)) await this.#keepWaiting(job);
        else going.push(job);
      }
      if (going.length > 0) this.#queue.putBack(await this.#deliverNow(going));
      // Pump, which has called this, must have returned before it is called again.
      else await Promise.resolve();
      // Only now: the later events of a key wait for all of this message's.
      this.#queue.done(jobs);
    } catch (error) {
      this.#fail(error);
    }
    this.#ended();
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#lastHasEnded?.();
    this.#pump();
  }

  /** Resolves with the jobs that have to go again. */
  async #deliverNow(jobs: readonly EventJob[]): Promise<readonly EventJob[]> {
    const { sender, observer, health } = this.#options;
    const events = jobs.map(({ event }) => event);
    const message = sender.encode(events);
    if (message === null) return this.#settle(jobs);
    if (message instanceof UndeliverableEvent) {
      return await this.#rejected(jobs, { status: null, response: message.message, final: true });
    }
    const outcome = await sender.events(message, events, this.#lease);
    if (outcome.kind === 'DELIVERED') {
      observer.delivered(jobs.length);
      if (health.succeeded(Date.now())) await observer.state('ACTIVE', null);
      return this.#settle(jobs);
    }
    if (outcome.kind === 'MESSAGE_REJECTED') {
      if (health.succeeded(Date.now())) await observer.state('ACTIVE', null);
      return await this.#rejected(jobs, outcome);
    }
    const now = Date.now();
    const isServerError = (outcome.status ?? 0) >= 500;
    const isAtFaultNow = (job: EventJob) => isAtFault(job, now, health.lastSuccessAtMs);
    if (isServerError && jobs.filter(isAtFaultNow).length > 0) {
      return await this.#rejected(jobs, { ...outcome, final: false });
    }
    await this.#targetFailed(outcome);
    return jobs;
  }

  async #retry(job: Job & { kind: 'RETRY' }): Promise<void> {
    const { sender, failures, observer, health } = this.#options;
    const failed = await this.#withinRights(job.failed);
    if (failed === null) {
      const [status, response] = [job.failed.lastStatus, mayNotBeRead];
      await failures.rejected(job.failed, { status, response, final: true });
      this.#retried.delete(job.failed.id);
      return;
    }
    const outcome = await sender.again(failed, this.#lease);
    if (outcome.kind === 'DELIVERED') {
      await failures.delivered(failed);
      observer.delivered(1);
      if (health.succeeded(Date.now())) await observer.state('ACTIVE', null);
    } else if (outcome.kind === 'MESSAGE_REJECTED') {
      await failures.rejected(failed, outcome);
      if (health.succeeded(Date.now())) await observer.state('ACTIVE', null);
    } else if ((outcome.status ?? 0) >= 500 && (failed.lastStatus ?? 0) >= 500) {
      // It was at fault before: the target's health is judged by other messages.
      await failures.rejected(failed, { ...outcome, final: false });
    } else await this.#targetFailed(outcome);
    this.#retried.delete(failed.id);
  }

  /** A message made under other rights is made anew of the event as it is now; null where that is not possible. */
  async #withinRights(failed: FailedDelivery): Promise<FailedDelivery | null> {
    const { rights, sender } = this.#options;
    if (rights.key === openScope.readKey || failed.rights === rights.key) return failed;
    const event = await rights.event(failed.eventId);
    const message = event === null ? null : sender.encode([{ ...event, index: failed.index }]);
    if (message === null || message instanceof UndeliverableEvent) return null;
    return { ...failed, ...message };
  }

  /** Remembers a failure of the target, and gives it up when it has failed for too long. */
  async #targetFailed(outcome: TargetFailed | (DeliveryOutcome & { kind: 'TARGET_GONE' })) {
    const { health, observer, sink } = this.#options;
    if (outcome.kind === 'TARGET_GONE') {
      return await this.#disable(`The target answered ${outcome.status}: it is gone.`);
    }
    const wasFailing = health.isFailing;
    const now = Date.now();
    health.failed(now, outcome.retryAfterMs);
    const reason =
      outcome.status === null
        ? (outcome.response ?? 'The target does not answer.')
        : `The target answered ${outcome.status}.`;
    const failingMs = now - (health.failingSinceMs ?? now);
    if (failingMs > sink.disableAfterMs) {
      await this.#disable(`The target has failed for too long. ${reason}`);
    } else if (health.isFailing && !wasFailing) await observer.state('FAILING', reason);
  }

  /** Nothing more is sent; whoever supervises the sink ends the run. */
  async #disable(reason: string): Promise<void> {
    this.#isOver = true;
    await this.#options.observer.state('DISABLED', reason);
  }

  #settle(jobs: readonly EventJob[]): readonly EventJob[] {
    for (const { settle } of jobs) settle();
    return [];
  }

  /** Several events that were rejected together are tried one by one; a single one is kept. */
  async #rejected(
    jobs: readonly EventJob[],
    { status, response, final }: { status: number | null; response: string | null; final: boolean },
  ): Promise<readonly EventJob[]> {
    const [job, ...others] = jobs;
    if (job === undefined) return [];
    if (others.length > 0) {
      for (const each of jobs) each.alone = true;
      return jobs;
    }
    const nextAttemptAtMs = final ? null : nextAttemptAt(1, Date.now());
    await this.#keep(job, { status, error: response ?? '', attempts: 1, nextAttemptAtMs });
    return [];
  }

  #keepWaiting(job: EventJob): Promise<void> {
    const error = 'It waits for an earlier event of its key.';
    return this.#keep(job, { status: null, error, attempts: 0, nextAttemptAtMs: Date.now() });
  }

  /** Keeps a failed delivery; where there is no room the job stays under way, so that nothing passes it. */
  async #keep(
    job: EventJob,
    failure: Pick<FailedDelivery, 'attempts' | 'nextAttemptAtMs'> & {
      readonly status: number | null;
      readonly error: string;
    },
  ): Promise<void> {
    const { failures, observer, sender } = this.#options;
    const { event, key } = job;
    const message = sender.encode([event]);
    const encoded: EncodedMessage | null = message instanceof UndeliverableEvent ? null : message;
    const failed = {
      index: event.index,
      eventId: event.id,
      orderKey: key,
      key: event.key,
      status: failure.nextAttemptAtMs === null ? ('DEAD' as const) : ('RETRYING' as const),
      attempts: failure.attempts,
      lastStatus: failure.status,
      lastError: failure.error,
      nextAttemptAtMs: failure.nextAttemptAtMs,
      contentType: encoded?.contentType ?? '',
      headers: encoded?.headers ?? {},
      body: encoded?.body ?? '',
      rights: this.#options.rights.key,
    };
    let isBlocked = false;
    while (!(await failures.keep(failed))) {
      if (!isBlocked) await observer.state('BLOCKED', noRoom);
      isBlocked = true;
      await pause(this.#lookEveryMs, this.#lease.signal);
      this.#lease.signal.throwIfAborted();
    }
    if (isBlocked) await observer.state('ACTIVE', null);
    observer.failed(1);
    this.#settle([job]);
  }

  /** Puts failed deliveries that are due before the other events of their keys. */
  #look(): void {
    // While the target fails, what waits in the queue is sent as a probe.
    const isFailing = this.#options.health.failingSinceMs !== null;
    if (this.#isOver || (isFailing && this.#queue.size > 0)) return;
    this.#looking ??= this.#lookForDue()
      .catch((error: unknown) => {
        if (!(error instanceof Unavailable)) this.#fail(error);
      })
      .finally(() => {
        this.#looking = null;
      });
  }

  async #lookForDue(): Promise<void> {
    for (const failed of await this.#options.failures.due()) {
      if (this.#retried.has(failed.id)) continue;
      this.#retried.add(failed.id);
      this.#queue.addFirst(retryJob(failed));
    }
    this.#pump();
  }
}
