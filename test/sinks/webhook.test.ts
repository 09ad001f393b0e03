import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseNetwork } from '../../src/environment/network.ts';
import { NetworkPolicy } from '../../src/sinks/network-policy.ts';
import { keyOfSecret, newWebhookSecret, signatureHeaders } from '../../src/sinks/signature.ts';
import type { DeliveryOutcome } from '../../src/sinks/target.ts';
import { WebhookTarget } from '../../src/sinks/targets/webhook.ts';
import { type Answer, type Receiver, startReceiver, status } from './receiver.ts';

const local = new NetworkPolicy([parseNetwork('127.0.0.0/8') ?? { address: '', prefixBits: 0 }]);
const body = '{"type":"Volume.Create","text":"größer 🚀"}';
const keyOf = (secret: string) => keyOfSecret(secret) ?? Buffer.alloc(0);

async function deliver(
  url: string,
  {
    secrets = [] as string[],
    timeoutMs = 5_000,
    network = local,
    signal = new AbortController().signal,
  } = {},
): Promise<DeliveryOutcome> {
  await using target = new WebhookTarget({
    url,
    headers: { authorization: 'Bearer abc' },
    keys: () => secrets.map(keyOf),
    timeoutMs,
    network,
  });
  return await target.deliver({
    message: { contentType: 'application/json', headers: { 'ce-id': '1' }, body },
    messageId: 'evt_1_2',
    key: null,
    headers: { 'tidings-sink': 's' },
    signal,
  });
}

test('the signature is that of the vector', () => {
  const key = keyOf('whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=');
  const id = 'evt_0192f0c1-0000-7000-8000-000000000001_42';
  const signed = { id, timestampSeconds: 1_764_249_600, body: '{"type":"Volume.Create"}' };
  expect(signatureHeaders(signed, [key])).toEqual({
    'webhook-id': id,
    'webhook-timestamp': '1764249600',
    'webhook-signature': 'v1,zV9A6IFjN/E0amPMm/eTPJketx96EB3JIoSYbNNSK20=',
  });
});

