import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';

/** What a pooler takes of a connection that begins; PgBouncer ends any other one. */
const taken = ['application_name', 'client_encoding', 'database', 'user'];

test('a connection begins with nothing that a pooler refuses', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `postgresql://user@127.0.0.1:${port}/events?schema=own`;
  await using connection = new PostgresConnection(url, false, () => {});
  const refused = expect(connection.read('SELECT 1')).rejects.toThrow();
  const [socket] = await once(server, 'connection');
  const [message]: Buffer[] = await once(socket, 'data');
  socket.destroy();
  server.close();
  await refused;
  // Length and version, then names and values that end in a NUL each (PostgreSQL, 55.7: StartupMessage).
  const texts = message?.subarray(8).toString().split('\0') ?? [];
  const names = texts.filter((text, place) => place % 2 === 0 && text !== '');
  expect(names.sort()).toEqual(taken);
});
