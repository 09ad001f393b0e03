import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { natsServerBinary } from './nats-server-binary.ts';
import { patienceMs } from './patience.ts';

/** A nats-server with JetStream of the test's own: a free port, and a folder that goes with it. */
export interface NatsServer extends AsyncDisposable {
  /** nats://127.0.0.1:port */
  readonly url: string;
  readonly port: number;
  /** Of the server that runs now. */
  readonly pid: number;
  /** Where JetStream keeps its files. */
  readonly folder: string;
  /** Ends it in order; what JetStream holds stays. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does; what JetStream holds stays. */
  kill(): Promise<void>;
  /** Starts it again, stopped first where it runs, on the same port and folder. */
  restart(): Promise<void>;
}

/** @throws Error when there is no nats-server, or it does not get ready; `options` are its own: ['--auth', 'secret'] */
export async function startNatsServer(options: readonly string[] = []): Promise<NatsServer> {
  const binary = await natsServerBinary();
  const folder = await mkdtemp(join(tmpdir(), 'tidings-nats-'));
  const port = await freePort();
  const all = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, ...options];
  let child = await launch(binary, all);

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(patienceMs) });
    child.kill(signal);
    await exited;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid as number;
    },
    folder,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await end('SIGTERM');
      child = await launch(binary, all);
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves once the server says that it is ready: JetStream has recovered its streams then. */
async function launch(binary: string, options: readonly string[]): Promise<ChildProcess> {
  const child = spawn(binary, options, { stdio: ['ignore', 'ignore', 'pipe'] });
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.removeListener('exit', orphaned));

  let said = '';
  const late = setTimeout(orphaned, patienceMs);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`nats-server did not get ready: ${said}`)));
    child.once('error', reject);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < 20_000) said += chunk.toString();
      if (said.includes('Server is ready')) resolve();
    });
  }).finally(() => clearTimeout(late));
  return child;
}
