import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';

let folder: string;
let server: NatsServer;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-nats-'));
  await writeFile(join(folder, 'nats.conf'), 'max_payload: 65536\n');
  server = await startNatsServer(['-c', join(folder, 'nats.conf')]);
  gateway = await bootGateway({
    environment: { NATS_URL: server.url, TIDINGS_LOG_LEVEL: 'silent' },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('an event that is larger than a message of NATS is rejected alone, and the others are recorded', async () => {
  const { reportEvents } = await gateway.gql(
    `mutation ($events: [EventInput!]!) {
      reportEvents(events: $events) {
        accepted
        results { __typename ... on RejectedEvent { errors { path code } } }
      }
    }`,
    { events: [{ message: 'a' }, { message: 'b', value: 'x'.repeat(100_000) }, { message: 'c' }] },
  );
  expect(reportEvents).toEqual({
    accepted: 2,
    results: [
      { __typename: 'ReportedEvent' },
      { __typename: 'RejectedEvent', errors: [{ path: [], code: 'TOO_LONG' }] },
      { __typename: 'ReportedEvent' },
    ],
  });
  const { events } = await gateway.gql('{ events { nodes { message } } }');
  expect(events.nodes.map(({ message }: { message: string }) => message).sort()).toEqual([
    'a',
    'c',
  ]);
});
