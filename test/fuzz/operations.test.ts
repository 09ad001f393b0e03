import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { expect, test } from 'vitest';
import { mutations, queries, subscriptions } from './surfaces/operations.ts';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));

// Inputs that start from operations that are invalid anyway would all end at validation.
test.each([...queries, ...mutations, ...subscriptions])(
  'a valid operation: $query',
  ({ query }) => {
    expect(validate(schema, parse(query))).toEqual([]);
  },
);
