import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { ConsumerLease, ConsumerRun } from '../../src/consumers/consumer.ts';
import { ConsumerSupervisor } from '../../src/consumers/supervisor.ts';
import type { Event } from '../../src/event/event.ts';
import { now } from '../../src/event/instant.ts';
import { Live } from '../../src/live/live.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import type { Encoder } from '../../src/sinks/encoder.ts';
import { KeptFailures } from '../../src/sinks/kept-failures.ts';
import type { SinkOrder } from '../../src/sinks/ordered-queue.ts';
import { ReplayRun } from '../../src/sinks/replay-run.ts';
import { newSinkRow } from '../../src/sinks/rows.ts';
import { Sender } from '../../src/sinks/sender.ts';
import { SinkRun } from '../../src/sinks/sink-run.ts';
import type { DeliveryOutcome, DeliveryRequest, Target } from '../../src/sinks/target.ts';
import { TargetHealth } from '../../src/sinks/target-health.ts';
import type { OpenStore } from '../../src/store/open.ts';
import type { FailedDeliveries } from '../../src/store/sinks/failed-delivery-table.ts';
import type { ConsumerCursors } from '../../src/store/write/consumer-cursors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { Opened } from '../journal/opened.ts';
import { report } from '../journal/report.ts';
import { patienceMs } from '../patience.ts';

const log = createLog('silent');
const within = { timeout: patienceMs, interval: 10 };

/** So short that a crowded machine loses leases by itself now and then. */
const times = {
  leaseMs: 1_000,
  marginMs: 300,
  renewEveryMs: 200,
  claimEveryMs: 20,
  saveEveryMs: 5,
};
/** So small that feeds read from the store often. */
const limits = { ringChanges: 12, warmChanges: 5, pageEvents: 3, turnChanges: 2 };

/** What the target does with the next message. DIE: the gateway that sends it dies, before or after the target has it. */
const deeds = [
  'TAKE',
  'TAKE',
  'TAKE',
  'TAKE_LATE',
  'REJECT',
  'NEVER',
  'FAIL',
  'DOWN',
  'GONE',
  'DIE_BEFORE',
  'DIE_AFTER',
] as const;
type Deed = (typeof deeds)[number];

const taken: DeliveryOutcome = { kind: 'DELIVERED', status: 200, response: null };
const outcomes: Readonly<Record<Deed, DeliveryOutcome>> = {
  TAKE: taken,
  TAKE_LATE: taken,
  REJECT: { kind: 'MESSAGE_REJECTED', status: 422, response: null, final: false },
  NEVER: { kind: 'MESSAGE_REJECTED', status: 422, response: null, final: true },
  FAIL: { kind: 'TARGET_FAILED', status: 500, response: null, retryAfterMs: 0 },
  DOWN: { kind: 'TARGET_FAILED', status: null, response: null, retryAfterMs: 0 },
  GONE: { kind: 'TARGET_GONE', status: 410, response: null },
  DIE_BEFORE: taken,
  DIE_AFTER: taken,
};

interface Setup {
  readonly order: SinkOrder;
  readonly parallel: number;
  readonly batch: number;
}

type Command =
  | { readonly does: 'report'; readonly keys: readonly string[] }
  | { readonly does: 'complete'; readonly which: number }
  | { readonly does: 'answer'; readonly deeds: readonly Deed[] }
  | { readonly does: 'kill'; readonly at: number }
  /** The gateway's statements about leases fail: it loses what it runs, and another one takes over. */
  | { readonly does: 'cut off'; readonly at: number }
  | { readonly does: 'reconnect' }
  | { readonly does: 'retry' }
  | { readonly does: 'replay'; readonly back: number }
  | { readonly does: 'pass time'; readonly turns: number };

const does = <Name extends string>(name: Name) => fc.constant(name);
const key = fc.constantFrom('a', 'b', 'c');
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        does: does('report'),
        keys: fc.array(key, { minLength: 1, maxLength: 12 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ does: does('complete'), which: fc.nat(20) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        does: does('answer'),
        deeds: fc.array(fc.constantFrom(...deeds), { minLength: 1, maxLength: 12 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ does: does('kill'), at: fc.nat(10) }) },
    { weight: 1, arbitrary: fc.record({ does: does('cut off'), at: fc.nat(10) }) },
    { weight: 1, arbitrary: fc.record({ does: does('reconnect') }) },
    { weight: 2, arbitrary: fc.record({ does: does('retry') }) },
    { weight: 1, arbitrary: fc.record({ does: does('replay'), back: fc.nat(15) }) },
    { weight: 4, arbitrary: fc.record({ does: does('pass time'), turns: fc.nat(40) }) },
  ),
  { minLength: 3, maxLength: 25 },
);

/** Turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

const encoder: Encoder = {
  format: 'TEST',
  maxBatch: 3,
  encode: (events) => ({
    contentType: 'application/json',
    headers: {},
    body: JSON.stringify(events.map(({ id, index }) => ({ id, index }))),
  }),
};

interface Message {
  readonly messageId: string;
  readonly events: readonly Pick<Event, 'id' | 'index'>[];
}

interface Replay {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly messages: Message[];
  isDone: boolean;
}

/** A sink, the gateways that may run it, and its target. */
class World {
  readonly sinkId = randomUUID();
  readonly category = `Model${this.sinkId.slice(0, 8)}`;
  readonly setup: Setup;
  readonly opened: readonly Opened[];
  readonly gateways: Gateway[] = [];
  readonly replays: Replay[] = [];
  /** Every change of the sink's events, as the journal published it. */
  readonly published: Event[] = [];
  readonly messages: Message[] = [];
  /** Indexes of events that were kept as failed deliveries, and of those of them that were ever dead. */
  readonly kept = new Set<number>();
  readonly dead = new Set<number>();
  script: Deed[] = [];
  /** What is wrong as soon as it happens. */
  readonly faults: string[] = [];
  readonly #unfollow: () => void;
  readonly #ended: Promise<void>[] = [];

  constructor(opened: readonly Opened[], setup: Setup) {
    this.opened = opened;
    this.setup = setup;
    this.#unfollow =
      opened[0]?.journal.follow((changes) => {
        this.published.push(...changes.filter(({ category }) => category === this.category));
      }) ?? (() => {});
  }

  get store(): OpenStore {
    return (this.opened[0] as Opened).store;
  }

  get mainName(): string {
    return `sink:${this.sinkId}`;
  }

  async begin(): Promise<void> {
    const { journal } = this.opened[0] as Opened;
    const named = { id: this.sinkId, namespace: 'default', name: this.sinkId } as const;
    const row = { ...named, origin: 'API', owner: null, spec: {}, secrets: null } as const;
    await this.store.sinks.create(newSinkRow(row, now()));
    await this.store.consumers.ensure(this.mainName, await journal.lastIndex());
    for (const each of this.opened) await this.#start(each);
  }

  async run(command: Command): Promise<void> {
    const { journal } = this.opened[0] as Opened;
    switch (command.does) {
      case 'report':
        await journal.append(
          command.keys.map((key) => report({ key, category: this.category, namespace: 'default' })),
        );
        return;
      case 'complete': {
        const open = this.published.filter(({ endTime }) => endTime === null);
        const event = open[command.which % Math.max(1, open.length)];
        if (event === undefined) return;
        const { id, key, time, category } = event;
        await journal.append([report({ id, key, category, endTime: time + 1 })]);
        return;
      }
      case 'answer':
        this.script.push(...command.deeds);
        return;
      case 'kill':
        return await this.kill(this.gateways[command.at % this.gateways.length] as Gateway);
      case 'cut off':
        (this.gateways[command.at % this.gateways.length] as Gateway).isCutOff = true;
        return;
      case 'reconnect':
        for (const gateway of this.gateways) gateway.isCutOff = false;
        return;
      case 'retry':
        return await this.retry();
      case 'replay':
        return await this.#replay(command.back);
      case 'pass time':
        await turns(command.turns);
    }
  }

  /** It ends without a last word, and another one takes its place. */
  async kill(gateway: Gateway): Promise<void> {
    if (gateway.isDead) return;
    gateway.isDead = true;
    this.#ended.push(gateway.close());
    this.gateways.splice(this.gateways.indexOf(gateway), 1);
    await this.#start(gateway.opened);
  }

  async retry(): Promise<void> {
    const request = { statuses: ['RETRYING'] as const, first: 1_000, afterIndex: 0 };
    const { nodes } = await this.store.failedDeliveries.page(this.sinkId, request);
    const ids = nodes.map(({ id }) => id);
    if (ids.length > 0) await this.store.failedDeliveries.retry(this.sinkId, ids);
  }

