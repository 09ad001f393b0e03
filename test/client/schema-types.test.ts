import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { printedSchema } from '../printed-schema.ts';

const config = {
  enumsAsTypes: true,
  immutableTypes: true,
  skipTypename: true,
  avoidOptionals: { field: true },
  strictScalars: true,
  scalars: {
    DateTime: 'string',
    TimeExpression: 'string | number',
    Duration: 'string',
    JSON: 'unknown',
    SafeInt: 'number',
  },
};

test('the client’s types are those of the schema: npm run schema writes them', async () => {
  const types = await codegen({
    filename: 'schema.generated.ts',
    schema: parse(await printedSchema()),
    documents: [],
    config,
    plugins: [{ typescript: config }],
    pluginMap: { typescript },
  });
  const text = `// Made from schema.graphql by \`npm run schema\`.\n${types}`;
  await expect(text).toMatchFileSnapshot('../../src/client/schema.generated.ts');
});
