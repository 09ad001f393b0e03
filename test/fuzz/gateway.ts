import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import type { Ports } from './exchange.ts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const startMs = 180_000;

export interface GatewayOptions {
  /** Null for the embedded database. */
  readonly databaseUrl: string | null;
  readonly onLine: (line: string) => void;
  /** The process ended by itself. */
  readonly onCrash: (reason: string) => void;
}

/** A gateway in a process of its own, on loopback. */
export class FuzzedGateway implements AsyncDisposable {
  readonly ports: Ports;
  readonly #options: GatewayOptions;
  readonly #data: string;
  #child: ChildProcess | null = null;

  private constructor(ports: Ports, data: string, options: GatewayOptions) {
    this.ports = ports;
    this.#data = data;
    this.#options = options;
  }

  /** @throws Error where dist/ is missing, or the gateway does not get ready */
  static async start(options: GatewayOptions): Promise<FuzzedGateway> {
    if (!existsSync(main)) throw new Error('dist/main.js is missing: run npm run build first');
    const data = await mkdtemp(join(tmpdir(), 'tidings-fuzz-'));
    const gateway = new FuzzedGateway(
      { http: await freePort(), grpc: await freePort() },
      data,
      options,
    );
    await gateway.start();
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  /** Resolves once it is ready; also after a crash, on the same ports and data. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=64', '--enable-source-maps', main],
      { env: this.#environment(), stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', this.#options.onLine);
    }
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.#options.onCrash(`exit ${code ?? signal}`);
    });
    await this.#ready(child);
  }

  /** Bytes of memory that the process holds. */
  memory(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) return 0;
    try {
      const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
      return Number(pages) * 4096;
    } catch {
      return 0;
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#data, { recursive: true, force: true });
  }

  #environment(): NodeJS.ProcessEnv {
    const { databaseUrl } = this.#options;
    return {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TIDINGS_PORT: String(this.ports.http),
      TIDINGS_DATA_DIR: this.#data,
      SKYWALKING_GRPC_PORT: String(this.ports.grpc),
      ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
    };
  }

  async #ready(child: ChildProcess): Promise<void> {
    for (const deadline = Date.now() + startMs; ; ) {
      const ready = await fetch(`${this.url}/readyz`).catch(() => null);
      if (ready?.ok) return;
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error('The gateway did not get ready.');
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
