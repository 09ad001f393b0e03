import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import type { DialectContext } from '../../../src/dialects/dialect.ts';
import { createHostRules } from '../../../src/server/http/hosts.ts';
import { HttpServer } from '../../../src/server/http/http-server.ts';
import { openGate } from '../../access/everybody.ts';
import { LogLines } from '../../dialects/log-lines.ts';

test('connections beyond the limit are closed at once, and logged in one line a minute', async () => {
  const kept = new LogLines();
  await using server = new HttpServer({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 2,
    hosts: createHostRules({ host: '127.0.0.1', publicUrls: [], corsOrigins: [] }),
    routes: {},
    upgrades: {},
    dialects: openGate([], {} as DialectContext),
    log: kept.log,
  });
  const { port } = new URL(await server.listen());
  const open = async () => {
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const sockets = [await open(), await open()];
  for (let n = 0; n < 5; n += 1) {
    const rejected = connect(Number(port), '127.0.0.1');
    rejected.on('error', () => undefined).resume();
    await once(rejected, 'close');
  }
  expect(kept.lines).toEqual(['warn Connections are rejected: as many as are allowed are open.']);
  for (const socket of sockets) socket.destroy();
});
