import { randomUUID } from 'node:crypto';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Session } from './session.ts';

interface Followed {
  readonly events: { readonly index: number; readonly value: number };
}

const subscription = `subscription ($tags: [String!], $after: SafeInt) {
  events(filter: { tags: $tags }, afterIndex: $after) { index value }
}`;

const numbered = (from: number, count: number): object[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'Feed.Item', value: from + n }));

/** Events are reported through one gateway and followed through another. */
export function describeFeeds(session: Session): void {
  test('a feed over WebSocket resumes and goes on live, in order, without a gap', async () => {
    const { tag, indexes } = await session.report(numbered(0, 10));
    const client = createClient({ url: session.reader.webSocketUrl, webSocketImpl: WebSocket });
    const variables = { tags: [tag], after: indexes[4] };
    const got: Followed['events'][] = [];
    for await (const { data } of client.iterate<Followed>({ query: subscription, variables })) {
      if (data) got.push(data.events);
      if (got.length === 5) void session.report(numbered(10, 5), tag);
      if (got.length === 10) break;
    }
    await client.dispose();
    expect(got.map(({ value }) => value)).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    const received = got.map(({ index }) => index);
    expect(received).toEqual(received.toSorted((a, b) => a - b));
  });

  test('a feed over server-sent events is the same feed', async () => {
    const { tag } = await session.report(numbered(0, 3));
    const client = createSseClient({ url: session.reader.url, retryAttempts: 0 });
    const got: number[] = [];
    const variables = { tags: [tag], after: 0 };
    for await (const { data } of client.iterate<Followed>({ query: subscription, variables })) {
      if (data) got.push(data.events.value);
      if (got.length === 3) void session.report(numbered(3, 3), tag);
      if (got.length === 6) break;
    }
    client.dispose();
    expect(got).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('many events come in few batches', async () => {
    const { tag } = await session.report(numbered(0, 500));
    const client = createClient({ url: session.reader.webSocketUrl, webSocketImpl: WebSocket });
    const query = `subscription ($tags: [String!]) {
      eventBatches(filter: { tags: $tags }, afterIndex: 0, maxSize: 200) { index events { index value } }
    }`;
    const got: number[] = [];
    let batches = 0;
    for await (const { data } of client.iterate<{
      eventBatches: { index: number; events: Followed['events'][] };
    }>({ query, variables: { tags: [tag] } })) {
      const { events = [], index = 0 } = data?.eventBatches ?? {};
      expect(events.length).toBeLessThanOrEqual(200);
      expect(index).toBeGreaterThanOrEqual(events.at(-1)?.index ?? 0);
      got.push(...events.map(({ value }) => value));
      batches++;
      if (got.length === 500) break;
    }
    await client.dispose();
    expect(got).toEqual(numbered(0, 500).map((_, n) => n));
    expect(batches).toBeLessThan(50);
  });

  test('an event that is completed while it is followed comes again, whole', async () => {
    const id = randomUUID();
    const { tag, indexes } = await session.report([
      { id, type: 'Run', message: 'begun', time: '2026-01-01T00:00:00Z' },
    ]);
    const client = createClient({ url: session.reader.webSocketUrl, webSocketImpl: WebSocket });
    const query = `subscription ($tags: [String!], $after: SafeInt) {
      events(filter: { tags: $tags, ended: true }, afterIndex: $after) { id message endTime traits { name } }
    }`;
    const variables = { tags: [tag], after: indexes[0] };
    void session.report(
      [
        {
          id,
          type: 'Run',
          time: '2026-01-01T00:00:00Z',
          endTime: '2026-01-01T00:01:00Z',
          traits: [{ name: 'exit', value: { int: 0 } }],
        },
      ],
      tag,
    );
    for await (const { data } of client.iterate({ query, variables })) {
      expect(data).toEqual({
        events: {
          id,
          message: 'begun',
          endTime: '2026-01-01T00:01:00.000Z',
          traits: [{ name: 'exit' }],
        },
      });
      break;
    }
    await client.dispose();
  });

  test.each([
    ['an index that the journal has not reached', { after: 900_000_000_000 }, 'INDEX_AHEAD'],
    ['a bad index', { after: -1 }, 'BAD_USER_INPUT'],
  ])('%s is rejected', async (_what, variables, code) => {
    const client = createClient({ url: session.reader.webSocketUrl, webSocketImpl: WebSocket });
    const codes: unknown[] = [];
    try {
      for await (const { errors } of client.iterate({ query: subscription, variables })) {
        codes.push(errors?.[0]?.extensions?.code);
      }
    } catch (errors) {
      codes.push((errors as { extensions?: { code: string } }[])[0]?.extensions?.code);
    }
    await client.dispose();
    expect(codes).toEqual([code]);
  });
}
