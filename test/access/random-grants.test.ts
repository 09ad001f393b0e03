import fc from 'fast-check';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { eventually } from '../dialects/eventually.ts';
import { bearer, bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';
import { always, event, type Given, given, isReadable, last, type Made } from './random-grants.ts';

let guarded: GuardedGateway;
const recorded: Made[] = [];
const policyOf = (grants: readonly Given[]): string =>
  `roles: ${JSON.stringify({ admin: { grants: [{ actions: ['ADMIN'] }] }, reader: { grants } })}\n${tokensFor('admin', 'reader')}`;

beforeAll(async () => {
  guarded = await bootGuarded(policyOf([always]));
});
afterAll(() => guarded[Symbol.asyncDispose]());

/** Records events, and one last that everybody reads; its number. */
async function record(events: readonly Made[]): Promise<number> {
  const drafts = [...events, last].map(({ size, key, ...each }) => {
    const number = recorded.push({ size, key, ...each }) - 1;
    const traits = [{ name: 'size', type: 'INT', value: size } as const];
    return {
      ...each,
      dialect: 'TIDINGS',
      key: key || null,
      traits,
      message: String(number),
    } as const;
  });
  const results = await guarded.booted.gateway.context.intake.report(drafts, 'STORED');
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['STORED']));
  return recorded.length - 1;
}

const readableBy = (grants: readonly Given[], from = 0): number[] =>
  [...recorded.keys()].filter(
    (number) => number >= from && isReadable(grants, recorded[number] as Made),
  );

async function use(grants: readonly Given[]): Promise<void> {
  await guarded.replacePolicy(policyOf(grants));
  const { data } = await guarded.ask('reader', '{ viewer { grants { namespaces topics } } }');
  const allowing = grants.filter(({ effect }) => effect !== 'DENY');
  const written = allowing.map((each) => [...each.namespaces].sort());
  expect(data.viewer.grants.map(({ namespaces }: Given) => namespaces)).toEqual(written);
}

/** Queries, counts and statistics. */
async function checkReads(grants: readonly Given[]): Promise<void> {
  const { data, errors } = await guarded.ask(
    'reader',
    `{
      all: events(first: 1000, orderBy: INDEX_ASC) { totalCount nodes { message } }
      failed: events(first: 1000, orderBy: INDEX_ASC, filter: { severities: [ERROR], not: { tags: ["x"] } }) { totalCount nodes { message } }
      aggregateEvents(groupBy: [{ field: NAMESPACE }]) { rows { count group { value } } }
      tags(first: 10) { nodes { tag count } }
    }`,
  );
  expect(errors).toBeUndefined();
  const readable = readableBy(grants);
  const failed = readable.filter((number) => {
    const { severity, tags } = recorded[number] as Made;
    return severity === 'ERROR' && !tags.includes('x');
  });
  for (const [answered, expected] of [
    [data.all, readable],
    [data.failed, failed],
  ]) {
    expect(answered.nodes.map(({ message }: { message: string }) => Number(message))).toEqual(
      expected,
    );
    expect(answered.totalCount).toBe(expected.length);
  }
  const counted = (labels: (made: Made) => readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const number of readable) {
      for (const label of labels(recorded[number] as Made))
        counts[label] = (counts[label] ?? 0) + 1;
    }
    return counts;
  };
  const rows: { count: number; group: { value: string }[] }[] = data.aggregateEvents.rows;
  expect(Object.fromEntries(rows.map(({ count, group }) => [group[0]?.value, count]))).toEqual(
    counted(({ namespace }) => [namespace]),
  );
  const nodes: { tag: string; count: number }[] = data.tags.nodes;
  expect(Object.fromEntries(nodes.map(({ tag, count }) => [tag, count]))).toEqual(
    counted(({ tags }) => tags),
  );
}

interface Feed extends AsyncDisposable {
  readonly numbers: readonly number[];
  /** Null while it goes on. */
  readonly lastIndex: number | null;
}

/** A feed of everything after an index, or of what happens from now on. */
async function follow(afterIndex: number | null): Promise<Feed> {
  const client = createClient({
    url: guarded.booted.webSocketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { ...bearer('reader') },
  });
  const numbers: number[] = [];
  let lastIndex: number | null = null;
  const query = 'subscription ($after: SafeInt) { events(afterIndex: $after) { message } }';
  client.subscribe<{ events: { message: string } }>(
    { query, variables: { after: afterIndex } },
    {
      next: ({ data }) => {
        if (data) numbers.push(Number(data.events.message));
      },
      error: (error) => {
        const [first] = error as { extensions: { code: string; lastIndex: number } }[];
        if (first?.extensions.code === 'FORBIDDEN') lastIndex = first.extensions.lastIndex;
      },
      complete: () => {},
    },
  );
  return {
    numbers,
    get lastIndex() {
      return lastIndex;
    },
    [Symbol.asyncDispose]: async () => void (await client.dispose()),
  };
}

const rightsOf = (grants: readonly Given[]): string => JSON.stringify(grants);

test('reads and feeds show what the grants allow and no more, before and after another policy', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(given, { maxLength: 4 }),
      fc.array(given, { maxLength: 4 }),
      fc.boolean(),
      fc.array(event, { minLength: 1, maxLength: 8 }),
      async (some, others, isSame, events) => {
        const before = [always, ...some];
        const after = isSame ? before : [always, ...others];
        await use(before);
        await using resumed = await follow(0);
        await eventually(() => expect(resumed.numbers).toEqual(readableBy(before)));
        await using live = await follow(null);
        // A feed that is new has begun once it brings something.
        await eventually(async () => {
          await record([]);
          expect(live.numbers.length).toBeGreaterThan(0);
        });
        const begun = live.numbers[0] as number;
        await record(events);
        for (const [feed, from] of [
          [resumed, 0],
          [live, begun],
        ] as const) {
          await eventually(() => expect(feed.numbers).toEqual(readableBy(before, from)));
        }
        await checkReads(before);

        const seen = recorded.length;
        await use(after);
        const changes = [...recorded.keys()].some((number) => {
          const made = recorded[number] as Made;
          return isReadable(before, made) !== isReadable(after, made);
        });
        if (changes) await eventually(() => expect(resumed.lastIndex).not.toBeNull());
        await record(events);
        await checkReads(after);
        if (rightsOf(before) === rightsOf(after)) {
          await eventually(() => expect(live.numbers).toEqual(readableBy(after, begun)));
          expect(live.lastIndex).toBeNull();
        } else if (resumed.lastIndex !== null) {
          await using again = await follow(resumed.lastIndex);
          await eventually(() => expect(again.numbers).toEqual(readableBy(after, seen)));
          expect(resumed.numbers.filter((number) => number >= seen)).toEqual([]);
        }
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
});
