import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConsumerLease, ConsumerRun, DurableConsumer } from '../../src/consumers/consumer.ts';
import { ConsumerSupervisor, type SupervisorTimes } from '../../src/consumers/supervisor.ts';
import type { Event } from '../../src/event/event.ts';
import { everything } from '../../src/event/filter.ts';
import { FeedError, type OpenFeed } from '../../src/live/feed.ts';
import type { ConsumerCursors } from '../../src/store/write/consumer-cursors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { patienceMs } from '../patience.ts';

const log = createLog('silent');
/** Quick enough for a test, and a lease that no pause of a crowded machine outlasts. */
const quick = { renewEveryMs: 50, claimEveryMs: 20, saveEveryMs: 10 };

const eventAt = (index: number) => ({ index }) as Event;

/** A journal of the indexes 1 to `last`, whose feeds wait for more. */
class FakeJournal {
  firstIndex = 0;
  last = 0;
  readonly openFeed: OpenFeed = (request, signal) => this.#read(request.afterIndex ?? 0, signal);

  async *#read(afterIndex: number, signal: AbortSignal) {
    if (afterIndex < this.firstIndex) {
      throw new FeedError('INDEX_EXPIRED', 'expired', { firstIndex: this.firstIndex });
    }
    let index = afterIndex;
    while (!signal.aborted) {
      while (index < this.last) {
        index += 1;
        yield { index, events: [eventAt(index)] };
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

/** Notes what it is given, and settles it when the test says so. */
class NotingConsumer implements DurableConsumer {
  readonly name = `test:${randomUUID()}`;
  readonly filter = everything;
  readonly maxRepeatedEvents = 10;
  readonly handed: number[] = [];
  readonly gaps: (readonly [number, number])[] = [];
  lease: ConsumerLease | null = null;
  runs = 0;
  settle: (index: number) => Promise<void> = async () => {};

  begin(lease: ConsumerLease): ConsumerRun {
    this.lease = lease;
    this.runs += 1;
    return {
      handle: async (events) => {
        for (const { index } of events) {
          this.handed.push(index);
          await this.settle(index);
        }
      },
      gap: async (from, to) => void this.gaps.push([from, to]),
      end: () => {},
    };
  }
}

/** Durable consumers over any database. */
export function consumerContract(cursors: () => ConsumerCursors): void {
  const opened: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each[Symbol.asyncDispose]();
  });

  const supervise = (openFeed: OpenFeed, times: Partial<SupervisorTimes> = {}) => {
    const options = { cursors: cursors(), openFeed, log, times: { ...quick, ...times } };
    const supervisor = new ConsumerSupervisor(options);
    opened.push(supervisor);
    return supervisor;
  };
  const cursorOf = async (name: string) => (await cursors().cursors([name])).get(name);
  const until = (condition: () => unknown) =>
    vi.waitFor(
      async () => {
        if (!(await condition())) throw new Error('not yet');
      },
      { timeout: patienceMs, interval: 5 },
    );
  const claim = async (name: string, holder: string, leaseMs = 60_000) =>
    (await cursors().claim({ names: [name], holder, leaseMs, limit: 10 }))[0];

  describe('leases', () => {
    const newName = async () => {
      const name = `test:${randomUUID()}`;
      await cursors().ensure(name, 7);
      return name;
    };

    test('one holder claims a consumer, and another only after it is released', async () => {
      const name = await newName();
      expect(await claim(name, 'a')).toEqual({ name, cursor: 7, epoch: 1 });
      expect(await claim(name, 'b')).toBeUndefined();
      await cursors().release([name], 'b');
      expect(await claim(name, 'b')).toBeUndefined();
      await cursors().release([name], 'a');
      expect(await claim(name, 'b')).toEqual({ name, cursor: 7, epoch: 2 });
    });

    test('a lease that ran out is neither renewed nor does it save, once another has it', async () => {
      const name = await newName();
      await claim(name, 'a', 0);
      const renew = { names: [name], holder: 'a', leaseMs: 60_000 };
      expect(await cursors().renew(renew)).toEqual(new Set());
      expect(await claim(name, 'b')).toMatchObject({ epoch: 2 });
      expect(await cursors().save([{ name, epoch: 1, cursor: 9 }])).toEqual(new Set());
      expect(await cursors().save([{ name, epoch: 2, cursor: 8 }])).toEqual(new Set([name]));
      expect(await cursorOf(name)).toBe(8);
    });

    test('a cursor never moves back, unless it is reset, which ends the lease', async () => {
      const name = await newName();
      await claim(name, 'a');
      expect(await cursors().save([{ name, epoch: 1, cursor: 6 }])).toEqual(new Set());
      await cursors().reset(name, 2);
      expect(await cursors().save([{ name, epoch: 1, cursor: 9 }])).toEqual(new Set());
      expect(await claim(name, 'b')).toEqual({ name, cursor: 2, epoch: 3 });
    });

    test('a consumer that has a cursor keeps it, and one that was removed is forgotten', async () => {
      const name = await newName();
      await cursors().ensure(name, 1);
      expect(await cursorOf(name)).toBe(7);
      await cursors().remove(name);
      expect(await cursorOf(name)).toBeUndefined();
      expect(await claim(name, 'a')).toBeUndefined();
    });

    test('several cursors are saved as one, each by its own epoch', async () => {
      const [mine, lost] = [await newName(), await newName()];
      await claim(mine, 'a');
      const saved = await cursors().save([
        { name: mine, epoch: 1, cursor: 20 },
        { name: lost, epoch: 1, cursor: 20 },
      ]);
      expect(saved).toEqual(new Set([mine]));
    });
  });

  describe('a supervisor', () => {
    test('hands everything over in order and saves how far it got', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 3);
      journal.last = 50;
      await supervise(journal.openFeed).add(consumer);
      await until(async () => (await cursorOf(consumer.name)) === 50);
      expect(consumer.handed).toEqual(Array.from({ length: 47 }, (_, at) => at + 4));
    });

    test('never saves a cursor ahead of what is settled, and hands over no more than the window', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      const settled = new Map<number, () => void>();
      consumer.settle = (index) => new Promise((resolve) => settled.set(index, resolve));
      await cursors().ensure(consumer.name, 0);
      journal.last = 30;
      const supervisor = supervise(journal.openFeed);
      await supervisor.add(consumer);
      await until(() => consumer.handed.length === consumer.maxRepeatedEvents);
      settled.get(2)?.();
      settled.get(3)?.();
      await supervisor.add(consumer);
      expect(await cursorOf(consumer.name)).toBe(0);
      await until(() => consumer.handed.length === 2 * consumer.maxRepeatedEvents);
      settled.get(1)?.();
      settled.get(3)?.();
      settled.get(2)?.();
      await until(async () => (await cursorOf(consumer.name)) === 3);
      await until(() => consumer.handed.at(-1) === consumer.maxRepeatedEvents + 3);
    });

