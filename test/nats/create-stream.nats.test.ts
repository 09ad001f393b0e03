import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStream } from '../../src/nats/create-stream.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';

let server: NatsServer;
let connection: NatsConnection;
let jetStream: JetStreamManager;
beforeAll(async () => {
  server = await startNatsServer();
  connection = await connect({ servers: server.url });
  jetStream = await connection.jetstreamManager();
});
afterAll(async () => {
  await connection.close();
  await server[Symbol.asyncDispose]();
});

test('a stream that somebody else created first is found', async () => {
  const config = { name: 'SAME', subjects: ['same.>'] };
  const [one, two] = await Promise.all([
    createStream(jetStream, config),
    createStream(jetStream, { ...config, max_msgs: 100 }),
  ]);
  expect(two.created).toBe(one.created);
});

test('the error for subjects of another stream names that stream', async () => {
  await createStream(jetStream, { name: 'ORDERS', subjects: ['events.orders.*'] });
  await expect(
    createStream(jetStream, { name: 'events-stream', subjects: ['other.>', 'events.>'] }),
  ).rejects.toThrow(
    'the stream events-stream cannot be created, because its subjects other.>, events.> overlap with those of the stream ORDERS',
  );
});
