import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { patienceMs } from './patience.ts';

const run = promisify(execFile);

const kcat = 'kcat';

/** A Kafka cluster of one broker, not of this project's making: librdkafka's mock cluster, inside kcat. */
export interface TestKafka extends AsyncDisposable {
  /** host:port */
  readonly broker: string;
  /** Ends it at once, with all its data. */
  kill(): Promise<void>;
}

/**
 * Whether kcat is here: `describe.skipIf(!hasKafka)`. Debian has it: apt-get install kcat.
 * @throws Error in CI, where nothing is skipped
 */
export const hasKafka: boolean = (() => {
  try {
    execFileSync(kcat, ['-V'], { stdio: 'ignore' });
    return true;
  } catch (cause) {
    if (process.env.CI) {
      throw new Error('The Kafka tests need kcat: apt-get install kcat.', { cause });
    }
    return false;
  }
})();

/** Starts a cluster; topics come into being when they are asked for, with four partitions each. */
export async function startKafka(): Promise<TestKafka> {
  // A producer whose input stays open lives until it is killed; its cluster lives in it.
  const options = [
    '-P',
    '-b',
    'mock',
    '-t',
    'unused',
    '-X',
    'test.mock.num.brokers=1',
    '-d',
    'mock',
  ];
  const child = spawn(kcat, options, { stdio: ['pipe', 'ignore', 'pipe'] });
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.removeListener('exit', orphaned));

  let said = '';
  const broker = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(orphaned, patienceMs);
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`kcat did not start a cluster: ${said}`)));
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 10_000) said += chunk.toString();
      const address = /bootstrap\.servers=([\d.:]+)/.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(late);
      resolve(address);
    });
  });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(patienceMs) });
    child.kill('SIGKILL');
    await exited;
  };
  return { broker, kill, [Symbol.asyncDispose]: kill };
}

/** Writes one message by kcat itself: with another client library than the gateway's. */
export async function produce(
  broker: string,
  topic: string,
  key: string,
  value: Uint8Array,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-kafka-'));
  try {
    const file = join(folder, 'value');
    await writeFile(file, value);
    await run(kcat, ['-P', '-b', broker, '-t', topic, '-k', key, file], { timeout: patienceMs });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An address that stays while clusters come and go: a cluster takes a port of its own each time. */
export interface Forwarder extends AsyncDisposable {
  readonly address: string;
  /** Connections that begin from now on go there; before the first time they are closed at once. */
  forwardTo(broker: string): void;
}

export async function startForwarder(): Promise<Forwarder> {
  let target: URL | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (target === null) {
      client.destroy();
      return;
    }
    const broker = connect(Number(target.port), target.hostname);
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    // One end takes the other with it.
    pipeline(client, broker, client, () => broker.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    forwardTo(broker) {
      target = new URL(`tcp://${broker}`);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
