import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import { Channels } from './channels.ts';
import { type ChangeTarget, Distributor } from './distributor.ts';
import { FeedError, type FeedRequest } from './feed.ts';
import { FilterIndex } from './filter-index.ts';
import { History } from './history.ts';
import { PulledFeed, type PulledFeedParts } from './pulled-feed.ts';
import { Ring } from './ring.ts';
import { Subscriber, type SubscriberParts } from './subscriber.ts';
import type { FeedOperation, FeedReceiver, Subscription } from './subscription.ts';
import { warm } from './warm.ts';

export interface LiveLimits {
  /** Recent changes kept in memory, from which feeds resume without the store. */
  readonly ringChanges: number;
  readonly ringBytes: number;
  /** Changes with which the ring is filled from the store at the start. */
  readonly warmChanges: number;
  /** Events of one read of history. */
  readonly pageEvents: number;
  /** Changes distributed in one turn of the event loop. */
  readonly turnChanges: number;
  /** Distinct subscriptions at most. */
  readonly maxChannels: number;
  /** How long a feed waits for a store that does not answer. */
  readonly storePatienceMs: number;
  /** How long feeds stay open while the journal is down. */
  readonly journalPatienceMs: number;
  /** A feed without a matching event for this time is sent the index that it has reached; at most 9,000. */
  readonly checkpointAfterMs: number;
}

const defaultLiveLimits: LiveLimits = {
  ringChanges: 16_384,
  ringBytes: 64 * 2 ** 20,
  warmChanges: 4_096,
  pageEvents: 256,
  turnChanges: 128,
  maxChannels: 50_000,
  storePatienceMs: 10_000,
  journalPatienceMs: 30_000,
  checkpointAfterMs: 8_000,
};

export interface LiveOptions {
  readonly journal: Journal;
  readonly store: Store;
  readonly log: Log;
  /** Called with the seconds from recordedAt until a live event was handed to the first of its subscriptions. */
  readonly onDelay?: (seconds: number) => void;
  readonly limits?: Partial<LiveLimits>;
}

/** Numbers of now, and counts since the start. */
export interface LiveStats {
  readonly subscriptions: number;
  readonly channels: number;
  /** Feeds that are read through openFeed. */
  readonly feeds: number;
  /** Changes in memory, from which feeds resume without the store. */
  readonly recent: number;
  /** Terms and filters in the filter index. */
  readonly indexEntries: number;
  /** Messages handed to subscriptions. */
  readonly deliveries: number;
}

/** How often checkpoints are due and the journal's health is checked. */
const tickMs = 1_000;

/** Live feeds of the journal. The parts are wired here; docs/live.md has the picture, Subscriber the phases of a feed. */
export class Live implements Disposable {
  readonly #options: LiveOptions;
  readonly #limits: LiveLimits;
  readonly #ring: Ring;
  readonly #filterIndex = new FilterIndex<ChangeTarget>();
  readonly #distributor: Distributor;
  readonly #history: History;
  readonly #channels: Channels;
  readonly #subscribers = new Set<Subscriber>();
  readonly #feeds = new Set<PulledFeed>();
  readonly #subscriberParts: SubscriberParts;
  readonly #feedParts: PulledFeedParts;
  readonly #unfollow: () => void;
  readonly #timer: NodeJS.Timeout;
  #deliveries = 0;
  /** The latest event whose delay was measured. */
  #handedOver = 0;
  #downSinceMs: number | null = null;
  #closed = false;

