import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Log } from '../../telemetry/log.ts';
import type { Connection, Transaction } from './connection.ts';
import { partitionEvents, quickBytes } from './event-partitions.ts';

/** From src/store and dist/store alike. */
const folder = new URL('../../../prisma/migrations/', import.meta.url);

/** The advisory lock under which `prisma migrate` itself works. */
const prismasLock = 72_707_369;

/** Prisma's own table, as `prisma migrate deploy` makes it. */
const table = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly script: string;
  readonly checksum: string;
}

/**
 * Brings the tables up to date: applies what is in prisma/migrations and not yet in the database, in order, all in
 * one transaction, one process at a time. A table of events up to `maxQuickBytes` becomes the first partition as well.
 * @throws Error with a sentence when `prisma migrate` has left a migration half done
 */
export async function migrate(
  connection: Connection,
  log: Log,
  maxQuickBytes = quickBytes,
): Promise<void> {
  const migrations = await readMigrations();
  await connection.transaction(async (transaction) => {
    await transaction.query('SELECT pg_advisory_xact_lock($1)', [prismasLock]);
    await transaction.query(table);
    const applied = await checksumsIn(transaction);
    for (const migration of migrations) {
      const checksum = applied.get(migration.name);
      if (checksum === undefined) await apply(transaction, migration);
      else if (checksum !== migration.checksum) {
        log.warn({ migration: migration.name }, 'A migration was changed after it was applied.');
      }
    }
    await partitionEvents(transaction, maxQuickBytes);
  });
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => {
      const script = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    }),
  );
}

/** Of the migrations that are done, by name. */
async function checksumsIn({ query }: Transaction): Promise<ReadonlyMap<string, string>> {
  const rows = await query(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return new Map(
    rows.map(([name, checksum, finished]) => {
      if (finished !== null) return [String(name), String(checksum)];
      throw new Error(
        `The migration ${name} has begun and not ended: see to it with \`prisma migrate resolve\`, then start again.`,
      );
    }),
  );
}

async function apply({ query, script }: Transaction, migration: Migration): Promise<void> {
  await query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())',
    [randomUUID(), migration.checksum, migration.name],
  );
  await script(migration.script);
  await query(
    'UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE migration_name = $1 AND finished_at IS NULL',
    [migration.name],
  );
}
