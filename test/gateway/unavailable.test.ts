import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';

/** A port at which nobody answers. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function expectUnavailable(gateway: TestGateway, document: string): Promise<void> {
  const { errors } = await gateway.run(document);
  expect(errors).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/\w.*\.$/),
      extensions: { code: 'UNAVAILABLE' },
    }),
  ]);
}

const report = 'mutation { reportEvent(event: {}) { __typename } }';
const find = '{ events { nodes { id } } }';

test('a database that does not answer at the start: the port is open and says so', async () => {
  await using gateway = await bootGateway({
    environment: { DATABASE_URL: `postgres://nobody@127.0.0.1:${await deadPort()}/nothing` },
    overrides: { log: quiet },
    untilReady: false,
  });
  const ready = await fetch(`${gateway.origin}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({
    status: 'unavailable',
    store: { ok: false, reason: expect.stringContaining('ECONNREFUSED') },
  });
  expect((await fetch(`${gateway.origin}/healthz`)).status).toBe(200);
  await expectUnavailable(gateway, report);
  await expectUnavailable(gateway, find);
  await expectUnavailable(gateway, '{ journal { lastIndex } }');
});

test('NATS that does not answer at the start: reports fail, stored events are found', async () => {
  const log = { ...quiet, warn: vi.fn() };
  await using gateway = await bootGateway({
    environment: { NATS_URL: `nats://127.0.0.1:${await deadPort()}` },
    overrides: { log },
    untilReady: false,
  });
  const ready = await fetch(`${gateway.origin}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({
    status: 'unavailable',
    journal: { ok: false, reason: expect.stringContaining('NATS') },
  });
  await expectUnavailable(gateway, report);
  expect(await gateway.gql(find)).toEqual({ events: { nodes: [] } });
  expect(log.warn).toHaveBeenCalled();
});

/** These tests cause warnings, or look for them in the log. */
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
