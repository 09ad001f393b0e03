import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const audits = serverAudits({ url: () => gateway.url });

test('there are audits', () => expect(audits.length).toBeGreaterThan(60));

test.each(audits.map((audit) => [audit.name, audit] as const))('%s', async (_name, audit) => {
  const result = await audit.fn();
  expect(result).toMatchObject({ status: 'ok' });
});
