import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { PostgresConnection } from '../../../src/store/database/postgres.ts';

/** The startup parameters that poolers accept; PgBouncer ends connections that have others. */
const taken = ['application_name', 'client_encoding', 'database', 'user'];

test('a connection begins with nothing that a pooler rejects', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `postgresql://user@127.0.0.1:${port}/events?schema=own`;
  await using connection = new PostgresConnection(url, false, () => {});
  const failed = expect(connection.read('SELECT 1')).rejects.toThrow();
  const [socket] = await once(server, 'connection');
  const [message]: Buffer[] = await once(socket, 'data');
  socket.destroy();
  server.close();
  await failed;
  // Length and version, then names and values that end in a NUL each (PostgreSQL, 55.7: StartupMessage).
  const fields = message?.subarray(8).toString().split('\0') ?? [];
  const names = fields.filter((field, position) => position % 2 === 0 && field !== '');
  expect(names.sort()).toEqual(taken);
});
