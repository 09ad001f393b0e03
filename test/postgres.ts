import {
  type ChildProcess,
  execFileSync,
  execFile as execFileWithCallback,
  spawn,
} from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { migrate } from '../src/store/database/migrator.ts';
import { PostgresConnection } from '../src/store/database/postgres.ts';
import { createLog } from '../src/telemetry/log.ts';
import { freePort } from './free-port.ts';
import { patienceMs } from './patience.ts';

const execFile = promisify(execFileWithCallback);

/** A database of the test's own. */
export interface TestDatabase extends AsyncDisposable {
  /** For DATABASE_URL. */
  readonly url: string;
}

/** A server of the test's own, to be stopped and started. */
export interface PostgresServer extends AsyncDisposable {
  /** Of its database `postgres`. */
  readonly url: string;
  /** Of the first of its processes. */
  readonly pid: number;
  /** Ends it in order, its clients' sessions with it. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Starts a server that replays all that this one writes. */
  startReplica(): Promise<PostgresServer>;
}

export const hasSharedPostgres = (): boolean => Boolean(env.TEST_DATABASE_URL);

/**
 * Whether there is PostgreSQL for the tests: the server at TEST_DATABASE_URL, or programs to start one with.
 * Where there is none the suite says so in a line; in CI that is an error.
 */
export async function postgresAvailable(): Promise<boolean> {
  if (hasSharedPostgres() || (await postgresPrograms()) !== null) return true;
  const missing = 'TEST_DATABASE_URL is not set, and initdb and postgres are not installed';
  if (env.CI) throw new Error(`The tests on PostgreSQL need a server: ${missing}.`);
  process.stderr.write(`Skipped: the tests on PostgreSQL (${missing}).\n`);
  return false;
}

/** A database on the server that the run shares, whose tables are up to date and empty. */
export async function startDatabase(): Promise<TestDatabase> {
  migrated ??= migratedTemplate();
  return await startCopy(await migrated);
}

/** A database on the server that the run shares, without tables. */
export async function startEmptyDatabase(): Promise<TestDatabase> {
  return await startCopy('template0');
}

async function startCopy(template: string): Promise<TestDatabase> {
  const server = await sharedServer();
  const name = `tidings_test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE ${template} ENCODING 'UTF8'`);
  return {
    url: urlOf(server, name),
    [Symbol.asyncDispose]: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

let migrated: Promise<string> | undefined;

/** The name of the database that others are copied from: the first process of a run that needs it makes it. */
async function migratedTemplate(): Promise<string> {
  const server = await sharedServer();
  const name = env.TEST_DATABASE_TEMPLATE ?? `tidings_template_${process.pid}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext('${name}'))`);
    const { rowCount } = await client.query(`SELECT FROM pg_database WHERE datname = '${name}'`);
    if (rowCount !== 0) return name;
    const unfinished = `${name}_unfinished`;
    await client.query(`CREATE DATABASE ${unfinished} TEMPLATE template0 ENCODING 'UTF8'`);
    const connection = new PostgresConnection(urlOf(server, unfinished), false, () => {});
    await migrate(connection, createLog('silent'));
    await connection[Symbol.asyncDispose]();
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
    return name;
  } finally {
    await client.end();
  }
}

/** Of a run on a server that goes on. */
export async function dropTemplate(): Promise<void> {
  await administer(
    await sharedServer(),
    `DROP DATABASE IF EXISTS ${env.TEST_DATABASE_TEMPLATE} WITH (FORCE)`,
  );
}

let shared: Promise<string> | undefined;

/** It may still be starting when the first file asks for it. Outside of a run of tests each process has its own. */
function sharedServer(): Promise<string> {
  shared ??= (async () => {
    const url = env.TEST_DATABASE_URL;
    if (!url) return (await startPostgres()).url;
    await untilAnswers(url);
    return url;
  })();
  return shared;
}

async function untilAnswers(url: string): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await answers(url)); ) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL did not get ready at ${url}`);
    await setTimeout(50);
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

const answers = (url: string): Promise<boolean> =>
  administer(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

/** @throws Error when no programs are installed, or it does not get ready; `given` is its port, or a free one */
export async function startPostgres(given?: number): Promise<PostgresServer> {
  const options = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'];
  return await startServer('initdb', options, given);
}

/** @param program fills the data directory, which it takes as `-D` */
async function startServer(
  program: string,
  programOptions: readonly string[],
  given?: number,
): Promise<PostgresServer> {
  const folder = await postgresPrograms();
  if (folder === null) throw new Error('initdb and postgres are not installed');
  const data = await mkdtemp(join(tmpdir(), 'tidings-postgres-'));
  // PostgreSQL does not run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (user.uid !== undefined) await chown(data, user.uid, user.gid);
  await execFile(join(folder, program), ['-D', data, ...programOptions], { ...user, cwd: data });
  const port = given ?? (await freePort());
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  // Without fsync it survives the death of its processes, which is all that the tests do to it.
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', 'max_connections=400'];
  const options = ['-D', data, '-k', data, '-p', String(port)];
  for (const setting of settings) options.push('-c', setting);
  let child: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const exited = once(running, 'exit', { signal: AbortSignal.timeout(patienceMs) });
    running.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    child = spawn(join(folder, 'postgres'), options, { ...user, cwd: data, stdio: 'ignore' });
    await untilAnswers(url);
  };
  process.once('exit', () => {
    child?.kill('SIGQUIT');
    rmSync(data, { recursive: true, force: true });
  });
  await start();
  return {
    url,
    get pid() {
      return child?.pid as number;
    },
    start,
    startReplica: () =>
      startServer('pg_basebackup', ['-d', url, '-R', '-X', 'stream', '-c', 'fast', '--no-sync']),
    stop: () => end('SIGINT'),
    kill: () => end('SIGQUIT'),
    async [Symbol.asyncDispose]() {
      await end('SIGQUIT');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The folder of initdb and postgres: Debian keeps them out of PATH. */
export async function postgresPrograms(): Promise<string | null> {
  const versions = await readdir('/usr/lib/postgresql').catch((): string[] => []);
  const debian = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  for (const folder of [...debian, ...(env.PATH ?? '').split(delimiter)]) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes('initdb') && names.includes('postgres')) return folder;
  }
  return null;
}

const idOf = (which: '-u' | '-g'): number =>
  Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
