// The events that the benches report, and the same events written straight to a database of the same shape.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

const server = process.env.BENCH_DATABASE_URL ?? 'postgresql://postgres@127.0.0.1:5432/postgres';
const pools = ['gold', 'silver', 'bronze'];
const actions = ['Create', 'Delete', 'StateChange', 'RebuildBegin', 'RebuildEnd'];

/** The nth event as reportEvents takes it: about 400 bytes of JSON. */
export const eventInput = (n) => ({
  type: `Volume.${actions[n % actions.length]}`,
  key: `volume-${n % 5000}`,
  message: `volume ${n % 5000} on node ${n % 40} changed`,
  tags: [`pool:${pools[n % 3]}`, `zone:z${n % 10}`],
  traits: [
    { name: 'size_gib', value: { int: n % 1000 } },
    { name: 'state', value: { text: n % 7 === 0 ? 'degraded' : 'online' } },
  ],
  source: { service: 'storage', node: `node-${n % 40}` },
  value: { attempt: n % 3, elapsed: (n % 100) / 10 },
});

/** A database of its own on the server: its URL; an older one of the name is dropped. */
export async function createDatabase(name) {
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function dropDatabase(name) {
  const admin = new pg.Client(server);
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
}

async function migrations() {
  const folder = fileURLToPath(new URL('../prisma/migrations/', import.meta.url));
  const names = (await readdir(folder)).filter((name) => /^\d/.test(name)).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name, 'migration.sql'), 'utf8')));
}

const insert = `INSERT INTO events SELECT * FROM json_populate_recordset(NULL::events, $1::json) ON CONFLICT (id) DO NOTHING`;

const readRows = (limit) =>
  `SELECT row_to_json(e)::text AS row FROM events e ORDER BY "index" LIMIT ${limit}`;

/** The first events of a PostgreSQL database, as JSON objects of their columns. */
export async function rowsOfPostgres(url, limit) {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query(readRows(limit));
  await client.end();
  return rows.map(({ row }) => JSON.parse(row));
}

/** The first events under a gateway's data directory, once the gateway has ended. */
export async function rowsOfPglite(data, limit) {
  const database = await PGlite.create(join(data, 'pgdata'));
  const { rows } = await database.query(readRows(limit));
  await database.close();
  return rows.map(({ row }) => JSON.parse(row));
}

/** An empty PostgreSQL database to write rows to straight, over a number of connections. */
export async function openStraightPostgres(connections) {
  const pool = new pg.Pool({
    connectionString: await createDatabase(`tidings_bench_straight_${connections}`),
    max: connections,
  });
  // One that is still ending when the database is dropped for the next run.
  pool.on('error', () => {});
  for (const sql of await migrations()) await pool.query(sql);
  return {
    write: (rows, batch) =>
      writeStraight((sql, values) => pool.query(sql, values), rows, batch, connections),
    close: () => pool.end(),
  };
}

/** An empty PGlite with its files on disk, to write rows to straight. */
export async function openStraightPglite() {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-bench-straight-'));
  const database = await PGlite.create(join(folder, 'pg'));
  for (const sql of await migrations()) await database.exec(sql);
  // Already text: PGlite would turn a string into JSON text once more.
  const query = (sql, [text]) =>
    database.query(sql, [text], { serializers: { 114: (value) => value } });
  return {
    write: (rows, batch) => writeStraight(query, rows, batch, 1),
    close: async () => {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Writes rows in batches over a number of connections, one statement a batch; rows a second. */
async function writeStraight(query, rows, batch, connections) {
  let next = 0;
  const begin = performance.now();
  const drive = async () => {
    while (next < rows.length) {
      const slice = rows.slice(next, next + batch);
      next += batch;
      await query(insert, [JSON.stringify(slice)]);
    }
  };
  await Promise.all(Array.from({ length: connections }, drive));
  return rows.length / ((performance.now() - begin) / 1000);
}

const day = 86_400_000;

/** The same rows as of a number of days later: ids and indexes that no table has yet, in the same order. */
export const daysLater = (rows, days) =>
  rows.map((row) => {
    const [high, low, ...rest] = row.id.split('-');
    const milliseconds = Number.parseInt(high + low, 16) + days * day;
    const time = milliseconds.toString(16).padStart(12, '0');
    const id = [time.slice(0, 8), time.slice(8), ...rest].join('-');
    return { ...row, id, index: row.index + days * rows.length };
  });
