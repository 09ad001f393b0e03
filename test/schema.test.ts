import { printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../src/gateway/schema.ts';

test('schema.graphql is the printed schema: `npm run schema` writes it', async () => {
  await expect(`${printSchema(schema)}\n`).toMatchFileSnapshot('../schema.graphql');
});
