import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import type { Event, Report } from '../../src/event/event.ts';
import type { Filter } from '../../src/event/filter.ts';
import { compileFilter } from '../../src/event/matcher.ts';
import { Live } from '../../src/live/live.ts';
import type { FeedOperation } from '../../src/live/subscription.ts';
import type { Store } from '../../src/store/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { Opened as OpenedOver } from '../journal/opened.ts';
import { report } from '../journal/report.ts';
import { patienceMs } from '../patience.ts';
import { ListReceiver, operationOf, rendered } from './list-receiver.ts';

type Opened = OpenedOver<Store>;

const log = createLog('silent');
const within = { timeout: patienceMs, interval: 5 };

type Way = 'events' | 'slow events' | 'late events' | 'batches' | 'pulled';

/** A step, and the gateway at which it happens. */
type Command = { readonly at: number } & (
  | { readonly does: 'report'; readonly tags: readonly string[][]; readonly waits: boolean }
  | {
      readonly does: 'complete';
      readonly which: number;
      readonly tag: string;
      readonly waits: boolean;
    }
  | {
      readonly does: 'subscribe';
      readonly filter: Filter;
      readonly way: Way;
      readonly back: number;
    }
  | { readonly does: 'leave'; readonly which: number }
  | { readonly does: 'come back'; readonly which: number; readonly way: Way }
  | { readonly does: 'settle' }
  | { readonly does: 'restart' }
);

const tag = fc.constantFrom('a', 'b', 'c');
const filter: fc.Arbitrary<Filter> = fc.constantFrom<Filter>(
  // Most share one filter, so that channels have several members.
  {},
  {},
  {},
  {},
  {},
  { tags: ['a'] },
  { anyTags: ['b', 'c'] },
  { not: { tags: ['a'] } },
  { tags: ['no event has it'] },
  { ended: true },
);
const way = fc.constantFrom<Way>(
  'events',
  'slow events',
  'late events',
  'late events',
  'batches',
  'batches',
  'pulled',
);
const which = fc.nat(1000);
const does = <Name extends string>(name: Name) => fc.constant(name);
const at = fc.nat(10);
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        at,
        does: does('report'),
        waits: fc.boolean(),
        tags: fc.array(fc.uniqueArray(tag, { maxLength: 2 }), { minLength: 1, maxLength: 20 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ at, does: does('complete'), which, tag, waits: fc.boolean() }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        at,
        does: does('subscribe'),
        filter,
        way,
        back: fc.integer({ min: -1, max: 40 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ at, does: does('leave'), which }) },
    { weight: 3, arbitrary: fc.record({ at, does: does('come back'), which, way }) },
    { weight: 2, arbitrary: fc.record({ at, does: does('settle') }) },
    { weight: 1, arbitrary: fc.record({ at, does: does('restart') }) },
  ),
  { minLength: 3, maxLength: 40 },
);

/** Turns of the event loop between two commands. */
const pauses = fc.array(fc.nat(3), { minLength: 1, maxLength: 10 });

const renderedLate: FeedOperation['render'] = async (root) => {
  await nextTurn();
  return rendered(root);
};

/** A client that follows, leaves, and resumes after the last index that it was given. */
class Follower {
  readonly matches: (event: Event) => boolean;
  readonly filter: Filter;
  readonly got: Event[] = [];
  start: number | null = null;
  way: Way | null = null;
  /** After this index it was given every change, not only the latest of each event. */
  liveSince: number | null = null;
  present: { index(): number; take(): Event[]; leave(): Promise<void> | void } | null = null;

  constructor(filter: Filter) {
    this.filter = filter;
    this.matches = compileFilter(filter);
  }

  get index(): number {
    return this.present?.index() ?? this.#index;
  }
  #index = 0;
  #knownAtCome = 0;

  come({ live, opened }: Gateway, way: Way, afterIndex: number | null): void {
    this.liveSince = null;
    this.way = way;
    // Changes that neither the store nor the gateway knows yet may come later.
    this.#knownAtCome = Math.min(opened.store.storedIndex, opened.journal.position);
    this.present =
      way === 'pulled' ? this.#pull(live, afterIndex) : this.#push(live, way, afterIndex);
  }

