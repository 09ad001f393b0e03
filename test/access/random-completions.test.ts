import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { patienceMs } from '../patience.ts';
import { bootGuarded, type GuardedGateway } from './guarded-gateway.ts';
import {
  always,
  event,
  type Given,
  given,
  hiddenBy,
  isReadable,
  last,
  type Made,
} from './random-grants.ts';
import { followBySocket, type SocketFollower } from './socket-follower.ts';

/** One of several reports of an event; each is a change, as its message is its own. */
interface Said extends Made {
  readonly event: number;
}

interface Reported extends Made {
  readonly id: string;
  readonly index: number;
  readonly message: string;
}

/** The event that reports make together: one about a later moment overrides an earlier one. */
function merged(reports: readonly Reported[]): Reported {
  const sorted = reports.toSorted((a, b) => a.time - b.time || a.index - b.index);
  const last = sorted.at(-1) as Reported;
  return {
    ...last,
    tags: [...new Set(sorted.flatMap(({ tags }) => tags))],
    time: sorted[0]?.time ?? 0,
    index: Math.max(...sorted.map(({ index }) => index)),
  };
}

const digests = {
  admin: '8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918',
  reader: '3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30',
};
const policyOf = (grants: readonly Given[], isBlocked = false): string => `
roles: ${JSON.stringify({
  admin: { grants: [{ actions: ['ADMIN'] }] },
  reader: { grants },
  blocked: { grants: [{ actions: ['READ'], effect: 'DENY' }] },
})}
tokens:
  - { name: admin, sha256: "${digests.admin}", roles: [admin] }
  - { name: reader, sha256: "${digests.reader}", roles: [reader${isBlocked ? ', blocked' : ''}] }
`;

let guarded: GuardedGateway;
const reported: Reported[] = [];
const ids: string[] = [];

beforeAll(async () => {
  guarded = await bootGuarded(policyOf([always]));
});
afterAll(() => guarded[Symbol.asyncDispose]());

/** Records reports, and one last that everybody reads. */
async function record(said: readonly Said[]): Promise<void> {
  for (const { event: number, ...made } of [...said, { ...last, event: ids.length }]) {
    ids[number] ??= randomUUID();
    const id = ids[number];
    const owner = reported.find((each) => each.id === id);
    const namespace = owner?.namespace ?? made.namespace;
    const { size, key, ...others } = { ...made, namespace };
    const message = String(reported.length);
    const [result] = await guarded.booted.gateway.context.intake.report(
      [
        {
          ...others,
          id,
          dialect: 'TIDINGS',
          key: key || null,
          traits: [{ name: 'size', type: 'INT', value: size }],
          message,
        },
      ],
      'STORED',
    );
    if (result?.status !== 'STORED') throw new Error(JSON.stringify(result));
    reported.push({ ...made, namespace, id, index: result.index, message });
  }
}

type Shown = readonly [index: number, message: string];

/** Every state that an event has had, in the order of the journal. */
const changes = (): Reported[] =>
  reported.map((report, at) =>
    merged(reported.slice(0, at + 1).filter(({ id }) => id === report.id)),
  );
const latest = (): Reported[] => {
  const byId = new Map(changes().map((change) => [change.id, change]));
  return [...byId.values()].sort((a, b) => a.index - b.index);
};
const readable = (grants: readonly Given[], states: readonly Reported[], after = 0): Shown[] =>
  states
    .filter((state) => state.index > after && isReadable(grants, state))
    .map(({ index, message }) => [index, message]);

const shownBy = ({ messages }: SocketFollower): Shown[] =>
  messages.flatMap(({ payload }) => {
    const { events } = (payload as { data?: { events?: { index: number; message: string } } })
      ?.data ?? { events: undefined };
    return events ? [[events.index, events.message] as const] : [];
  });

const follow = (afterIndex: number | null) =>
  followBySocket(
    guarded.booted,
    'reader',
    `subscription { events(afterIndex: ${afterIndex}) { index message } }`,
  );

const until = (check: () => void) => vi.waitFor(check, { timeout: patienceMs, interval: 5 });

