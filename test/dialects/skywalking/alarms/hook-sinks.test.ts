import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { describe, expect, test } from 'vitest';
import { hookSinks } from '../../../../src/dialects/skywalking/alarms/hook-sinks.ts';
import { readAlarmSettings } from '../../../../src/dialects/skywalking/alarms/settings.ts';
import { parseNetwork } from '../../../../src/environment/network.ts';
import { type Event, nowhere } from '../../../../src/event/event.ts';
import type { DeclaredSink } from '../../../../src/sinks/declared-sinks.ts';
import { NetworkPolicy } from '../../../../src/sinks/network-policy.ts';
import type { TargetOptions } from '../../../../src/sinks/open-target.ts';
import { change } from '../../../live/change.ts';
import { startReceiver, status } from '../../../sinks/receiver.ts';

const local = parseNetwork('127.0.0.0/8');
const network = new NetworkPolicy(local === null ? [] : [local]);

const source = { ...nowhere, service: 'shop', instance: 'shop-1', layer: 'K8S' };
const fired = change({
  category: 'Alarm',
  action: 'a_rule',
  source,
  message: 'shop-1 is "bad"',
  endTime: null,
});
const over: Event = { ...fired, endTime: fired.time + 60_000_000 };

/** The sinks of one hook, whose settings are YAML in one line. */
function sinksOf(type: string, hook: string): readonly DeclaredSink[] {
  return hookSinks(
    readAlarmSettings(
      `rules: { a_rule: { expression: sum(A) > 0 } }\nhooks: { ${type}: { x: { is-default: true, ${hook} } } }`,
      'alarm-settings.yml',
    ),
  );
}

/** Encodes and delivers; null where the sink has nothing to say. */
async function deliver(sink: DeclaredSink | undefined, events: readonly Event[]) {
  const message = sink?.encoder?.encode(events, { sinkId: 's', replay: false, routingKey: null });
  if (sink === undefined || message === null || message === undefined) return null;
  await using target = sink.openTarget?.({ network } as TargetOptions) ?? null;
  if (target === null) throw new Error('a hook has a target of its own');
  const outcome = await target.deliver({
    message,
    messageId: 'evt_1_1',
    key: null,
    headers: {},
    signal: new AbortController().signal,
  });
  return outcome.kind;
}

const template = `text-template: '{"text":"%s"}'`;
const recovery = `recovery-text-template: '{"text":"over: %s"}'`;

test('a sink has the alarms of the rules that use its hook, and a hook that none uses is no sink', () => {
  const [sink, ...others] = hookSinks(
    readAlarmSettings(
      `rules:
  a_rule: { expression: sum(A) > 0, hooks: [slack.x] }
  b_rule: { expression: sum(A) > 0 }
  c_rule: { metrics-name: A, op: ">", threshold: 0, only-as-condition: true, hooks: [slack.x] }
hooks:
  slack: { x: { ${template}, webhooks: [https://a.example] }, y: { ${template}, webhooks: [https://b.example] } }`,
      'alarm-settings.yml',
    ),
  );
  expect(sink?.input).toMatchObject({
    name: 'skywalking:slack.x:1',
    filter: { categories: ['Alarm'], actions: ['a_rule'], namespaces: ['default'] },
    target: { webhook: { url: 'https://a.example' } },
  });
  expect(others).toEqual([]);
});

test('webhook: alarms to its URLs, recoveries to others, with its headers', async () => {
  await using receiver = await startReceiver();
  const { url } = receiver;
  const [first, second] = sinksOf(
    'webhook',
    `urls: ['${url}'], recovery-urls: ['${url}/over'], headers: { Authorization: Bearer x }`,
  );
  expect(await deliver(first, [fired, over])).toBe('DELIVERED');
  expect(await deliver(second, [fired, over])).toBe('DELIVERED');
  expect(await deliver(second, [fired])).toBeNull();
  const [alarms, recoveries] = receiver.received;
  expect(alarms?.headers.authorization).toBe('Bearer x');
  expect(alarms?.json).toEqual([
    expect.objectContaining({ ruleName: 'a_rule', hooks: ['webhook.x'], layers: ['K8S'] }),
  ]);
  expect(recoveries?.json).toEqual([expect.objectContaining({ uuid: fired.id, layers: [] })]);
  expect(recoveries?.json[0].recoveryTime).toBe(Math.floor((over.endTime ?? 0) / 1_000));
});

test.each(['slack', 'wechat'])('%s: by its templates, and nothing without one', async (type) => {
  await using receiver = await startReceiver();
  const [both] = sinksOf(type, `${template}, ${recovery}, webhooks: ['${receiver.url}']`);
  const [alone] = sinksOf(type, `${template}, webhooks: ['${receiver.url}']`);
  expect(await deliver(both, [fired])).toBe('DELIVERED');
  expect(await deliver(both, [over])).toBe('DELIVERED');
  expect(await deliver(alone, [over])).toBeNull();
  const said = [{ text: 'shop-1 is "bad"' }, { text: 'over: shop-1 is "bad"' }];
  expect(receiver.received.map(({ json }) => json)).toEqual(
    type === 'slack' ? said.map((block) => ({ blocks: [block] })) : said,
  );
});

