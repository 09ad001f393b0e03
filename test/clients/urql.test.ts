import {
  Client,
  fetchExchange,
  type SubscriptionForwarder,
  subscriptionExchange,
} from '@urql/core';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway, type TestGateway } from '../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

/** A subscription client as both graphql-ws and graphql-sse have it. */
type SubscriptionClient = Pick<ReturnType<typeof createWebSocketClient>, 'subscribe' | 'dispose'>;

const forwardTo =
  ({ subscribe }: SubscriptionClient): SubscriptionForwarder =>
  ({ query = '', variables }) => ({
    subscribe: (sink) => ({
      unsubscribe: subscribe({ query, variables: { ...variables } }, sink as never),
    }),
  });

test.each<[string, () => SubscriptionClient]>([
  [
    'graphql-ws',
    () => createWebSocketClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket }),
  ],
  ['graphql-sse', () => createSseClient({ url: gateway.url }) as SubscriptionClient],
])('urql reports, queries and follows, with subscriptions over %s', async (tag, createClient) => {
  const subscriptions = createClient();
  const client = new Client({
    url: gateway.url,
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({ forwardSubscription: forwardTo(subscriptions) }),
      fetchExchange,
    ],
  });
  try {
    const reported = await client.mutation(
      'mutation ($event: EventInput!) { reportEvent(event: $event) { ... on ReportedEvent { status } } }',
      { event: { key: 'a', tags: [tag] } },
    );
    expect(reported.data).toMatchObject({ reportEvent: { status: 'STORED' } });

    const found = await client.query(
      'query ($tags: [String!]) { events(filter: { tags: $tags }) { nodes { key } } }',
      { tags: [tag] },
    );
    expect(found.data).toMatchObject({ events: { nodes: [{ key: 'a' }] } });

    const followed = await new Promise((resolve) => {
      client
        .subscription(
          'subscription ($tags: [String!]) { events(filter: { tags: $tags }, afterIndex: 0) { key } }',
          { tags: [tag] },
        )
        .subscribe(({ data, error }) => resolve(error ?? data));
    });
    expect(followed).toMatchObject({ events: { key: 'a' } });
  } finally {
    await subscriptions.dispose();
  }
});