/** A feed that resumes shows each event as it is, and of the changes before that none that could not be read. */
async function checkResumed(grants: readonly Given[], after: number): Promise<void> {
  const feed = await follow(after);
  const end = reported.at(-1)?.index ?? 0;
  await until(() => expect(shownBy(feed).at(-1)?.[0]).toBe(end));
  const shown = shownBy(feed);
  feed.socket.terminate();
  const allowed = new Set(readable(grants, changes(), after).map(String));
  expect(shown.filter((each) => !allowed.has(String(each)))).toEqual([]);
  const indexes = shown.map(([index]) => index);
  expect(indexes).toEqual([...new Set(indexes)].sort((a, b) => a - b));
  expect(shown).toEqual(expect.arrayContaining(readable(grants, latest(), after)));
}

const query = '{ events(first: 1000, orderBy: INDEX_ASC) { totalCount nodes { index message } } }';

async function checkReads(grants: readonly Given[]): Promise<void> {
  const expected = readable(grants, latest());
  const { data, errors } = await guarded.ask('reader', query);
  expect(errors).toBeUndefined();
  const { nodes, totalCount } = data.events;
  expect(nodes.map(({ index, message }: Reported) => [index, message])).toEqual(expected);
  expect(totalCount).toBe(expected.length);
  const counted = await guarded.ask('reader', '{ aggregateEvents { rows { count } } }');
  expect(counted.data.aggregateEvents.rows[0].count).toBe(expected.length);
  const hidden = hiddenBy(grants);
  for (const [name, selection] of [
    ['VALUE', '{ events { nodes { value } } }'],
    ['RAW', '{ events { nodes { raw } } }'],
    ['TRAITS', '{ events { nodes { traits { name } } } }'],
    ['TRAITS', '{ events { nodes { trait(name: "size") { int } } } }'],
    [
      'TRAITS',
      '{ events(filter: { traits: [{ name: "size", op: GTE, value: { int: 0 } }] }) { totalCount } }',
    ],
    ['TRAITS', '{ aggregateEvents(measure: { trait: "size" }) { rows { max } } }'],
  ] as const) {
    const code = (await guarded.ask('reader', selection)).errors?.[0]?.extensions.code;
    expect(code, selection).toBe(hidden.has(name) ? 'FORBIDDEN' : undefined);
  }
}

const said: fc.Arbitrary<readonly Said[]> = fc.array(
  fc.tuple(event, fc.nat(3)).map(([made, number]) => ({ ...made, event: number })),
  { minLength: 1, maxLength: 10 },
);

test('completions that move an event into a scope or out of it: a query, a live feed and one that resumes show what the grants allow, before and after another policy', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(given, { maxLength: 3 }),
      fc.array(given, { maxLength: 3 }),
      fc.boolean(),
      fc.tuple(said, said),
      async (some, others, isBlocked, [first, second]) => {
        const base = ids.length;
        const own = (list: readonly Said[]) =>
          list.map((each) => ({ ...each, event: base + each.event }));
        // Every number has its id before the last ones take theirs.
        for (let number = 0; number < 4; number += 1) ids.push(randomUUID());
        const before = [always, ...some];
        const after = [always, ...others];
        await guarded.replacePolicy(policyOf(before));
        const live = await follow(reported.at(-1)?.index ?? 0);
        const begun = reported.at(-1)?.index ?? 0;
        await record(own(first));
        await until(() => expect(shownBy(live)).toEqual(readable(before, changes(), begun)));
        await checkReads(before);
        await checkResumed(before, 0);

        const seen = reported.at(-1)?.index ?? 0;
        await guarded.replacePolicy(policyOf(after, isBlocked));
        await record(own(second));
        if (isBlocked) {
          await live.until('error');
          expect((await guarded.ask('reader', query)).errors?.[0]?.extensions.code).toBe(
            'FORBIDDEN',
          );
          expect(readable(before, changes(), begun)).toEqual(expect.arrayContaining(shownBy(live)));
        } else {
          await checkReads(after);
          await checkResumed(after, seen);
          await checkResumed(after, 0);
        }
        const isEnded = live.messages.some(({ type }) => type === 'error');
        expect(shownBy(live).filter(([index]) => index > seen)).toEqual(
          isEnded ? [] : readable(after, changes(), seen),
        );
        live.socket.terminate();
      },
    ),
    { numRuns: 20, endOnFailure: true },
  );
});
