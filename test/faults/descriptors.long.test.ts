import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startGatewayProcess } from './gateway-process.ts';
import { survive } from './storm.ts';

const maxOpenFiles = 128;
const connections = 300;

/** Connects; resolves also where the gateway has no descriptor left for it. */
async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

test('a gateway with 128 file descriptors survives 300 connections, and loses nothing', async () => {
  await using gateway = await startGatewayProcess({}, { maxOpenFiles });
  const { port } = new URL(gateway.url);
  await survive([gateway.url], async (storm) => {
    const sockets = await Promise.all(
      Array.from({ length: connections }, () => connected(Number(port))),
    );
    // Clients that were connected already are served meanwhile.
    await storm.more(400);
    for (const socket of sockets) socket.destroy();
  });
  expect((await fetch(new URL('/readyz', gateway.url))).status).toBe(200);
});
