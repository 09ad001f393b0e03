import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { HttpEndpoint } from '../../src/sinks/targets/http-endpoint.ts';
import { startReceiver, until } from './receiver.ts';

const endpointOf = (url: string) =>
  new HttpEndpoint({
    url: new URL(url),
    timeoutMs: 60_000,
    network: null,
    maxResponseBytes: 1_024,
    maxKeptBytes: 1_024,
  });

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

test('30 endpoints that were used and disposed leave no listener at a signal that outlives them', async () => {
  await using receiver = await startReceiver();
  const { signal } = new AbortController();
  for (let made = 0; made < 30; made += 1) {
    await using endpoint = endpointOf(receiver.url);
    const sent = Array.from({ length: 3 }, () =>
      endpoint.send({ method: 'POST', headers: {}, body: 'a', signal }),
    );
    expect(listenersOf(signal)).toBe(1);
    await Promise.all(sent);
    expect(listenersOf(signal)).toBe(0);
  }
  expect(receiver.received).toHaveLength(90);
});

test('an endpoint that is disposed ends what is under way, and leaves no listener', async () => {
  await using receiver = await startReceiver(() => {});
  const { signal } = new AbortController();
  const endpoint = endpointOf(receiver.url);
  const sent = endpoint.send({ method: 'GET', headers: {}, signal });
  sent.catch(() => {});
  await until(() => receiver.received.length === 1);
  await endpoint[Symbol.asyncDispose]();
  await expect(sent).rejects.toThrow('The endpoint was closed.');
  expect(listenersOf(signal)).toBe(0);
});

test('an endpoint that cannot be reached leaves no listener', async () => {
  const { signal } = new AbortController();
  await using endpoint = endpointOf('http://127.0.0.1:1/');
  await expect(endpoint.send({ method: 'GET', headers: {}, signal })).rejects.toThrow();
  await expect(
    endpoint.send({ method: 'GET', headers: { 'not a name': '' }, signal }),
  ).rejects.toThrow();
  expect(listenersOf(signal)).toBe(0);
});
