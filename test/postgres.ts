import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import pg from 'pg';

const patience = 30_000;

/** An empty database of the test's own. */
export interface TestDatabase extends AsyncDisposable {
  /** For DATABASE_URL. */
  readonly url: string;
}

/** A server of the test's own, to be stopped and started. */
export interface PostgresServer extends AsyncDisposable {
  /** Of its database `postgres`. */
  readonly url: string;
  /** Ends it in order, its clients' sessions with it. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/**
 * Whether there is PostgreSQL for the tests: TEST_DATABASE_URL, the machine's own server, or programs to start one
 * with. Where there is none the suite says so in a line; in CI that is an error.
 */
export async function postgresAvailable(): Promise<boolean> {
  if (env.TEST_DATABASE_URL || (await answers(local)) || (await programs()) !== null) return true;
  const found = `nothing at TEST_DATABASE_URL, at ${local}, or among the installed programs`;
  if (env.CI) throw new Error(`The tests on PostgreSQL need a server: ${found}.`);
  process.stderr.write(`SkipCounter: the tests on PostgreSQL (${found}).\n`);
  return false;
}

const local = 'postgres://postgres@127.0.0.1:5432/postgres';

/** A fresh database on the server that there is, or on one that is started for this process's tests. */
export async function startDatabase(): Promise<TestDatabase> {
  const server = await sharedServer();
  const name = `tidings_test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => administer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

let shared: Promise<string> | undefined;

function sharedServer(): Promise<string> {
  shared ??= (async () => {
    if (env.TEST_DATABASE_URL) return env.TEST_DATABASE_URL;
    if (await answers(local)) return local;
    const own = await startPostgres();
    return own.url;
  })();
  return shared;
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

/** @throws Error when no programs are installed, or it does not get ready */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await programs();
  if (folder === null) throw new Error('initdb and postgres are not installed');
  const data = await mkdtemp(join(tmpdir(), 'tidings-postgres-'));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  if (user.uid !== undefined) await chown(data, user.uid, user.gid);
  execFileSync(
    join(folder, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: data, stdio: 'ignore' },
  );
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const options = ['-D', data, '-k', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'];
  let child: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const exited = once(running, 'exit', { signal: AbortSignal.timeout(patience) });
    running.kill(signal);
    await exited;
  };
  const start = async (): Promise<void> => {
    child = spawn(join(folder, 'postgres'), options, { ...user, cwd: data, stdio: 'ignore' });
    for (const deadline = Date.now() + patience; !(await answers(url)); ) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not get ready at ${url}`);
    }
  };
  process.once('exit', () => {
    child?.kill('SIGQUIT');
    rmSync(data, { recursive: true, force: true });
  });
  await start();
  return {
    url,
    start,
    stop: () => end('SIGINT'),
    kill: () => end('SIGQUIT'),
    async [Symbol.asyncDispose]() {
      await end('SIGQUIT');
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Where initdb and postgres lie: Debian keeps them out of PATH. */
async function programs(): Promise<string | null> {
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

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
