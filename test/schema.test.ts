import { expect, test } from 'vitest';
import { printedSchema } from './printed-schema.ts';

test('schema.graphql is the printed schema: `npm run schema` writes it', async () => {
  await expect(await printedSchema()).toMatchFileSnapshot('../schema.graphql');
});
