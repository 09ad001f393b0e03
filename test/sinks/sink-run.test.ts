import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runConsumer } from '../../src/consumers/run-consumer.ts';
import { RepeatWindow } from '../../src/consumers/window.ts';
import type { Event } from '../../src/event/event.ts';
import { everything } from '../../src/event/filter.ts';
import type { OpenFeed } from '../../src/live/feed.ts';
import type { Encoder } from '../../src/sinks/encoder.ts';
import { KeptFailures } from '../../src/sinks/kept-failures.ts';
import type { SinkOrder } from '../../src/sinks/ordered-queue.ts';
import { Sender } from '../../src/sinks/sender.ts';
import { SinkRun } from '../../src/sinks/sink-run.ts';
import type { DeliveryOutcome, DeliveryRequest, Target } from '../../src/sinks/target.ts';
import { TargetHealth } from '../../src/sinks/target-health.ts';
import type {
  FailedDeliveries,
  FailedDelivery,
} from '../../src/store/sinks/failed-delivery-table.ts';
import { createLog } from '../../src/telemetry/log.ts';

const log = createLog('silent');

/** What a target does with a message: the last three end the run while the message is under way, before or after it was taken. */
const deeds = [
  'TAKE',
  'TAKE',
  'TAKE',
  'REJECT',
  'NEVER',
  'FAIL',
  'DOWN',
  'DIE_BEFORE',
  'DIE_AFTER',
] as const;
type Deed = (typeof deeds)[number];

const outcomes: Readonly<Record<Exclude<Deed, 'DIE_BEFORE' | 'DIE_AFTER'>, DeliveryOutcome>> = {
  TAKE: { kind: 'DELIVERED', status: 200, response: null },
  REJECT: { kind: 'MESSAGE_REJECTED', status: 422, response: null, final: false },
  NEVER: { kind: 'MESSAGE_REJECTED', status: 422, response: null, final: true },
  FAIL: { kind: 'TARGET_FAILED', status: 500, response: null, retryAfterMs: 0 },
  DOWN: { kind: 'TARGET_FAILED', status: null, response: null, retryAfterMs: 0 },
};

/** Failed deliveries that are due at once, as after a person has asked for them. */
class ImpatientFailures implements FailedDeliveries {
  rows: FailedDelivery[] = [];
  readonly dead: FailedDelivery[] = [];

  async keep(failed: Omit<FailedDelivery, 'id'>): Promise<boolean> {
    await Promise.resolve();
    const known = [...this.rows, ...this.dead].some(({ index }) => index === failed.index);
    const row = { ...failed, id: String(failed.index) };
    if (!known) (failed.status === 'DEAD' ? this.dead : this.rows).push(row);
    return true;
  }
  async waitingKeys() {
    return new Set(this.rows.map(({ orderKey }) => orderKey));
  }
  async deadAfter(cursor: number) {
    return new Set(this.dead.map(({ index }) => index).filter((index) => index > cursor));
  }
  async due() {
    const rows = this.rows.toSorted((a, b) => a.index - b.index);
    return rows.filter(
      (row, at) => rows.findIndex(({ orderKey }) => orderKey === row.orderKey) === at,
    );
  }
  async delivered({ id }: FailedDelivery) {
    this.rows = this.rows.filter((row) => row.id !== id);
  }
  async rejected(
    failed: FailedDelivery,
    again: Pick<FailedDelivery, 'lastStatus' | 'lastError' | 'nextAttemptAtMs'>,
  ) {
    const row = this.rows.find(({ id }) => id === failed.id);
    if (row === undefined) return;
    await this.delivered(failed);
    const next = { ...row, ...again, attempts: row.attempts + 1 };
    (again.nextAttemptAtMs === null ? this.dead : this.rows).push(next);
  }
}

interface Taken {
  readonly messageId: string;
  readonly indexes: readonly number[];
}

interface World {
  readonly events: readonly Event[];
  readonly failures: ImpatientFailures;
  readonly taken: Taken[];
  readonly script: Deed[];
  /** Ends the run that is under way, as a process dies. */
  die: () => void;
}

const encoder: Encoder = {
  format: 'TEST',
  maxBatch: 3,
  encode: (events) => ({
    contentType: 'application/json',
    headers: {},
    body: JSON.stringify(events.map(({ index }) => index)),
  }),
};

const targetOf = (world: World): Target => ({
  async deliver({ message, messageId, signal }: DeliveryRequest) {
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    const deed = world.script.shift() ?? 'TAKE';
    const indexes = JSON.parse(message.body) as number[];
    if (deed === 'TAKE' || deed === 'DIE_AFTER') world.taken.push({ messageId, indexes });
    if (deed === 'DIE_BEFORE' || deed === 'DIE_AFTER') {
      world.die();
      signal.throwIfAborted();
    }
    return outcomes[deed as keyof typeof outcomes] ?? outcomes.DOWN;
  },
  async [Symbol.asyncDispose]() {},
});

