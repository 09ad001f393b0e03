import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type FollowedEvent, follow } from '../../src/client/follow.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { startCuttingProxy } from './cutting-proxy.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const socketUrl = (port = new URL(gateway.url).port) => `ws://127.0.0.1:${port}/graphql`;
const quick = { shortestPauseMs: 1, longestPauseMs: 20 };

async function report(tag: string, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, () => ({ type: 'Test.Event', tags: [tag] }));
  const { reportEvents } = await gateway.gql<{ reportEvents: { results: { id: string }[] } }>(
    `mutation ($events: [EventInput!]!) {
      reportEvents(events: $events) { results { ... on ReportedEvent { id } } }
    }`,
    { events },
  );
  return reportEvents.results.map(({ id }) => id);
}

const lastIndex = async (): Promise<number> => {
  const { journal } = await gateway.gql<{ journal: { lastIndex: number } }>(
    '{ journal { lastIndex } }',
  );
  return journal.lastIndex;
};

/** Random numbers that are the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('follow', () => {
  test('skips nothing and repeats nothing while its connection is cut hundreds of times', async () => {
    await using proxy = await startCuttingProxy(Number(new URL(gateway.url).port));
    const next = random(7);
    const seen: FollowedEvent[] = [];
    let breaks = 0;
    const following = follow(socketUrl(String(proxy.port)), {
      filter: { tags: ['cut'] },
      afterIndex: await lastIndex(),
      onEvent: (event) => void seen.push(event),
      onBreak: () => {
        breaks += 1;
      },
      ...quick,
    });
    const reported: string[] = [];
    while (breaks < 200) {
      reported.push(...(await report('cut', 1 + Math.floor(next() * 5))));
      if (next() < 0.7) proxy.cut();
    }
    await vi.waitFor(() => expect(seen).toHaveLength(reported.length));
    expect(seen.map(({ id }) => id)).toEqual(reported);
    expect(following.index).toBeGreaterThanOrEqual(seen.at(-1)?.index as number);
    await following.stop();
  }, 120_000);

  test('without afterIndex it begins now, and events during a disconnection are not missed', async () => {
    await using proxy = await startCuttingProxy(Number(new URL(gateway.url).port));
    await report('now', 3);
    const seen: string[] = [];
    const following = follow(socketUrl(String(proxy.port)), {
      filter: { tags: ['now'] },
      onEvent: ({ id }) => void seen.push(id),
      ...quick,
    });
    await vi.waitFor(() => expect(following.index).not.toBeNull());
    proxy.cut();
    const reported = await report('now', 2);
    await vi.waitFor(() => expect(seen).toEqual(reported));
    await following.stop();
  });

  test('a slow follower is waited for, one event after another', async () => {
    const from = await lastIndex();
    const reported = await report('slow', 20);
    const seen: string[] = [];
    let busy = 0;
    const following = follow(socketUrl(), {
      filter: { tags: ['slow'] },
      afterIndex: from,
      async onEvent({ id }) {
        expect(++busy).toBe(1);
        await Promise.resolve();
        seen.push(id);
        busy -= 1;
      },
    });
    await vi.waitFor(() => expect(seen).toEqual(reported));
    await following.stop();
  });

  test('asks for the selected fields', async () => {
    const from = await lastIndex();
    await report('selected', 1);
    const seen: unknown[] = [];
    const following = follow<{ index: number; category: { name: string } }>(socketUrl(), {
      filter: { tags: ['selected'] },
      afterIndex: from,
      selection: 'category { name }',
      onEvent: (event) => void seen.push(event),
    });
    await vi.waitFor(() =>
      expect(seen).toEqual([{ index: expect.any(Number), category: { name: 'Test' } }]),
    );
    await following.stop();
  });

  test('ends with an error that no retry would mend', async () => {
    const bad = follow(socketUrl(), { filter: { types: ['['] }, onEvent: () => {} });
    await expect(bad.done).rejects.toMatchObject({ code: 'BAD_USER_INPUT', final: true });
    const ahead = follow(socketUrl(), { afterIndex: 1_000_000, onEvent: () => {} });
    await expect(ahead.done).rejects.toMatchObject({ code: 'INDEX_AHEAD' });
    const failing = follow(socketUrl(), {
      afterIndex: 0,
      onEvent: () => {
        throw new Error('enough');
      },
    });
    await expect(failing.done).rejects.toMatchObject({ code: 'ON_EVENT' });
  });

  test('ends with OTHER_JOURNAL where the index is of another journal', async () => {
    const { journal } = await gateway.gql<{ journal: { id: string } }>('{ journal { id } }');
    await report('journal', 1);
    const seen: string[] = [];
    const following = follow(socketUrl(), {
      filter: { tags: ['journal'] },
      afterIndex: 0,
      onEvent: ({ id }) => void seen.push(id),
    });
    await vi.waitFor(() => expect(seen).toHaveLength(1));
    expect(following.journalId).toBe(journal.id);
    await following.stop();
    const elsewhere = follow(socketUrl(), {
      afterIndex: 0,
      journalId: '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a',
      onEvent: () => {},
    });
    await expect(elsewhere.done).rejects.toMatchObject({ code: 'OTHER_JOURNAL', final: true });
  });

  test('stops while it waits to connect', async () => {
    const tried: Error[] = [];
    const following = follow('ws://127.0.0.1:1/graphql', {
      onEvent: () => {},
      onBreak: (error) => void tried.push(error),
      shortestPauseMs: 60_000,
    });
    await vi.waitFor(() => expect(tried).toHaveLength(1));
    await following.stop();
    await expect(following.done).resolves.toBeUndefined();
  });
});
