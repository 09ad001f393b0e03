import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NatsPull } from '../../src/nats/pull.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;
let jetStream: JetStreamManager;

beforeEach(async () => {
  server = await startNatsServer();
  connection = await connect({ servers: server.url });
  jetStream = await connection.jetstreamManager();
  await jetStream.streams.add({ name: 'S', subjects: ['s'] });
  await jetStream.consumers.add('S', { name: 'c', ack_policy: 'none' as never });
});
afterEach(async () => {
  await connection.close();
  await server[Symbol.asyncDispose]();
});

const publish = (body: string) => connection.jetstream().publish('s', body);

const pull = (messages: number, bytes: number, signal = new AbortController().signal) =>
  new NatsPull(connection, {
    stream: 'S',
    consumer: 'c',
    maxMessages: messages,
    maxBytes: bytes,
    signal,
  });

async function take(
  count: number,
  from: NatsPull,
): Promise<{ sizes: number[]; batches: number[] }> {
  const sizes: number[] = [];
  const batches: number[] = [];
  for await (const batch of from) {
    sizes.push(...batch.map(({ data }) => data.length));
    batches.push(batch.length);
    if (sizes.length >= count) break;
  }
  return { sizes, batches };
}

test('batches have all waiting messages, up to the requested number', async () => {
  for (let n = 0; n < 25; n += 1) await publish('x'.repeat(n));
  const { sizes, batches } = await take(25, pull(10, 1e6));
  expect(sizes).toEqual(Array.from({ length: 25 }, (_, n) => n));
  expect(Math.max(...batches)).toBeLessThanOrEqual(10);
});

test('batches stay within their bytes, and a message larger than that comes alone', async () => {
  const lengths = [100, 100, 5000, 100, 6000, 7000, 100];
  for (const length of lengths) await publish('x'.repeat(length));
  const { sizes, batches } = await take(7, pull(10, 1500));
  expect(sizes).toEqual(lengths);
  expect(batches.length).toBeGreaterThan(3);
});

test('waits for later messages', async () => {
  const taking = take(2, pull(10, 1e6));
  await publish('a');
  await publish('ab');
  expect((await taking).sizes).toEqual([1, 2]);
});

test('ends when its signal is aborted', async () => {
  const end = new AbortController();
  const taking = take(1, pull(10, 1e6, end.signal));
  end.abort();
  expect((await taking).sizes).toEqual([]);
});

test('fails at once when the consumer or the stream is deleted', async () => {
  const first = take(1, pull(10, 1e6));
  const failing = expect(first).rejects.toThrow(/consumer deleted/);
  // Its request must have arrived: the server notifies only clients that wait.
  await vi.waitFor(async () => {
    expect((await jetStream.consumers.info('S', 'c')).num_waiting).toBe(1);
  });
  await jetStream.streams.delete('S');
  await failing;
});

test('fails when the server is silent about a consumer that does not exist', async () => {
  await jetStream.consumers.delete('S', 'c');
  await expect(take(1, pull(10, 1e6))).rejects.toThrow(/fell silent/);
});
