import SchemaBuilder from '@pothos/core';
import type { Instant, Json } from '../event/event.ts';
import type { GraphContext } from './context.ts';

/** What the fields of the schema are declared with. */
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

builder.queryType({ description: 'What is known: events, figures over them, and the catalogue.' });
builder.mutationType({ description: 'Ways to report events.' });
builder.subscriptionType({ description: 'Live feeds of events.' });