  constructor(options: LiveOptions) {
    const { journal, store, log, onDelay = () => {} } = options;
    this.#options = options;
    this.#limits = { ...defaultLiveLimits, ...options.limits };
    const {
      storePatienceMs: patienceMs,
      pageEvents,
      turnChanges,
      checkpointAfterMs,
    } = this.#limits;
    const filterIndex = this.#filterIndex;
    const ring = new Ring(this.#limits);
    const history = new History({ journal, store, ring, patienceMs, pageEvents });
    const distributor = new Distributor(ring, filterIndex, turnChanges);
    const channels = new Channels(filterIndex, {
      // Once for each event, however many channels it has: a histogram costs as much as a filter.
      handedOver: (index, recordedAt) => {
        if (index <= this.#handedOver) return;
        this.#handedOver = index;
        onDelay(Date.now() / 1e3 - recordedAt / 1e6);
      },
      delivered: (subscriptions) => {
        this.#deliveries += subscriptions;
      },
    });
    this.#ring = ring;
    this.#history = history;
    this.#distributor = distributor;
    this.#channels = channels;
    const subscribers = this.#subscribers;
    this.#subscriberParts = { history, distributor, channels, subscribers, log, checkpointAfterMs };
    this.#feedParts = { history, filterIndex, feeds: this.#feeds, checkpointAfterMs };
    this.#unfollow = journal.follow(this.#distributor.follow);
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
    void this.#warm();
  }

  /**
   * Begins to send a subscription's messages to a receiver. Equal subscriptions share one execution. Every other error goes to
   * the receiver.
   * @throws FeedError TOO_MANY
   */
  readonly subscribe = (operation: FeedOperation, receiver: FeedReceiver): Subscription => {
    this.#rejectTooMany(operation);
    const subscriber = new Subscriber(operation, receiver, this.#subscriberParts);
    if (this.#closed) subscriber.end(null);
    else subscriber.start();
    return subscriber;
  };

  /** Follows the journal by pulling: see OpenFeed. */
  readonly openFeed = (request: FeedRequest, signal: AbortSignal): PulledFeed => {
    // The feed begins when it is opened, even if it is read later.
    const { afterIndex, journalId = null } = request;
    const now = afterIndex === null && journalId === null ? this.#history.now : null;
    const feed = new PulledFeed(request, now, signal, this.#feedParts);
    if (this.#closed) feed.end(null);
    return feed;
  };

  stats(): LiveStats {
    return {
      subscriptions: this.#subscribers.size,
      channels: this.#channels.size,
      feeds: this.#feeds.size,
      recent: this.#ring.size,
      indexEntries: this.#filterIndex.entries,
      deliveries: this.#deliveries,
    };
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#unfollow();
    this.#endAll(null);
    this.#distributor[Symbol.dispose]();
  }

  /** A subscriber in its backfill executes on its own and counts as a channel. */
  #rejectTooMany(operation: FeedOperation): void {
    const { maxChannels } = this.#limits;
    if (this.#channels.has(operation) && operation.request.afterIndex === null) return;
    const backfilling = this.#subscribers.size - this.#channels.members;
    if (this.#channels.size + backfilling < maxChannels) return;
    throw new FeedError(
      'TOO_MANY',
      `The gateway serves at most ${maxChannels} distinct subscriptions at a time.`,
    );
  }

  async #warm(): Promise<void> {
    const { journal, store, log } = this.#options;
    try {
      await warm(this.#ring, { journal, store, maxChanges: this.#limits.warmChanges });
    } catch (error) {
      log.debug({ error }, 'Recent events could not be read from the store; feeds resume from it.');
    }
  }

  #tick(): void {
    this.#watchJournal();
    const { distributed } = this.#distributor;
    this.#channels.checkpoint(distributed, this.#limits.checkpointAfterMs);
    for (const feed of this.#feeds) feed.checkpoint(distributed);
  }

  /** While this gateway's journal is down, another gateway may be notified of events: its clients connect to that one. */
  #watchJournal(): void {
    const healthReason = this.#options.journal.healthReason();
    this.#downSinceMs = healthReason === null ? null : (this.#downSinceMs ?? performance.now());
    if (this.#downSinceMs === null) return;
    if (performance.now() - this.#downSinceMs < this.#limits.journalPatienceMs) return;
    this.#endAll((lastIndex) => new FeedError('UNAVAILABLE', healthReason ?? '', { lastIndex }));
  }

  #endAll(error: ((lastIndex: number) => FeedError) | null): void {
    for (const subscriber of this.#subscribers) subscriber.end(error?.(subscriber.index) ?? null);
    for (const feed of this.#feeds) feed.end(error?.(feed.index) ?? null);
  }
}
