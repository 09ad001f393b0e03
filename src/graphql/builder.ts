import SchemaBuilder from '@pothos/core';
import type { Instant, Json } from '../event/event.ts';
import type { GraphContext } from './context.ts';

/** Declares the fields of the schema. */
export type FieldBuilder = typeof builder;

export const builder = new SchemaBuilder<{
  Context: GraphContext;
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: string; Output: Instant };
    TimeExpression: { Input: string | number; Output: string | number };
    Duration: { Input: string; Output: string };
    JSON: { Input: Json; Output: Json };
    SafeInt: { Input: number; Output: number };
  };
}>({ defaultFieldNullability: false });

builder.queryType({
  description: 'Events, statistics of them, and the catalogue of what has been reported.',
});
builder.mutationType({ description: 'Ways to report events.' });
builder.subscriptionType({ description: 'Live feeds of events.' });