  async leave(published: readonly Event[]): Promise<void> {
    this.#index = this.index;
    const got = this.present?.take() ?? [];
    this.got.push(...got);
    const latest = latestOf(published.filter(({ index }) => index <= this.#knownAtCome));
    // An event that changed more than once while it was disconnected comes once.
    const stale = got.filter((event) => (latest.get(event.id) ?? 0) > event.index);
    expect(stale).toEqual([]);
    await this.present?.leave();
    this.present = null;
  }

  #push(live: Live, way: Way, afterIndex: number | null): Follower['present'] {
    const receiver = new ListReceiver(way === 'slow events' ? 2 : undefined);
    const operation = operationOf(this.filter, {
      afterIndex,
      key: `${way} ${JSON.stringify(this.filter)}`,
      batching: way === 'batches' ? { maxSize: 5, maxWaitMicros: 10_000 } : null,
      render: way === 'late events' ? renderedLate : rendered,
    });
    const subscription = live.subscribe(operation, receiver);
    if (receiver.begun !== null) this.start ??= receiver.begun;
    return {
      index: () => {
        if (receiver.ended) throw receiver.ended;
        // One that leaves before its feed began resumes at its own afterIndex.
        return Math.max(receiver.index, afterIndex ?? 0);
      },
      take: () => receiver.events,
      leave: () => subscription.cancel(),
    };
  }

  #pull(live: Live, afterIndex: number | null): Follower['present'] {
    const gone = new AbortController();
    const feed = live.openFeed({ filter: this.filter, afterIndex }, gone.signal);
    if (afterIndex === null) this.start ??= feed.index;
    const events: Event[] = [];
    let index = feed.index || (afterIndex ?? 0);
    const reading = (async () => {
      for await (const batch of feed) {
        events.push(...batch.events);
        index = batch.index;
      }
    })();
    return {
      index: () => index,
      take: () => events,
      leave: async () => {
        gone.abort();
        await reading;
      },
    };
  }
}

const latestOf = (changes: readonly Event[]): ReadonlyMap<string, number> =>
  new Map(changes.map(({ id, index }) => [id, index]));

/** Checks that a follower was given every change it must have, of all that were published. */
function check(follower: Follower, published: readonly Event[]): void {
  const latest = latestOf(published);
  const byIndex = new Map(published.map((event) => [event.index, event]));
  const { got, start, matches, liveSince } = follower;
  for (const [n, event] of got.entries()) {
    expect(event).toEqual(byIndex.get(event.index));
    expect(matches(event)).toBe(true);
    expect(event.index).toBeGreaterThan(n === 0 ? (start ?? 0) : (got[n - 1]?.index as number));
  }
  const given = new Set(got.map(({ index }) => index));
  const missing = published.filter(
    (event) =>
      event.index > (start ?? 0) &&
      matches(event) &&
      !given.has(event.index) &&
      (latest.get(event.id) === event.index || (liveSince !== null && event.index > liveSince)),
  );
  expect(missing).toEqual([]);
}

/** A gateway's live feeds, and its journal. */
class Gateway {
  readonly opened: Opened;
  readonly live: Live;

  constructor(opened: Opened, published: Published) {
    this.opened = opened;
    opened.journal.follow((changes) => published.add(changes));
    // So small that feeds read from the store often.
    const limits = { ringChanges: 12, warmChanges: 5, pageEvents: 3, turnChanges: 2 };
    this.live = new Live({ ...opened, log, limits });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.live[Symbol.dispose]();
    await this.opened[Symbol.asyncDispose]();
  }
}

/** Every change that the journals published; all gateways must publish the same. */
class Published {
  readonly #byIndex = new Map<number, Event>();

  add(changes: readonly Event[]): void {
    for (const event of changes) {
      const known = this.#byIndex.get(event.index);
      if (known) expect(event).toEqual(known);
      this.#byIndex.set(event.index, event);
    }
  }

  get inOrder(): readonly Event[] {
    return [...this.#byIndex.values()].sort((a, b) => a.index - b.index);
  }
}

/** Gateways of one journal, and their followers. */
class World {
  readonly #open: () => Promise<Opened>;
  readonly #published: Published;
  readonly #gateways: Gateway[] = [];
  readonly #followers: Follower[] = [];
  readonly #homes = new Map<Follower, Gateway>();
  #appends: Promise<readonly { readonly index: number }[]>[] = [];

  constructor(open: () => Promise<Opened>, published: Published) {
    this.#open = open;
    this.#published = published;
  }