describe('a webhook', () => {
  let receiver: Receiver;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  test('is verified by the library of Standard Webhooks, with the new secret and the old one', async () => {
    const [fresh, old, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
    expect(await deliver(receiver.url, { secrets: [fresh, old] })).toMatchObject({
      kind: 'DELIVERED',
    });
    const [{ headers, body: sent } = { headers: {}, body: '' }] = receiver.received;
    const signed = headers as Record<string, string>;
    for (const secret of [fresh, old]) {
      expect(new Webhook(secret).verify(sent, signed)).toEqual(JSON.parse(body));
    }
    expect(() => new Webhook(other).verify(sent, signed)).toThrow();
    expect(headers).toMatchObject({
      authorization: 'Bearer abc',
      'ce-id': '1',
      'tidings-sink': 's',
    });
  });

  test.each<[string, Answer, Partial<DeliveryOutcome> & Record<string, unknown>]>([
    ['200', status(200, 'fine'), { kind: 'DELIVERED', status: 200, response: 'fine' }],
    ['204', status(204), { kind: 'DELIVERED', status: 204 }],
    [
      '302',
      status(302, '', { location: 'http://127.0.0.1:1/' }),
      { kind: 'TARGET_FAILED', status: 302 },
    ],
    ['401', status(401), { kind: 'TARGET_FAILED' }],
    ['403', status(403), { kind: 'TARGET_FAILED' }],
    ['404', status(404), { kind: 'TARGET_FAILED' }],
    ['408', status(408), { kind: 'TARGET_FAILED' }],
    ['400', status(400, 'bad'), { kind: 'MESSAGE_REJECTED', response: 'bad' }],
    ['413', status(413), { kind: 'MESSAGE_REJECTED' }],
    ['410', status(410), { kind: 'TARGET_GONE' }],
    [
      '429',
      status(429, '', { 'retry-after': '7' }),
      { kind: 'TARGET_FAILED', retryAfterMs: 7_000 },
    ],
    [
      '503',
      status(503, '', { 'retry-after': 'soon' }),
      { kind: 'TARGET_FAILED', retryAfterMs: null },
    ],
    ['an age', status(503, '', { 'retry-after': '99999999' }), { retryAfterMs: 86_400_000 }],
    ['a NUL', status(400, 'a\0b'), { response: 'a\ufffdb' }],
    ['no answer', (_, response) => response.destroy(), { kind: 'TARGET_FAILED', status: null }],
  ])('that answers %s', async (_, answer, outcome) => {
    receiver.answer = answer;
    expect(await deliver(receiver.url)).toMatchObject(outcome);
    expect(receiver.received).toHaveLength(1);
  });

  test('that answers a gigabyte is read no further than 64 KiB', async () => {
    let sent = 0;
    receiver.answer = (_, response) => {
      const chunk = Buffer.alloc(65_536, 'x');
      const more = () => {
        while (sent < 2 ** 30 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    };
    const outcome = await deliver(receiver.url);
    expect(outcome).toMatchObject({ kind: 'DELIVERED', response: 'x'.repeat(1_024) });
    // What the sockets of both sides hold.
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  test.each<[string, Answer]>([
    ['nothing', () => {}],
    [
      'a body a byte at a time',
      (_, response) => {
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('that answers %s for ever ends with the time-out', async (_, answer) => {
    receiver.answer = answer;
    expect(await deliver(receiver.url, { timeoutMs: 300 })).toMatchObject({
      kind: 'TARGET_FAILED',
      response: 'No answer within 300 ms.',
    });
  });

  test('is not sent to a private network that nobody allows', async () => {
    const closed = new NetworkPolicy([]);
    for (const url of [receiver.url, receiver.url.replace('127.0.0.1', 'localhost')]) {
      expect(await deliver(url, { network: closed })).toMatchObject({
        kind: 'TARGET_FAILED',
        response: expect.stringContaining('TIDINGS_SINK_NETWORKS'),
      });
    }
    expect(receiver.received).toEqual([]);
  });

  test('is sent each header once, in whatever case its sink names it', async () => {
    await using target = new WebhookTarget({
      url: receiver.url,
      headers: { 'user-agent': 'mine', Traceparent: 'the-sinks', 'X-Team': 'storage' },
      keys: () => [],
      timeoutMs: 5_000,
      network: local,
    });
    await target.deliver({
      message: {
        contentType: 'text/plain',
        headers: { traceparent: 'the-events' },
        body: 'größer',
      },
      messageId: 'evt_1_2',
      key: null,
      headers: { 'tidings-sink': 's' },
      signal: new AbortController().signal,
    });
    const [{ headers } = { headers: {} }] = receiver.received;
    expect(headers).toEqual({
      host: new URL(receiver.url).host,
      connection: 'keep-alive',
      'content-type': 'text/plain',
      'content-length': '8',
      'user-agent': 'mine',
      traceparent: 'the-events',
      'x-team': 'storage',
      'tidings-sink': 's',
      'webhook-id': 'evt_1_2',
    });
  });

  test('ends with the signal', async () => {
    receiver.answer = () => {};
    const ended = new AbortController();
    const delivering = deliver(receiver.url, { signal: ended.signal });
    delivering.catch(() => {});
    ended.abort();
    await expect(delivering).rejects.toThrow();
  });
});

test.each([
  ['broken HTTP', 'HTTP/1.1 abc\r\n\r\n'],
  ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['a header without an end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
])('a target that speaks %s fails', async (_, text) => {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(text));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await deliver(`http://127.0.0.1:${port}/`)).toMatchObject({
    kind: 'TARGET_FAILED',
    status: null,
  });
  expect(await deliver(`https://127.0.0.1:${port}/`)).toMatchObject({
    kind: 'TARGET_FAILED',
    status: null,
  });
  server.close();
});
