import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { bootGateway } from '../harness.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const example = 'examples/typed-client';

/** Runs a program of this project's own dependencies, at the project's root. */
const tool = (path: string, ...args: string[]) =>
  run(process.execPath, [`node_modules/${path}`, ...args], { cwd: root });

beforeAll(async () => {
  await tool('@graphql-codegen/cli/esm/bin.js', '--config', `${example}/codegen.yml`);
});

test('the client type-checks against the types generated for it', async () => {
  await expect(tool('typescript/bin/tsc', '-p', example)).resolves.toMatchObject({ stdout: '' });
});

test('the client reports, queries and follows', async () => {
  await using gateway = await bootGateway();
  const client = await import('../../examples/typed-client/client.ts');
  const id = randomUUID();
  const tag = `service:${id}`;

  const reported = await client.reportUpgrade(gateway.url, id, tag, 'v2');
  expect(reported.reportEvents).toMatchObject({
    accepted: 2,
    rejected: 0,
    results: [
      { __typename: 'ReportedEvent', id, status: 'STORED' },
      { __typename: 'ReportedEvent', id, status: 'STORED' },
    ],
  });

  const { events } = await client.findUpgrades(gateway.url, tag);
  expect(events.totalCount).toBe(1);
  expect(events.nodes[0]).toMatchObject({
    id,
    type: 'Service.Upgrade',
    message: 'upgraded',
    trait: { text: 'v2' },
    endTime: expect.any(String),
  });

  const followed = await client.followUpgrades(gateway.url, tag, 0, 1);
  expect(followed).toMatchObject([{ id, type: 'Service.Upgrade', message: 'upgraded' }]);
});
