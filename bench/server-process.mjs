// Servers under measurement run in processes of their own; each says where it listens on one line.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const running = new Set();
// A bench that fails leaves no server behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program and resolves once `ready()` does; `stop()` ends it. */
async function start(command, args, env, ready) {
  const probed =
    command === process.execPath
      ? ['--expose-gc', '--import', here('heap-probe.mjs'), ...args]
      : args;
  const child = spawn(command, probed, {
    env: { ...process.env, ...env },
    stdio: [
      'ignore',
      'ignore',
      command === process.execPath ? 'inherit' : 'ignore',
      ...(command === process.execPath ? ['ipc'] : []),
    ],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  running.add(child);
  child.once('exit', () => running.delete(child));
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  const deadline = Date.now() + 60_000;
  while (!(await ready().catch(() => false))) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`${args[0] ?? command} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const memory = () =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send('memory');
    });
  return { stop, memory, pid: child.pid };
}

/** Seconds of processor time that a process has used. */
export function processorSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Microseconds of processor time that a process has used until now: its main thread, and all threads that it has. */
export function processorMicros(pid) {
  const micros = (thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
  const threads = readdirSync(`/proc/${pid}/task`);
  return { main: micros(pid), all: threads.reduce((sum, thread) => sum + micros(thread), 0) };
}

/** A gateway from dist/ with a data directory of its own; `env` chooses journal and database. */
export async function startGateway(env = {}) {
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), 'tidings-bench-'));
  const url = `http://127.0.0.1:${port}`;
  const { stop, pid, memory } = await start(
    process.execPath,
    // As npm start does.
    ['--max-semi-space-size=64', here('../dist/main.js')],
    {
      DATABASE_URL: '',
      NATS_URL: '',
      MAYASTOR_STREAM: '',
      ...env,
      TIDINGS_PORT: String(port),
      TIDINGS_DATA_DIR: data,
    },
    async () => (await fetch(`${url}/readyz`)).ok,
  );
  return {
    url: `${url}/graphql`,
    pid,
    memory,
    data,
    stop,
    remove: () => rm(data, { recursive: true, force: true }),
  };
}

/** A program of this folder that serves on the port it is given and answers GET / once it is ready. */
export async function startPeer(file, ...args) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { stop, pid, memory } = await start(
    process.execPath,
    [here(file), String(port), ...args],
    {},
    async () => {
      await fetch(url);
      return true;
    },
  );
  return { url: `${url}/graphql`, pid, memory, stop };
}

/** A nats-server of our own with JetStream; null where none is installed. */
export async function startNats() {
  const port = await freePort();
  const store = await mkdtemp(join(tmpdir(), 'tidings-bench-nats-'));
  const { stop } = await start(
    'nats-server',
    ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store],
    {},
    () =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== null));
        socket.on('error', reject);
      }),
  );
  return {
    url: `nats://127.0.0.1:${port}`,
    stop: async () => {
      await stop();
      await rm(store, { recursive: true, force: true });
    },
  };
}
