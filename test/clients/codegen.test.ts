import { generate } from '@graphql-codegen/cli';
import { expect, test } from 'vitest';
import { bootGateway } from '../harness.ts';

const documents = /* GraphQL */ `
  query Rows($measure: Measure, $filter: EventFilter) {
    aggregateEvents(measure: $measure, filter: $filter, groupBy: [{ field: PLANE }]) {
      rows { group { name value } average }
      truncated
    }
  }
  mutation Report($events: [EventInput!]!) {
    reportEvents(events: $events) {
      results {
        ... on ReportedEvent { position id }
        ... on RejectedEvent { position errors { code } }
      }
    }
  }
`;

const typesFrom = async (schema: string): Promise<unknown> =>
  generate(
    {
      schema,
      documents,
      silent: true,
      generates: {
        './generated/': {
          preset: 'client',
          config: { enumsAsTypes: true, useTypeImports: true, strictScalars: true, scalars },
        },
      },
    },
    false,
  );

const scalars = {
  DateTime: 'string',
  TimeExpression: 'string | number',
  Duration: 'string',
  JSON: 'unknown',
  SafeInt: 'number',
};

test('graphql-code-generator makes types of schema.graphql and of introspection', async () => {
  await using gateway = await bootGateway();
  for (const schema of ['schema.graphql', gateway.url]) {
    const types = JSON.stringify(await typesFrom(schema));
    expect(types).toContain("'REQUIRED'");
    expect(types).toContain('RowsQuery =');
    expect(types).toContain('truncated: boolean');
  }
});
