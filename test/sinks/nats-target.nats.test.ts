import { connect, type NatsConnection, nanos, RetentionPolicy } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NatsLink } from '../../src/nats/connection.ts';
import type { DeliveryOutcome, DeliveryRequest } from '../../src/sinks/target.ts';
import { NatsTarget } from '../../src/sinks/targets/nats.ts';
import { compileTokens } from '../../src/sinks/template.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { eventOf } from './event.ts';
import { until } from './receiver.ts';

let server: NatsServer;
let link: NatsLink;
let client: NatsConnection;

beforeAll(async () => {
  server = await startNatsServer();
  const none = { credentialsFile: null, caFile: null, certFile: null, keyFile: null };
  link = new NatsLink({ servers: [server.url], ...none }, createLog('silent'));
  await link.connection(new AbortController().signal);
  client = await connect({ servers: server.url });
});
afterAll(async () => {
  await client?.close();
  await link?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const event = eventOf({ type: 'Volume.Create', key: 'vol 1.a', namespace: 'gold' });

const targetOf = (subject: string) => new NatsTarget(link, compileTokens(subject, []));

const request = (
  target: NatsTarget,
  body: string,
  messageId = `evt_${body}_1`,
): DeliveryRequest => ({
  message: {
    contentType: 'application/json',
    headers: { 'ce-type': 'Volume.Create', ...target.addressOf(event) },
    body,
  },
  messageId,
  key: event.key,
  headers: { 'tidings-sink': 's' },
  signal: new AbortController().signal,
});

test('a subject of core NATS has the values of the event as tokens', async () => {
  const target = targetOf('out.{namespace}.{type}.{key}');
  const messages = client.subscribe('out.>');
  await client.flush();
  expect(await target.deliver(request(target, 'a'))).toMatchObject({ kind: 'DELIVERED' });
  for await (const message of messages) {
    const { subject, headers } = message;
    // A dot and a blank within a value would make other tokens.
    expect(subject.split('.')).toHaveLength(4);
    expect(subject).toMatch(/^out\.gold\.Volume/);
    expect(message.string()).toBe('a');
    expect(headers?.get('Content-Type')).toBe('application/json');
    expect(headers?.get('ce-type')).toBe('Volume.Create');
    expect(headers?.get('tidings-sink')).toBe('s');
    break;
  }
});

test('a subject of a stream is published to JetStream, where a repeat is recognised', async () => {
  const manager = await client.jetstreamManager();
  await manager.streams.add({
    name: 'COPY',
    subjects: ['copy.>'],
    retention: RetentionPolicy.Limits,
    duplicate_window: nanos(60_000),
  });
  const target = targetOf('copy.{namespace}');
  const outcomes: DeliveryOutcome[] = [];
  for (const body of ['a', 'b', 'b']) outcomes.push(await target.deliver(request(target, body)));
  expect(outcomes.map(({ kind, response }) => [kind, response])).toEqual([
    ['DELIVERED', 'COPY 1'],
    ['DELIVERED', 'COPY 2'],
    ['DELIVERED', 'COPY 2 duplicate'],
  ]);
  expect((await manager.streams.info('COPY')).state.messages).toBe(2);
});

test('a message that is about no event has the subject without values', async () => {
  const target = targetOf('gaps.{namespace}.{type}');
  const messages = client.subscribe('gaps.>');
  await client.flush();
  const { message, ...gap } = request(target, '{"from":0,"to":4}', 'gap_0_4');
  const outcome = await target.deliver({ ...gap, key: null, message: { ...message, headers: {} } });
  expect(outcome.kind).toBe('DELIVERED');
  for await (const message of messages) {
    expect([message.subject, message.string()]).toEqual(['gaps.-.-', '{"from":0,"to":4}']);
    break;
  }
});

test('a stream that is full is a target that fails', async () => {
  const manager = await client.jetstreamManager();
  const full = { name: 'FULL', subjects: ['full.>'], max_msgs: 1, discard: 'new' as never };
  await manager.streams.add(full);
  const target = targetOf('full.{namespace}');
  expect(await target.deliver(request(target, 'a'))).toMatchObject({ kind: 'DELIVERED' });
  expect(await target.deliver(request(target, 'b'))).toMatchObject({ kind: 'TARGET_FAILED' });
});

test('a message that is larger than NATS takes, its headers included, is rejected for good', async () => {
  const target = targetOf('out.{namespace}');
  const max = link.maxPayloadBytes ?? 0;
  for (const body of ['x'.repeat(max + 1), 'x'.repeat(max - 10)]) {
    expect(await target.deliver(request(target, body, 'evt_large_1'))).toMatchObject({
      kind: 'MESSAGE_REJECTED',
      final: true,
    });
  }
  const fits = 'x'.repeat(max - 1_000);
  expect(await target.deliver(request(target, fits, 'evt_large_1'))).toMatchObject({
    kind: 'DELIVERED',
  });
});

test('a server that is down is a target that fails, and one that is back is used again', async () => {
  const target = targetOf('out.{namespace}');
  await server.stop();
  await until(() => link.healthReason() !== null);
  expect(await target.deliver(request(target, 'a'))).toMatchObject({ kind: 'TARGET_FAILED' });
  await server.restart();
  await until(async () => (await target.deliver(request(target, 'a'))).kind === 'DELIVERED');
});
