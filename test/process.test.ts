import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createClient } from 'graphql-ws';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { freePort } from './free-port.ts';
import { patienceMs } from './patience.ts';
import { dataDirectory } from './pglite.ts';

const launcher = fileURLToPath(new URL('../bin/tidings.mjs', import.meta.url));

interface Process extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything it wrote, once it has ended. */
  readonly output: Promise<string>;
  readonly faults: Promise<string>;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** A gateway as `npm start` starts it, from dist/: `npm run build` first. */
function start(environment: Readonly<Record<string, string>>): Process {
  const child = spawn(process.execPath, [launcher], {
    env: { PATH: process.env.PATH, TIDINGS_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const output = text(child.stdout);
  const faults = text(child.stderr);
  return {
    child,
    output,
    faults,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      // What it writes to ends with the gateway, which may outlive its launcher.
      await Promise.all([ended, output, faults]);
    },
  };
}

/** The address in the start line. */
async function addressOf({ child }: Process): Promise<string> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return await vi.waitFor(
    () => {
      const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
      expect(url).not.toBe('');
      return url;
    },
    { timeout: patienceMs, interval: 20 },
  );
}

test('one line says that it has started, one that it has stopped; asked to stop, it finishes its work and exits with 0', async () => {
  await using data = await dataDirectory();
  await using gateway = start({ TIDINGS_DATA_DIR: data.path });
  const url = await addressOf(gateway);
  const closed = vi.fn();
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazy: false,
    onNonLazyError: () => {},
    on: { closed: (event) => closed((event as { code: number }).code) },
  });
  const feed = client.iterate({ query: 'subscription { events(afterIndex: 0) { id } }' });
  const report = () =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'mutation { reportEvent(event: {}) { __typename } }' }),
    });
  expect((await report()).status).toBe(200);
  expect((await feed.next()).done).toBe(false);

  const underway = Promise.allSettled(Array.from({ length: 20 }, report));
  gateway.child.kill('SIGTERM');

  expect(await gateway.ended).toBe(0);
  await vi.waitFor(() => expect(closed).toHaveBeenCalledWith(1001));
  const toItsEnd = async () => {
    // Events of the reports that were accepted come before it.
    while (!(await feed.next()).done);
  };
  await expect(toItsEnd()).rejects.toMatchObject({ code: 1001 });
  // Connections that were not accepted by then were rejected, as the port was closed.
  for (const outcome of await underway) {
    if (outcome.status === 'fulfilled') expect(outcome.value.status).toBe(200);
  }
  const lines = (await gateway.output)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg);
  expect(lines).toEqual([
    `Tidings listens: console at ${url}/, API and playground at ${url}/graphql (journal: embedded; database: PGlite in ${data.path}).`,
    'Tidings has stopped.',
  ]);
  expect(await gateway.faults).toBe('');
});

test('a data directory that another process has is rejected in one sentence', async () => {
  await using data = await dataDirectory();
  await using first = start({ TIDINGS_DATA_DIR: data.path });
  await addressOf(first);
  await using second = start({ TIDINGS_DATA_DIR: data.path });
  expect(await second.ended).toBe(1);
  expect(await second.faults).toMatch(/^[A-Z][^\n]*\.\n$/);
  expect(await second.faults).toContain(data.path);
  expect(await second.output).toBe('');
});

test('a port that another process has is rejected in one sentence', async () => {
  await using data = await dataDirectory();
  await using other = await dataDirectory();
  await using first = start({ TIDINGS_DATA_DIR: data.path });
  const { port } = new URL(await addressOf(first));
  await using second = start({ TIDINGS_DATA_DIR: other.path, TIDINGS_PORT: port });
  expect(await second.ended).toBe(1);
  expect(await second.faults).toBe(`Another process has the port ${port} of 127.0.0.1.\n`);
});

test('SIGHUP reads the event definitions again; a bad file is reported and changes nothing', async () => {
  await using data = await dataDirectory();
  const file = join(data.path, 'definitions.yaml');
  await writeFile(file, '[]');
  await using gateway = start({ TIDINGS_DATA_DIR: data.path, DEFINITIONS_FILE: file });
  let said = '';
  gateway.child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const url = await addressOf(gateway);
  await writeFile(file, '- event_type: [');
  gateway.child.kill('SIGHUP');
  await vi.waitFor(() => expect(said).toContain('the old ones stay in use'));
  await writeFile(file, '[]');
  gateway.child.kill('SIGHUP');
  await vi.waitFor(() => expect(said).toContain('The event definitions were read again.'));
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('SIGUSR2 changes the log level to debug and back, and the log says so', async () => {
  await using data = await dataDirectory();
  const port = String(await freePort());
  await using gateway = start({
    TIDINGS_DATA_DIR: data.path,
    TIDINGS_PORT: port,
    TIDINGS_LOG_LEVEL: 'error',
  });
  let said = '';
  gateway.child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/healthz`));
  const levels = () =>
    said
      .split('\n')
      .filter((line) => line.includes('The log level was changed.'))
      .map((line) => JSON.parse(line).newLevel);
  gateway.child.kill('SIGUSR2');
  await vi.waitFor(() => expect(levels()).toEqual(['debug']));
  gateway.child.kill('SIGUSR2');
  await vi.waitFor(() => expect(levels()).toEqual(['debug', 'error']));
});

test('every fault of the environment is reported before anything starts', async () => {
  await using gateway = start({
    TIDINGS_PORT: 'http',
    TIDINGS_PROT: '1',
    MAYASTOR_STREAM: 'events',
  });
  expect(await gateway.ended).toBe(1);
  expect((await gateway.faults).trim().split('\n')).toEqual([
    'TIDINGS_PROT is not an option: README.md lists them all.',
    'TIDINGS_PORT must be a whole number from 0 to 65535, not "http".',
    'MAYASTOR_STREAM needs NATS_URL as well.',
  ]);
  expect(await gateway.output).toBe('');
});
