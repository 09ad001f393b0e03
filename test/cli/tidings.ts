import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/tidings.mjs', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly notices: string;
}

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it wrote by now. */
  readonly output: () => string;
  readonly notices: () => string;
  readonly ended: Promise<number | null>;
}

type Environment = Readonly<Record<string, string>>;

export interface CommandLine extends AsyncDisposable {
  /** A folder of the test's own, which is also where contexts are kept. */
  readonly folder: string;
  /** Runs `tidings` with the arguments to its end. */
  run(
    args: readonly string[],
    given?: { input?: string; environment?: Environment },
  ): Promise<Ended>;
  /** The same, and expects that it ends with 0. */
  done(...args: readonly string[]): Promise<string>;
  start(args: readonly string[], environment?: Environment): Running;
}

/** The built command line (`npm run build` first), as a user of one gateway has it. */
export async function commandLine(url: string): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-cli-'));
  const spawned = (args: readonly string[], environment: Environment = {}) =>
    spawn(process.execPath, [launcher, ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TIDINGS_URL: url.replace('/graphql', ''),
        ...environment,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const running = new Set<ChildProcess>();
  const run: CommandLine['run'] = async (args, { input = '', environment = {} } = {}) => {
    const child = spawned(args, environment);
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [[code], output, notices] = await Promise.all([
      once(child, 'exit'),
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code: code as number | null, output, notices };
  };
  return {
    folder,
    run,
    async done(...args) {
      const { code, output, notices } = await run(args);
      if (code !== 0) throw new Error(`tidings ${args.join(' ')} ended with ${code}: ${notices}`);
      return output;
    },
    start(args, environment) {
      const child = spawned(args, environment);
      running.add(child);
      const ended = once(child, 'exit').then(([code]) => code as number | null);
      let [output, notices] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        notices += chunk.toString();
      });
      return {
        child,
        output: () => output,
        notices: () => notices,
        ended,
        async [Symbol.asyncDispose]() {
          child.kill('SIGKILL');
          await ended;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