const feedOf = (events: readonly Event[], batch: number): OpenFeed =>
  async function* (request, signal) {
    const rest = events.filter(({ index }) => index > (request.afterIndex ?? 0));
    for (let at = 0; at < rest.length; at += batch) {
      const page = rest.slice(at, at + batch);
      yield { index: page.at(-1)?.index ?? 0, events: page };
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  };

interface Setup {
  readonly order: SinkOrder;
  readonly parallel: number;
  readonly batch: number;
  readonly page: number;
}

/** One life of a gateway: until everything is settled, or it dies. @returns the cursor that it saved */
async function live(world: World, setup: Setup, cursor: number): Promise<number> {
  let saved = cursor;
  const ended = new AbortController();
  world.die = () => ended.abort();
  const last = world.events.length;
  const window = new RepeatWindow(8, (settled) => {
    // The cursor is never ahead of what was delivered or kept.
    for (let index = saved + 1; index <= settled; index++)
      expect(isSettled(world, index)).toBe(true);
    saved = settled;
    window.saved(settled);
  });
  const timer = setInterval(() => {
    if (saved === last && world.failures.rows.length === 0) ended.abort();
  }, 1);
  const target = targetOf(world);
  const sender = new Sender({
    tracing: null,
    sinkId: 's',
    encoder,
    target,
    routingKey: null,
    replay: false,
    attempted: () => {},
  });
  await runConsumer(
    {
      name: 'sink:s',
      filter: everything,
      maxRepeatedEvents: 8,
      begin: (lease) =>
        new SinkRun(lease, {
          sink: { id: 's', ...setup, delivers: 'EVERY_CHANGE', disableAfterMs: 3_600_000 },
          encoder,
          sender,
          failures: new KeptFailures(world.failures, lease.cursor),
          health: new TargetHealth(null),
          rights: { key: '', event: () => Promise.reject(new Error('not asked')) },
          observer: { delivered: () => {}, failed: () => {}, gap: () => {}, state: async () => {} },
          log,
          lookEveryMs: 1,
        }),
    },
    { cursor, signal: ended.signal, epoch: 1, isHeld: () => !ended.signal.aborted },
    feedOf(world.events, setup.page),
    window,
  ).catch((error: unknown) => {
    if (!ended.signal.aborted) throw error;
  });
  clearInterval(timer);
  return saved;
}

const isSettled = ({ taken, failures }: World, index: number): boolean =>
  taken.some(({ indexes }) => indexes.includes(index)) ||
  [...failures.rows, ...failures.dead].some((row) => row.index === index);

/** The order in which the target took events for the first time. */
const firstTaken = ({ taken }: World): readonly number[] => [
  ...new Set(taken.flatMap(({ indexes }) => indexes)),
];

function check(world: World, { order, batch }: Setup): void {
  const dead = new Set(world.failures.dead.map(({ index }) => index));
  const first = firstTaken(world);
  for (const { index } of world.events) expect(first.includes(index) || dead.has(index)).toBe(true);
  const keyOf = (index: number) => {
    if (order === 'STRICT') return '';
    return order === 'NONE' ? String(index) : world.events[index - 1]?.key;
  };
  for (const key of new Set(world.events.map(({ index }) => keyOf(index)))) {
    const ofKey = first.filter((index) => keyOf(index) === key);
    expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
  }
  if (batch > 1) return;
  for (const { messageId, indexes } of world.taken) {
    expect(messageId).toBe(`evt_id-${indexes[0]}_${indexes[0]}`);
  }
}

test('whatever a target answers and whenever a gateway dies: nothing is lost, the order of each key is kept, ids stay', async () => {
  const setups = fc.record({
    order: fc.constantFrom<SinkOrder>('KEY', 'STRICT', 'NONE'),
    parallel: fc.integer({ min: 1, max: 4 }),
    batch: fc.integer({ min: 1, max: 3 }),
    page: fc.integer({ min: 1, max: 4 }),
  });
  const keys = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 20 });
  const script = fc.array(fc.constantFrom(...deeds), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(setups, keys, script, async (setup, given, deedsToDo) => {
      const events = given.map((key, at) => ({ index: at + 1, id: `id-${at + 1}`, key }) as Event);
      const world: World = {
        events,
        failures: new ImpatientFailures(),
        taken: [],
        script: [...deedsToDo],
        die: () => {},
      };
      let cursor = 0;
      const isDone = () => cursor === events.length && world.failures.rows.length === 0;
      for (let lives = 0; !isDone(); lives++) {
        expect(lives).toBeLessThan(100);
        cursor = await live(world, setup, cursor);
      }
      check(world, setup);
    }),
    { numRuns: 200 },
  );
});
