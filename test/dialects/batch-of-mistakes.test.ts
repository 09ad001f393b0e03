import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';

/** An answer to a mistake is smaller. */
const maxAnswerBytes = 64 * 1024;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway?.[Symbol.asyncDispose]());

const long = 'x'.repeat(3_000);
const cloudEvent = { specversion: '1.0', id: long, source: { nested: long }, type: 'a' };
const notification = {
  message_id: '00000000-0000-4000-8000-000000000001',
  publisher_id: 'compute.host1',
  event_type: long,
  timestamp: long,
  payload: { [long]: long },
};
const nameless = { body: { stringValue: 'x' } };
const logs = (logRecords: readonly object[]) => ({
  resourceLogs: [{ scopeLogs: [{ logRecords }] }],
});
const json = 'application/json';

interface Answer {
  readonly results?: readonly { readonly status: string; readonly errors?: readonly object[] }[];
  readonly truncated?: boolean;
}

async function post(path: string, type: string, body: unknown) {
  const answer = await fetch(`${gateway.origin}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': type },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.text() };
}

test.each<[string, number, string, string, unknown]>([
  [
    'CloudEvents',
    400,
    '/cloudevents',
    'application/cloudevents-batch+json',
    Array(500).fill(cloudEvent),
  ],
  ['one CloudEvent', 400, '/cloudevents', 'application/cloudevents+json', cloudEvent],
  ['strings as notifications', 400, '/v1/notifications', json, Array(1_000).fill('x')],
  ['more notifications than a call takes', 400, '/v1/notifications', json, Array(7_000).fill('')],
  ['notifications', 400, '/v1/notifications', json, Array(1_000).fill(notification)],
  ['events of SkyWalking', 400, '/v3/events', json, Array(1_000).fill({ name: long })],
  ['log records', 200, '/v1/logs', json, logs(Array(10_000).fill(nameless))],
  ['named log records', 200, '/v1/logs', json, logs(Array(2_000).fill({ eventName: long }))],
  ['tags of Vamp', 400, '/api/v1/events', json, { tags: Array(200).fill('\0'), type: long }],
])('the answer to %s with mistakes is small', async (_, status, path, type, body) => {
  const answer = await post(path, type, body);
  expect(answer.status).toBe(status);
  expect(answer.body.length).toBeLessThan(maxAnswerBytes);
  expect(answer.body.length).toBeGreaterThan(20);
});

test.each<[string, string, string, unknown, number]>([
  ['CloudEvents', '/cloudevents', 'application/cloudevents-batch+json', cloudEvent, 500],
  ['notifications', '/v1/notifications', json, notification, 1_000],
])(
  'a batch of %s has a result for each, the first of them with their errors',
  async (_, path, type, one, count) => {
    const { body } = await post(path, type, Array(count).fill(one));
    const { results = [], truncated }: Answer = JSON.parse(body);
    expect(results).toHaveLength(count);
    expect(results.every(({ status }) => status === 'REJECTED')).toBe(true);
    expect(results[0]?.errors).toHaveLength(1);
    expect(results.at(-1)).toEqual({ status: 'REJECTED' });
    expect(truncated).toBe(true);
  },
);

test('a result of what was recorded is whole among hundreds of mistakes', async () => {
  const good = { specversion: '1.0', id: '1', source: '/orders', type: 'a' };
  const batch = [...Array(498).fill(cloudEvent), good, cloudEvent];
  const { body } = await post('/cloudevents', 'application/cloudevents-batch+json', batch);
  const { results = [] }: Answer = JSON.parse(body);
  expect(results[498]).toEqual({
    id: '1',
    source: '/orders',
    status: 'ACCEPTED',
    index: expect.any(Number),
    eventId: expect.any(String),
  });
});

test('20 errors of one event are listed', async () => {
  const { reportEvent } = await gateway.gql(
    `mutation ($tags: [String!]!) {
      reportEvent(event: { type: "a", tags: $tags }) { ... on RejectedEvent { errors { code } } }
    }`,
    { tags: Array.from({ length: 50 }, (_, at) => `${at}\0`) },
  );
  expect(reportEvent.errors).toHaveLength(20);
});