  async start(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      this.#gateways.push(new Gateway(await this.#open(), this.#published));
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#appends);
    for (const gateway of this.#gateways) await this.#leaveAll(gateway);
    for (const gateway of this.#gateways) await gateway[Symbol.asyncDispose]();
  }

  async run(command: Command): Promise<void> {
    const gateway = this.#gateways[command.at % this.#gateways.length] as Gateway;
    switch (command.does) {
      case 'report':
        return this.#append(
          gateway,
          command.waits,
          ...command.tags.map((tags) => report({ tags })),
        );
      case 'complete':
        return this.#complete(gateway, command.which, command.tag, command.waits);
      case 'subscribe':
        return this.#subscribe(gateway, command.filter, command.way, command.back);
      case 'leave': {
        const present = this.#followers.filter((follower) => follower.present);
        return this.#leave(present[command.which % present.length]);
      }
      case 'come back': {
        const absent = this.#followers.filter((follower) => !follower.present);
        const follower = absent[command.which % absent.length];
        return follower && this.#come(follower, gateway, command.way, follower.index);
      }
      case 'settle':
        return this.settle();
      case 'restart':
        return this.#restart(gateway);
    }
  }

  /** Waits until every connected follower has been given everything. */
  async settle(): Promise<void> {
    const appended = await Promise.all(this.#appends);
    this.#appends = [];
    const tip = Math.max(...appended.flat().map(({ index }) => index), this.#tip);
    for (const { opened } of this.#gateways) {
      await vi.waitFor(() => expect(opened.journal.position).toBeGreaterThanOrEqual(tip), within);
    }
    const published = this.#published.inOrder;
    const latest = latestOf(published);
    const isLatest = ({ id, index }: Event) => latest.get(id) === index;
    for (const follower of this.#homes.keys()) {
      const due =
        published.findLast((event) => isLatest(event) && follower.matches(event))?.index ?? 0;
      await vi.waitFor(() => expect(follower.index).toBeGreaterThanOrEqual(due), within);
      // One that was given the last change has caught up; but a pulled feed may lag again.
      if (follower.index >= tip && follower.way !== 'pulled') follower.liveSince ??= tip;
    }
  }

  /** Every follower resumes once more, is given the missing events, and leaves. */
  async finish(): Promise<void> {
    for (const [n, follower] of this.#followers.entries()) {
      if (follower.present) continue;
      const gateway = this.#gateways[n % this.#gateways.length] as Gateway;
      this.#come(follower, gateway, 'events', follower.index);
    }
    await this.settle();
    for (const gateway of this.#gateways) await this.#leaveAll(gateway);
    for (const follower of this.#followers) check(follower, this.#published.inOrder);
    for (const { live } of this.#gateways) {
      const nothing = { subscriptions: 0, channels: 0, feeds: 0, indexEntries: 0 };
      expect(live.stats()).toMatchObject(nothing);
    }
  }

  get #tip(): number {
    return this.#published.inOrder.at(-1)?.index ?? 0;
  }

  /** Without `waits` the next command runs while the reports are being recorded. */
  async #append({ opened }: Gateway, waits: boolean, ...reports: Report[]): Promise<void> {
    const appended = opened.journal.append(reports);
    this.#appends.push(appended);
    if (waits) await appended;
  }

  async #complete(gateway: Gateway, which: number, tag: string, waits: boolean): Promise<void> {
    const { id } = this.#published.inOrder.at(-1 - (which % 10)) ?? {};
    if (id === undefined) return;
    const time = 1_700_000_000_000_000 + which;
    await this.#append(gateway, waits, report({ id, tags: [tag], time, endTime: time }));
  }

  #subscribe(gateway: Gateway, filter: Filter, way: Way, back: number): void {
    const follower = new Follower(filter);
    follower.start = back < 0 ? null : Math.max(1, this.#tip - back);
    if ((follower.start ?? 0) > this.#tip) return;
    this.#come(follower, gateway, way, follower.start);
    this.#followers.push(follower);
  }

  #come(follower: Follower, gateway: Gateway, way: Way, afterIndex: number | null): void {
    follower.come(gateway, way, afterIndex);
    this.#homes.set(follower, gateway);
  }

  async #leave(follower: Follower | undefined): Promise<void> {
    if (follower === undefined) return;
    this.#homes.delete(follower);
    await follower.leave(this.#published.inOrder);
  }

  async #leaveAll(gateway: Gateway): Promise<void> {
    for (const [follower, home] of this.#homes) if (home === gateway) await this.#leave(follower);
  }

  async #restart(gateway: Gateway): Promise<void> {
    await Promise.allSettled(this.#appends);
    await this.#leaveAll(gateway);
    await gateway[Symbol.asyncDispose]();
    this.#gateways[this.#gateways.indexOf(gateway)] = new Gateway(
      await this.#open(),
      this.#published,
    );
  }
}

/**
 * Checks that each follower is given every matching event once, in order, whatever is reported, completed and restarted,
 * and at whichever gateway it follows and resumes.
 */
export async function holdsForFollowers(
  open: () => Promise<Opened>,
  { gateways, runs }: { gateways: number; runs: number },
): Promise<void> {
  const published = new Published();
  await fc.assert(
    fc.asyncProperty(commands, pauses, async (given, pausing) => {
      const world = new World(open, published);
      await world.start(gateways);
      try {
        for (const [n, command] of given.entries()) {
          await world.run(command);
          const turns = pausing[n % pausing.length] ?? 0;
          for (let turn = 0; turn < turns; turn++) await nextTurn();
        }
        await world.finish();
      } finally {
        await world.stop();
      }
    }),
    { numRuns: runs },
  );
}
