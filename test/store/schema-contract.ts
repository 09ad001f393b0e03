import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/store/database/connection.ts';
import { migrate } from '../../src/store/database/migrator.ts';
import { createLog } from '../../src/telemetry/log.ts';

const prisma = new URL('../../prisma/', import.meta.url);
const schema = readFileSync(new URL('schema.prisma', prisma), 'utf8');
const log = createLog('silent');

const columnTypes: Readonly<Record<string, string>> = {
  String: 'text',
  'String[]': '_text',
  'String @db.Uuid': 'uuid',
  Int: 'int4',
  'Int[]': '_int4',
  'Int @db.SmallInt': 'int2',
  Bytes: 'bytea',
  BigInt: 'int8',
  Float: 'float8',
  Boolean: 'bool',
  Json: 'jsonb',
  'Json @db.Json': 'json',
  'DateTime @db.Timestamptz(6)': 'timestamptz',
};

const column = /^ {2}(?<field>\w+) +(?<type>\w+(?:\[\])?)(?<optional>\?)?(?<rest>.*)$/gm;

/** A table as a model of schema.prisma says: `table.column type null`, and `table(key)`. */
function tableOf(body: string): { columns: string[]; key: string } {
  const table = /@@map\("(\w+)"\)/.exec(body)?.[1];
  const fields = Array.from(body.matchAll(column), ({ groups = {} }) => {
    const { field = '', type = '', optional, rest = '' } = groups;
    const native = /@db\.[\w()]+/.exec(rest)?.[0];
    return {
      field,
      name: /@map\("(\w+)"\)/.exec(rest)?.[1] ?? field,
      type: columnTypes[native === undefined ? type : `${type} ${native}`],
      nullable: optional ? 'YES' : 'NO',
      isKey: /@id\b/.test(rest),
    };
  });
  const key = /@@id\(\[(.*)\]\)/.exec(body)?.[1]?.split(', ') ?? [];
  const names = fields.filter(({ field, isKey }) => isKey || key.includes(field));
  return {
    columns: fields.map(({ name, type, nullable }) => `${table}.${name} ${type} ${nullable}`),
    key: `${table}(${names.map(({ name }) => name).join()})`,
  };
}

/** Migrations and the tables that they build, for any database. */
export function schemaContract(
  openHarness: () => Promise<{ readonly connection: Connection } & AsyncDisposable>,
): void {
  describe('migrations', () => {
    let at: Awaited<ReturnType<typeof openHarness>>;
    let connection: Connection;
    beforeAll(async () => {
      at = await openHarness();
      ({ connection } = at);
      await migrate(connection, log);
    });
    afterAll(async () => {
      await connection[Symbol.asyncDispose]();
      await at[Symbol.asyncDispose]();
    });

    const partition = 'events_partition_0';

    const cells = async (text: string) => (await connection.read(text)).map(([cell]) => cell);

    test('build what schema.prisma says', async () => {
      const tables = Array.from(schema.matchAll(/^model \w+ \{\n(.*?)^\}/gms), ([, body = '']) =>
        tableOf(body),
      );
      const sorted = (list: readonly unknown[]) => list.map(String).sort();
      expect(tables).toHaveLength(21);
      const columns = await cells(
        `SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name NOT IN ('_prisma_migrations', '${partition}')`,
      );
      expect(sorted(columns)).toEqual(sorted(tables.flatMap((table) => table.columns)));
      const keys = await cells(
        `SELECT table_name || '(' || string_agg(column_name, ',' ORDER BY ordinal_position) || ')'
         FROM information_schema.table_constraints
         JOIN information_schema.key_column_usage USING (table_schema, table_name, constraint_name)
         WHERE constraint_type = 'PRIMARY KEY' AND table_schema = 'public' AND table_name <> '_prisma_migrations'
         GROUP BY table_name`,
      );
      expect(sorted(keys.map((key) => key?.replace(partition, 'events')))).toEqual(
        sorted(tables.map(({ key }) => key)),
      );
      const indexes = Array.from(schema.matchAll(/map: "(\w+)"/g), ([, name]) => name);
      expect(await cells(`SELECT indexname FROM pg_indexes WHERE schemaname = 'public'`)).toEqual(
        expect.arrayContaining(indexes),
      );
    });

    test('Prisma reads every table', async () => {
      const id = randomUUID();
      await connection.write(
        `INSERT INTO events VALUES ($1, 1, 'n', 'c', NULL, 'c', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
         NULL, '{}', NULL, '{a,"b \\"c"}', '[]', '{"a": 1}', 'epoch', NULL, 'epoch', 'TIDINGS', '[1]', NULL)`,
        [id],
      );
      const client = await connection.prisma();
      expect(await client.event.findUnique({ where: { id } })).toMatchObject({
        index: 1n,
        action: null,
        filterKeys: [],
        tags: ['a', 'b "c'],
        value: { a: 1 },
        time: new Date(0),
        raw: [1],
      });
      expect(await client.journalState.findMany()).toMatchObject([{ storedIndex: 0n }]);
      expect(await client.journalStream.findMany()).toEqual([]);
      expect(await client.eventCount.findMany()).toEqual([]);
      expect(await client.eventType.findMany()).toEqual([]);
      expect(await client.eventTrait.findMany()).toEqual([]);
      expect(await client.refusedEvent.findMany()).toEqual([]);
      expect(await client.consumer.findMany()).toEqual([]);
      expect(await client.sink.findMany()).toEqual([]);
      expect(await client.failedDelivery.findMany()).toEqual([]);
      expect(await client.sinkReplay.findMany()).toEqual([]);
      expect(await client.alarmRule.findMany()).toEqual([]);
      expect(await client.alarmProgress.findMany()).toEqual([]);
      expect(await client.alarmEntityState.findMany()).toEqual([]);
      expect(await client.alarm.findMany()).toEqual([]);
      expect(await client.alarmGroup.findMany()).toEqual([]);
      expect(await client.silence.findMany()).toEqual([]);
      await client.$disconnect();
    });

    test('are recorded as `prisma migrate deploy` records them', async () => {
      const script = readFileSync(new URL('migrations/0001_events/migration.sql', prisma));
      const [row] = await connection.read(
        `SELECT migration_name, checksum, applied_steps_count, length(id), finished_at >= started_at,
         logs, rolled_back_at FROM _prisma_migrations`,
      );
      const checksum = createHash('sha256').update(script).digest('hex');
      expect(row).toEqual(['0001_events', checksum, '1', '36', 't', null, null]);
    });

    test('are applied once', async () => {
      await Promise.all([migrate(connection, log), migrate(connection, log)]);
      const entries = readdirSync(new URL('migrations/', prisma), { withFileTypes: true });
      const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
      const applied = await cells('SELECT migration_name FROM _prisma_migrations ORDER BY 1');
      expect(applied).toEqual(names.sort());
    });

    test('a migration that `prisma migrate` has left half done is reported', async () => {
      await connection.write(
        `INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '0000_half')`,
      );
      await expect(migrate(connection, log)).rejects.toThrow('0000_half has begun and not ended');
      await connection.write(`DELETE FROM _prisma_migrations WHERE id = 'x'`);
    });
  });
}
