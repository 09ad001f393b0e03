import type { Sink } from '../client/schema.generated.ts';

/** A sink as lists show it. */
export type ListedSink = Pick<
  Sink,
  | 'id'
  | 'name'
  | 'namespace'
  | 'state'
  | 'stateReason'
  | 'stateSince'
  | 'format'
  | 'cursor'
  | 'lag'
  | 'deliveredCount'
  | 'failedCount'
> & { readonly target: Readonly<Record<string, string>> };

/** The selection of a ListedSink. */
export const sinkFields = `id name namespace state stateReason stateSince format cursor deliveredCount failedCount
  lag { indexes seconds }
  target {
    kind: __typename
    ... on WebhookTarget { url } ... on NatsTarget { subject } ... on KafkaTarget { topic }
    ... on AmqpTarget { exchange routingKey } ... on FileTarget { path }
  }`;
