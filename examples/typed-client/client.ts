import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type ExecutionResult, print } from 'graphql';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { graphql } from './generated/gql.ts';
import type { FollowSubscription } from './generated/graphql.ts';

const Report = graphql(`
  mutation Report($events: [EventInput!]!) {
    reportEvents(events: $events) {
      accepted
      rejected
      results {
        __typename
        ... on ReportedEvent { id index status }
        ... on RejectedEvent { errors { path code message } }
      }
    }
  }
`);

const Upgrades = graphql(`
  query Upgrades($tag: String!, $since: TimeExpression!) {
    events(filter: { tags: [$tag], time: { gte: $since } }, first: 10) {
      totalCount
      nodes { id index type message time endTime trait(name: "version") { text } }
    }
  }
`);

const Follow = graphql(`
  subscription Follow($tag: String!, $afterIndex: SafeInt) {
    events(filter: { tags: [$tag] }, afterIndex: $afterIndex) { id index type severity message }
  }
`);

/** Sends one operation; the types of variables and answer are those that were generated for its document. */
async function request<Answer, Variables>(
  url: string,
  document: TypedDocumentNode<Answer, Variables>,
  variables: Variables,
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as ExecutionResult<Answer>;
  if (data == null || errors !== undefined)
    throw new Error(errors?.[0]?.message ?? response.statusText);
  return data;
}

/** Reports an upgrade's start and end under one id, as two reports that make one event. */
export function reportUpgrade(url: string, id: string, tag: string, version: string) {
  const start = new Date(Date.now() - 60_000).toISOString();
  return request(url, Report, {
    events: [
      { id, type: 'Service.Upgrade', tags: [tag], message: 'upgrade began', time: start },
      {
        id,
        tags: [tag],
        message: 'upgraded',
        endTime: new Date().toISOString(),
        traits: [{ name: 'version', value: { text: version } }],
      },
    ],
  });
}

export function findUpgrades(url: string, tag: string) {
  return request(url, Upgrades, { tag, since: 'now-1h' });
}

/** The next `count` events that carry the tag, that come after `afterIndex`. */
export async function followUpgrades(url: string, tag: string, afterIndex: number, count: number) {
  const client = createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket });
  const feed = client.iterate<FollowSubscription>({
    query: print(Follow),
    variables: { tag, afterIndex },
  });
  const seen: FollowSubscription['events'][] = [];
  for await (const { data } of feed) {
    if (data) seen.push(data.events);
    if (seen.length === count) break;
  }
  await client.dispose();
  return seen;
}
