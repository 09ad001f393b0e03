import type { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Query } from '../../../src/store/database/connection.ts';
import { ConnectionError } from '../../../src/store/database/outage.ts';
import { PostgresConnection, PostgresReaders } from '../../../src/store/database/postgres.ts';
import { postgresAvailable, startDatabase } from '../../postgres.ts';

/** Ends the session from another one, and waits until its client knows. */
async function endSession(query: Query, url: string, session: EventEmitter): Promise<void> {
  const [row] = await query('SELECT pg_backend_pid()');
  // Not once() of node:events, which would listen to errors as well.
  const ended = new Promise<void>((resolve) => session.once('end', resolve));
  await using other = new PostgresConnection(url, false, () => {});
  await other.read('SELECT pg_terminate_backend($1::integer)', [row?.[0] ?? '']);
  await ended;
}

describe.skipIf(!(await postgresAvailable()))('A session that ends between two statements', () => {
  test.each(['read', 'lookUp'] as const)(
    'fails the second one of a %s, and nothing else',
    async (kind) => {
      await using database = await startDatabase();
      let ends = true;
      await using readers = new PostgresReaders(
        database.url,
        () => {},
        async (query, session) => {
          if (ends) await endSession(query, database.url, session as EventEmitter);
        },
      );
      await expect(readers[kind]('SELECT 1')).rejects.toThrow(ConnectionError);
      ends = false;
      expect(await readers[kind]('SELECT 1')).toEqual([['1']]);
    },
  );
});