  /** The target takes everything from now on, and everybody is well: whatever is left is delivered. */
  async settle(): Promise<void> {
    this.script = [];
    for (const gateway of this.gateways) gateway.isCutOff = false;
    const { journal } = this.opened[0] as Opened;
    const last = await journal.lastIndex();
    await vi.waitFor(async () => {
      expect(journal.position).toBeGreaterThanOrEqual(last);
      await this.retry();
      expect(await this.store.failedDeliveries.totalCount(this.sinkId, ['RETRYING'])).toBe(0);
      const left = this.latest.map(({ index }) => index).filter((index) => !this.#isEnded(index));
      expect(left).toEqual([]);
      expect(this.replays.filter(({ isDone }) => !isDone)).toEqual([]);
    }, within);
  }

  async stop(): Promise<void> {
    this.#unfollow();
    await Promise.all(this.gateways.map((gateway) => gateway.close()));
    await Promise.all(this.#ended);
    await this.store.sinks.delete(this.sinkId);
    for (const name of [this.mainName, ...this.replays.map((each) => each.name)]) {
      await this.store.consumers.remove(name);
    }
  }

  /** The last change of each event: what came before it need not be delivered. */
  get latest(): readonly Event[] {
    return [...new Map(this.published.map((event) => [event.id, event])).values()];
  }

  check(): void {
    expect(this.faults).toEqual([]);
    const known = new Map(this.published.map((event) => [event.index, event]));
    for (const { messageId, events } of [
      ...this.messages,
      ...this.replays.flatMap(({ messages }) => messages),
    ]) {
      const [first, last] = [events[0], events.at(-1)];
      for (const { id, index } of events) expect(known.get(index)?.id).toBe(id);
      const single = `evt_${first?.id}_${first?.index}`;
      expect(messageId).toBe(events.length === 1 ? single : `${single}_${last?.index}`);
    }
    const first = [...new Set(indexesOf(this.messages))].filter((index) => !this.dead.has(index));
    const orderKeyOf = (index: number) => {
      if (this.setup.order === 'STRICT') return '';
      return this.setup.order === 'NONE' ? String(index) : known.get(index)?.key;
    };
    for (const each of new Set(first.map(orderKeyOf))) {
      const ofKey = first.filter((index) => orderKeyOf(index) === each);
      expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
    }
    for (const { from, to, messages } of this.replays) {
      const delivered = new Set(indexesOf(messages));
      const lost = this.latest.filter(
        ({ index }) =>
          index >= from && index <= to && !delivered.has(index) && !this.kept.has(index),
      );
      expect(lost).toEqual([]);
    }
  }

  /** A cursor says that everything up to it is delivered, kept, or superseded by a later change. */
  checkCursor(cursor: number): void {
    const latest = new Set(this.latest.map(({ index }) => index));
    const ahead = this.published.filter(
      ({ index }) => index <= cursor && latest.has(index) && !this.#isSettled(index),
    );
    if (ahead.length > 0) this.faults.push(`cursor ${cursor} is ahead of ${ahead[0]?.index}`);
  }

  #isSettled(index: number): boolean {
    return this.kept.has(index) || this.#isTaken(index);
  }

  /** A failed delivery may be tried again by a replay, too. */
  #isEnded(index: number): boolean {
    if (this.dead.has(index) || this.#isTaken(index)) return true;
    return (
      this.kept.has(index) &&
      this.replays.some(({ messages }) => indexesOf(messages).includes(index))
    );
  }

  #isTaken(index: number): boolean {
    return this.messages.some(({ events }) => events.some((event) => event.index === index));
  }

  async #start(opened: Opened): Promise<void> {
    const gateway = new Gateway(this, opened);
    this.gateways.push(gateway);
    await gateway.add(null);
    for (const replay of this.replays) if (!replay.isDone) await gateway.add(replay);
  }

  /** Of what the sink itself has settled. */
  async #replay(back: number): Promise<void> {
    const to = (await this.store.consumers.cursors([this.mainName])).get(this.mainName) ?? 0;
    const from = Math.max(1, to - back);
    // As in Sinks: a range without an index is done at once.
    const isDone = from > to;
    const replay = { name: `replay:${randomUUID()}`, from, to, messages: [], isDone };
    this.replays.push(replay);
    if (isDone) return;
    await this.store.consumers.ensure(replay.name, from - 1);
    for (const gateway of [...this.gateways]) await gateway.add(replay);
  }
}

const indexesOf = (messages: readonly Message[]): readonly number[] =>
  messages.flatMap(({ events }) => events.map(({ index }) => index));

/** One process: everything that it does fails once it is dead. */
class Gateway {
  readonly opened: Opened;
  isDead = false;
  isCutOff = false;
  readonly #world: World;
  readonly #live: Live;
  readonly #supervisor: ConsumerSupervisor;

  constructor(world: World, opened: Opened) {
    this.#world = world;
    this.opened = opened;
    this.#live = new Live({ ...opened, log, limits });
    const { openFeed } = this.#live;
    this.#supervisor = new ConsumerSupervisor({ cursors: this.#cursors(), openFeed, log, times });
  }

  async add(replay: Replay | null): Promise<void> {
    await this.#supervisor.add({
      name: replay?.name ?? this.#world.mainName,
      filter: { categories: [this.#world.category] },
      maxRepeatedEvents: 8,
      begin: (lease) => this.#begin(replay, lease),
    });
  }

  async close(): Promise<void> {
    this.#live[Symbol.dispose]();
    await this.#supervisor[Symbol.asyncDispose]();
  }

