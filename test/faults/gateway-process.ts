import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { patienceMs } from '../patience.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A gateway in a process of its own, as it is installed: one that can be killed. */
export interface GatewayProcess extends AsyncDisposable {
  /** http://127.0.0.1:port/graphql, the same after a restart. */
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Ends it in order; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Starts it again on the same port and data directory, and waits until it is ready. */
  start(): Promise<void>;
}

export interface GatewayProcessOptions {
  /** How many files and sockets it may have open. */
  readonly maxOpenFiles?: number;
}

/** Starts a gateway from dist/ (`npm run build` first) on a data directory of its own. */
export async function startGatewayProcess(
  environment: Readonly<Record<string, string>> = {},
  { maxOpenFiles }: GatewayProcessOptions = {},
): Promise<GatewayProcess> {
  if (!existsSync(main)) throw new Error('dist/main.js is missing: run npm run build first');
  const data = await mkdtemp(join(tmpdir(), 'tidings-fault-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(patienceMs) });
    child.kill(signal);
    const [code] = await exited;
    return code as number | null;
  };

  const gateway: GatewayProcess = {
    url: `${origin}/graphql`,
    get pid() {
      return child?.pid as number;
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
    async start() {
      const limit = maxOpenFiles === undefined ? '' : `ulimit -n ${maxOpenFiles}; `;
      const command = `${limit}exec "$0" --enable-source-maps "$1"`;
      child = spawn('sh', ['-c', command, process.execPath, main], {
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          TIDINGS_PORT: String(port),
          TIDINGS_DATA_DIR: data,
          ...environment,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      await vi.waitFor(
        async () => {
          expect(child?.exitCode).toBeNull();
          expect((await fetch(`${origin}/readyz`)).status).toBe(200);
        },
        { timeout: patienceMs, interval: 50 },
      );
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await rm(data, { recursive: true, force: true });
    },
  };
  await gateway.start();
  return gateway;
}