test('feishu: signed at each attempt', async () => {
  await using receiver = await startReceiver();
  const content = `text-template: '{"msg_type":"text","content":{"text":"%s"}}'`;
  const [sink] = sinksOf('feishu', `${content}, webhooks: [{ url: '${receiver.url}', secret: s }]`);
  expect(await deliver(sink, [fired])).toBe('DELIVERED');
  expect(receiver.received[0]?.json).toMatchObject({
    msg_type: 'text',
    content: { text: 'shop-1 is "bad"' },
    timestamp: expect.any(Number),
    sign: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/),
  });
});

test('dingtalk: the signature is in the URL', async () => {
  const { createServer } = await import('node:http');
  const urls: string[] = [];
  const server = createServer((request, response) => {
    urls.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const [sink] = sinksOf(
    'dingtalk',
    `${template}, webhooks: [{ url: 'http://127.0.0.1:${port}/send?access_token=t', secret: s }]`,
  );
  expect(await deliver(sink, [fired])).toBe('DELIVERED');
  expect(urls[0]).toMatch(/^\/send\?access_token=t&timestamp=\d{13}&sign=[A-Za-z0-9%]+$/);
  server.closeAllConnections();
  server.close();
});

describe('welink', () => {
  const robot = (token: string, message: string) =>
    `text-template: "%s", webhooks: [{ client-id: c, client-secret: s, access-token-url: '${token}', message-url: '${message}', group-ids: 'g1', robot-name: r }]`;

  test('asks for a token, and sends it with the message', async () => {
    await using tokens = await startReceiver(status(200, '{"access_token":"t1"}'));
    await using messages = await startReceiver();
    const [sink] = sinksOf('welink', robot(tokens.url, messages.url));
    expect(await deliver(sink, [fired])).toBe('DELIVERED');
    expect(tokens.received[0]?.json).toEqual({ client_id: 'c', client_secret: 's' });
    expect(messages.received[0]?.headers['x-wlk-authorization']).toBe('t1');
    expect(messages.received[0]?.json).toMatchObject({ group_id: ['g1'], app_msg_id: fired.id });
  });

  test('that gives no token is a target that failed', async () => {
    await using tokens = await startReceiver(status(200, '{}'));
    const [sink] = sinksOf('welink', robot(tokens.url, tokens.url));
    expect(await deliver(sink, [fired])).toBe('TARGET_FAILED');
    expect(tokens.received).toHaveLength(1);
  });
});

test('pagerduty: a recovery resolves, with or without a template of its own', async () => {
  await using receiver = await startReceiver(status(202));
  const sinks = sinksOf(
    'pagerduty',
    `text-template: "%s", events-api-url: '${receiver.url}', integration-keys: [k1, k2]`,
  );
  for (const sink of sinks) {
    expect(await deliver(sink, [fired])).toBe('DELIVERED');
    expect(await deliver(sink, [over])).toBe('DELIVERED');
  }
  const sent = receiver.received.map(({ json }) => [json.routing_key, json.event_action]);
  expect(sent).toEqual([
    ['k1', 'trigger'],
    ['k1', 'resolve'],
    ['k2', 'trigger'],
    ['k2', 'resolve'],
  ]);
});

test('discord: a name and the message', async () => {
  await using receiver = await startReceiver(status(204));
  const [sink] = sinksOf(
    'discord',
    `text-template: "%s", webhooks: [{ url: '${receiver.url}', username: u }]`,
  );
  expect(await deliver(sink, [fired])).toBe('DELIVERED');
  expect(receiver.received[0]?.json).toEqual({ username: 'u', content: 'shop-1 is "bad"' });
});

describe('gRPC', () => {
  const proto = fileURLToPath(
    new URL('../../../../proto/skywalking/alarm-hook.proto', import.meta.url),
  );
  const { AlarmService } = loadSync(proto, { keepCase: true, longs: Number });

  test('alarms and recoveries are calls of their own', async () => {
    const calls: [string, object[]][] = [];
    const collect =
      (name: string) =>
      (call: AsyncIterable<object>, answer: (error: null, response: object) => void) => {
        const messages: object[] = [];
        calls.push([name, messages]);
        void (async () => {
          for await (const message of call) messages.push(message);
          answer(null, {});
        })();
      };
    const server = new Server();
    server.addService(AlarmService as ServiceDefinition, {
      doAlarm: collect('doAlarm'),
      doAlarmRecovery: collect('doAlarmRecovery'),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const [sink] = sinksOf('gRPC', `target-host: 127.0.0.1, target-port: ${port}`);
    expect(await deliver(sink, [fired, over])).toBe('DELIVERED');
    server.forceShutdown();
    expect(calls).toEqual([
      [
        'doAlarm',
        [expect.objectContaining({ uuid: fired.id, scopeId: 2, name: 'shop-1 of shop' })],
      ],
      [
        'doAlarmRecovery',
        [
          expect.objectContaining({
            uuid: fired.id,
            recoveryTime: Math.floor((over.endTime ?? 0) / 1_000),
          }),
        ],
      ],
    ]);
  });

  test('a server that is down is a target that failed', async () => {
    const [sink] = sinksOf('gRPC', 'target-host: 127.0.0.1, target-port: 1');
    expect(await deliver(sink, [fired])).toBe('TARGET_FAILED');
  });
});