  #begin(replay: Replay | null, lease: ConsumerLease): ConsumerRun {
    const { sinkId, setup } = this.#world;
    const sender = new Sender({
      tracing: null,
      sinkId,
      encoder,
      target: this.#target(replay),
      routingKey: null,
      replay: replay !== null,
      attempted: () => {},
    });
    const run = new SinkRun(lease, {
      sink: { id: sinkId, ...setup, delivers: 'EVERY_CHANGE', disableAfterMs: 3_600_000 },
      encoder,
      sender,
      failures: new KeptFailures(this.#failures(), replay === null ? lease.cursor : null),
      rights: { key: '', event: () => Promise.reject(new Error('not asked')) },
      health: new TargetHealth(null),
      observer: {
        delivered: () => {},
        failed: () => {},
        gap: () => {},
        // A person resumes it at once.
        state: async (state) => {
          if (state === 'DISABLED') setImmediate(() => this.isDead || void this.add(replay));
        },
      },
      log,
      lookEveryMs: 5,
    });
    if (replay === null) return run;
    return new ReplayRun(run, replay, async () => {
      replay.isDone = true;
    });
  }

  #target(replay: Replay | null): Target {
    const world = this.#world;
    return {
      deliver: async ({ message, messageId, signal }: DeliveryRequest) => {
        await turns(1);
        this.#throwIfOver(signal);
        const deed = world.script.shift() ?? 'TAKE';
        if (deed === 'TAKE_LATE') await turns(20);
        this.#throwIfOver(signal);
        if (outcomes[deed].kind === 'DELIVERED' && deed !== 'DIE_BEFORE') {
          const events = JSON.parse(message.body) as Message['events'];
          (replay?.messages ?? world.messages).push({ messageId, events });
        }
        if (deed === 'DIE_BEFORE' || deed === 'DIE_AFTER') await world.kill(this);
        this.#throwIfOver(signal);
        return outcomes[deed];
      },
      async [Symbol.asyncDispose]() {},
    };
  }

  #throwIfOver(signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.isDead) throw new Error('dead');
  }

  #failures(): FailedDeliveries {
    const { sinkId, store, kept, dead } = this.#world;
    const table = store.failedDeliveries.of(sinkId);
    const alive = <Result>(work: () => Promise<Result>): Promise<Result> =>
      this.isDead ? Promise.reject(new Unavailable('The gateway is dead.')) : work();
    return {
      keep: (failed) =>
        alive(async () => {
          if (failed.nextAttemptAtMs === null) dead.add(failed.index);
          const isKept = await table.keep(failed);
          if (isKept) kept.add(failed.index);
          return isKept;
        }),
      waitingKeys: () => alive(() => table.waitingKeys()),
      deadAfter: (index) => alive(() => table.deadAfter(index)),
      due: (limit) => alive(() => table.due(limit)),
      delivered: (failed) => alive(() => table.delivered(failed)),
      rejected: (failed, again) =>
        alive(() => {
          if (again.nextAttemptAtMs === null) dead.add(failed.index);
          return table.rejected(failed, again);
        }),
    };
  }

  #cursors(): ConsumerCursors {
    const { consumers } = this.opened.store;
    const check = () => {
      if (this.isDead || this.isCutOff) throw new Unavailable('The database is unreachable.');
    };
    return {
      ...consumers,
      claim: async (request) => {
        check();
        return await consumers.claim(request);
      },
      renew: async (request) => {
        check();
        return await consumers.renew(request);
      },
      release: async (names, holder) => {
        check();
        await consumers.release(names, holder);
      },
      save: async (checkpoints) => {
        check();
        for (const { name, cursor } of checkpoints) {
          if (name === this.#world.mainName) this.#world.checkCursor(cursor);
        }
        return await consumers.save(checkpoints);
      },
    };
  }
}

/** Where nothing was ever reported. */
const replayOfNothing: [Setup, Command[]] = [
  { order: 'KEY', parallel: 1, batch: 1 },
  [{ does: 'replay', back: 5 }],
];

/**
 * Checks sinks over a journal: whatever a target answers, whichever gateways die or lose their leases, and whatever is
 * retried and replayed, nothing is lost, the order of each key is kept, ids stay, and no cursor is ahead of what is settled.
 */
export async function holdsForSinks(
  opened: readonly Opened[],
  { runs }: { readonly runs: number },
): Promise<void> {
  const setups = fc.record({
    order: fc.constantFrom<SinkOrder>('KEY', 'KEY', 'STRICT', 'NONE'),
    parallel: fc.integer({ min: 1, max: 4 }),
    batch: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(setups, commands, async (setup, given) => {
      const world = new World(opened, setup);
      await world.begin();
      try {
        for (const command of given) await world.run(command);
        await world.settle();
      } finally {
        await world.stop();
      }
      world.check();
    }),
    { numRuns: runs, endOnFailure: true, examples: [replayOfNothing] },
  );
}
