import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** The instructions of a Dockerfile in their order, by stage. */
function stagesOf(dockerfile: string): (readonly [string, string])[][] {
  const lines = dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages: (readonly [string, string])[][] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    else stages.at(-1)?.push([name, rest]);
  }
  return stages;
}

/** Copies the files that git knows or could know, without those that the image leaves out. */
async function copyContext(target: string): Promise<void> {
  const ignored = (await readFile(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8')).split(
    '\n',
  );
  const { stdout } = await run('git', ['-C', root, 'ls-files', '-co', '--exclude-standard']);
  const files = stdout.split('\n').filter((name) => name !== '');
  for (const file of files.filter((name) => !ignored.includes(name.split('/')[0] ?? ''))) {
    await cp(join(root, file), join(target, file));
  }
}

test('the steps of the Dockerfile, replayed in an empty folder, make a gateway that becomes healthy', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-image-'));
  const inFolder = (text: string) =>
    text.replaceAll(/(^|[\s=])\/(build|app|data)\b/g, `$1${folder}/$2`);
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME };
  let workdir = folder;
  let healthcheck: string[] = [];
  let entrypoint: string[] = [];

  async function copy(words: readonly string[]): Promise<void> {
    const paths = words.filter((word) => !word.startsWith('--'));
    const last = paths.at(-1) ?? '';
    const target = join(workdir, last);
    if (paths[0] === '.') return await copyContext(target);
    for (const from of paths.slice(0, -1).map(inFolder)) {
      await cp(from, last.endsWith('/') ? join(target, basename(from)) : target, {
        recursive: true,
      });
    }
  }

  const steps: Record<string, (rest: string) => unknown> = {
    WORKDIR: async (rest) => {
      workdir = inFolder(rest);
      await mkdir(workdir, { recursive: true });
    },
    COPY: (rest) => copy(rest.split(' ')),
    // The user exists in the image alone.
    RUN: (rest) =>
      run('sh', ['-c', inFolder(rest).replace('chown node:node', 'test -d')], {
        cwd: workdir,
        env,
      }),
    ENV: (rest) => {
      for (const pair of inFolder(rest).split(' ')) {
        const [name = '', value] = pair.split('=');
        env[name] = value;
      }
    },
    HEALTHCHECK: (rest) => {
      healthcheck = JSON.parse(rest.slice(rest.indexOf('[')));
    },
    ENTRYPOINT: (rest) => {
      entrypoint = JSON.parse(rest);
    },
    USER: () => {},
    VOLUME: () => {},
    EXPOSE: () => {},
  };
  for (const [name, rest] of stagesOf(
    await readFile(join(root, 'deploy/Dockerfile'), 'utf8'),
  ).flat()) {
    const step = steps[name];
    if (step === undefined) throw new Error(`the replay does not know ${name}`);
    await step(rest);
  }

  env.TIDINGS_PORT = String(await freePort());
  env.TIDINGS_AUTH = 'off';
  const [program = '', ...args] = entrypoint;
  const gateway = spawn(program, args, { cwd: join(folder, 'app'), env, stdio: 'ignore' });
  try {
    const [checker = '', ...checkArgs] = healthcheck;
    await vi.waitFor(() => run(checker, checkArgs, { env }), { timeout: 120_000, interval: 500 });
    const answer = await fetch(`http://127.0.0.1:${env.TIDINGS_PORT}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation { reportEvents(events: [{ type: "Image.Start" }]) { accepted } }',
      }),
    });
    expect(await answer.json()).toEqual({ data: { reportEvents: { accepted: 1 } } });
  } finally {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
});
