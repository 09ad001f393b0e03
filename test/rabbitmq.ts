import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect } from 'amqplib';
import { freePort } from './free-port.ts';
import { patienceMs } from './patience.ts';

/** Debian's own start of the broker; the one on PATH insists on Debian's user and folders. */
const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** A RabbitMQ server of the test's own, whose broker can stop and start again with its durable queues. */
export interface TestRabbitMq extends AsyncDisposable {
  readonly url: string;
  start(): Promise<void>;
  /** Ends it at once, as a loss of power would. */
  kill(): Promise<void>;
}

/**
 * Whether RabbitMQ is installed: `describe.skipIf(!hasRabbitMq)`. Debian has it: apt-get install rabbitmq-server.
 * @throws Error in CI, where nothing is skipped
 */
export const hasRabbitMq: boolean = (() => {
  if (existsSync(program)) return true;
  if (process.env.CI) {
    throw new Error('The AMQP tests need RabbitMQ: apt-get install rabbitmq-server.');
  }
  return false;
})();

export async function startRabbitMq(): Promise<TestRabbitMq> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-rabbitmq-'));
  const [port, distribution] = [await freePort(), await freePort()];
  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  await writeFile(join(folder, 'environment'), '');
  const environment = {
    PATH: process.env.PATH,
    HOME: folder,
    RABBITMQ_NODENAME: `tidings-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'environment'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    // A small virtual machine: it shares the processors with the tests.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
  };

  let child: ChildProcess | null = null;
  const orphaned = () => endGroup(child);
  process.once('exit', orphaned);

  async function start(): Promise<void> {
    let said = '';
    child = spawn(program, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        if (said.length < 10_000) said += chunk.toString();
      });
    }
    const until = performance.now() + patienceMs;
    while (!(await answers(url, port))) {
      if (child.exitCode !== null || performance.now() > until) {
        throw new Error(`RabbitMQ did not start: ${said}`);
      }
      await setTimeout(200);
    }
  }

  async function kill(): Promise<void> {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit', { signal: AbortSignal.timeout(patienceMs) });
    endGroup(running);
    await exited;
  }

  await start();
  return {
    url,
    start,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      process.removeListener('exit', orphaned);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The shell script, the virtual machine that it starts, and what that starts. */
function endGroup(child: ChildProcess | null): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Probes the port first: after a failed attempt at a broker that is still starting, a client waits long. */
async function answers(url: string, port: number): Promise<boolean> {
  if (!(await listens(port))) return false;
  try {
    await (await connect(url, { timeout: 5_000 })).close();
    return true;
  } catch {
    return false;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