    test('gives again what was not saved when a gateway ends abruptly', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      journal.last = 5;
      // A gateway that died without a word: it had saved 2.
      await claim(consumer.name, 'dead', 300);
      await cursors().save([{ name: consumer.name, epoch: 1, cursor: 2 }]);
      await supervise(journal.openFeed).add(consumer);
      await until(async () => (await cursorOf(consumer.name)) === 5);
      expect(consumer.handed).toEqual([3, 4, 5]);
    });

    test('stops the work of a consumer that another gateway has taken', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      await supervise(journal.openFeed).add(consumer);
      await until(() => consumer.lease !== null);
      const { lease } = consumer;
      await cursors().reset(consumer.name, 0);
      await claim(consumer.name, 'another');
      await until(() => lease?.signal.aborted);
      expect(lease?.isHeld()).toBe(false);
      journal.last = 3;
      expect(consumer.handed).toEqual([]);
    });

    test('ends the work before a lease that cannot be renewed runs out', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      const times = { leaseMs: 2_000, marginMs: 1_900, renewEveryMs: 60_000 };
      await supervise(journal.openFeed, times).add(consumer);
      await until(() => consumer.lease !== null);
      const { lease } = consumer;
      await until(() => lease?.signal.aborted);
      // Its lease had 1.9 s left then, so that it is taken over again only after that.
      await until(() => consumer.runs === 2);
    });

    test('renews for as long as the work goes on', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      let renewals = 0;
      const counting: ConsumerCursors = {
        ...cursors(),
        async renew(request) {
          const renewed = await cursors().renew(request);
          renewals += renewed.size;
          return renewed;
        },
      };
      const times = { ...quick, leaseMs: 60_000 };
      const supervisor = new ConsumerSupervisor({
        cursors: counting,
        openFeed: journal.openFeed,
        log,
        times,
      });
      opened.push(supervisor);
      await supervisor.add(consumer);
      await until(() => renewals >= 3);
      expect(consumer.lease?.isHeld()).toBe(true);
      expect(consumer.runs).toBe(1);
    });

    test('two share what there is to run', async () => {
      const journal = new FakeJournal();
      const names = Array.from({ length: 20 }, () => new NotingConsumer());
      for (const { name } of names) await cursors().ensure(name, 0);
      const both = [supervise(journal.openFeed), supervise(journal.openFeed)] as const;
      await Promise.all(both.map((each) => Promise.all(names.map((name) => each.add(name)))));
      await until(() => both[0].heldCount + both[1].heldCount === 20);
      for (const { heldCount } of both) expect(heldCount).toBeGreaterThan(0);
    });

    test('lets another go on at once when it closes', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      journal.last = 4;
      const first = supervise(journal.openFeed);
      await first.add(consumer);
      await until(() => consumer.handed.length === 4);
      await first[Symbol.asyncDispose]();
      journal.last = 6;
      await supervise(journal.openFeed).add(consumer);
      await until(() => consumer.handed.length === 6);
      expect(consumer.handed).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('hands over the gap where retention has passed the cursor, and goes on after it', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 2);
      journal.firstIndex = 10;
      journal.last = 12;
      await supervise(journal.openFeed).add(consumer);
      await until(async () => (await cursorOf(consumer.name)) === 12);
      expect(consumer.gaps).toEqual([[2, 10]]);
      expect(consumer.handed).toEqual([11, 12]);
    });

    test('begins again at the cursor when the consumer fails', async () => {
      const journal = new FakeJournal();
      const consumer = new NotingConsumer();
      await cursors().ensure(consumer.name, 0);
      journal.last = 3;
      consumer.settle = async (index) => {
        if (index === 2 && consumer.runs === 1) throw new Error('broken');
      };
      await supervise(journal.openFeed).add(consumer);
      await until(async () => (await cursorOf(consumer.name)) === 3);
      expect(consumer.runs).toBe(2);
      expect(consumer.handed.slice(-2)).toEqual([2, 3]);
    });
  });
}
