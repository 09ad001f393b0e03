import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-ws';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway } from '../harness.ts';

test('Apollo Client reports, queries pages and follows: HTTP, and subscriptions over graphql-ws', async () => {
  await using gateway = await bootGateway();
  const socket = createClient({ url: gateway.webSocketUrl, webSocketImpl: WebSocket });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: gateway.url }),
    ),
  });
  try {
    const { data: reported } = await client.mutate<{ reportEvents: { accepted: number } }>({
      mutation: gql`mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }`,
      variables: { events: ['a', 'b', 'c'].map((key) => ({ key, tags: ['apollo'] })) },
    });
    expect(reported?.reportEvents.accepted).toBe(3);

    const page = gql`query ($after: String) {
      events(filter: { tags: ["apollo"] }, orderBy: INDEX_ASC, first: 2, after: $after) {
        nodes { id key source { node } }
        pageInfo { hasNextPage endCursor }
      }
    }`;
    interface Page {
      events: { nodes: { key: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } };
    }
    const first = await client.query<Page>({ query: page });
    expect(first.data?.events.nodes.map(({ key }) => key)).toEqual(['a', 'b']);
    const after = first.data?.events.pageInfo.endCursor;
    const second = await client.query<Page>({ query: page, variables: { after } });
    expect(second.data?.events.nodes.map(({ key }) => key)).toEqual(['c']);

    const keys = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      client
        .subscribe<{ events: { key: string } }>({
          query: gql`subscription { events(filter: { tags: ["apollo"] }, afterIndex: 0) { id key } }`,
        })
        .subscribe({
          next: ({ data }) => {
            if (data) seen.push(data.events.key);
            if (seen.length === 3) resolve(seen);
          },
          error: reject,
        });
    });
    expect(keys).toEqual(['a', 'b', 'c']);
  } finally {
    client.stop();
    await socket.dispose();
  }
});
