import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dataDirectory } from './pglite.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  readonly bin: { readonly tidings: string };
  readonly scripts: { readonly start: string };
};

let folder: string;
/** The package of `npm pack`, unpacked where it finds the packages that the project depends on. */
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-package-'));
  // Nothing is built here: `npm test` has done so.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: root });
  await run('tar', ['-xzf', stdout.trim()], { cwd: folder });
  await linkDependencies(join(folder, 'node_modules'));
  installed = join(folder, 'package');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Links the packages that are installed with the gateway, and none that only build or test it. */
async function linkDependencies(folder: string): Promise<void> {
  const list = ['ls', '--omit=dev', '--all', '--parseable'];
  const { stdout } = await run('npm', list, { cwd: root });
  const modules = `${join(root, 'node_modules')}/`;
  const paths = stdout.split('\n').filter((path) => path.startsWith(modules));
  // Those within another package are there with it.
  const names = paths.map((path) => path.slice(modules.length));
  for (const name of names.filter((name) => !name.includes('/node_modules/'))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await symlink(join(modules, name), join(folder, name));
  }
}

function start(environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(installed, manifest.bin.tidings)], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, output: text(child.stdout), ended: once(child, 'exit') };
}

test('the packed gateway starts, records, answers queries and stops', async () => {
  await using data = await dataDirectory();
  const { child, output, ended } = start({ TIDINGS_PORT: '0', TIDINGS_DATA_DIR: data.path });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const url = await vi.waitFor(() => {
    const [address] = /http:\S+\/graphql/.exec(said) ?? [];
    return address ?? expect.fail(`it says ${said}`);
  });
  const ask = async (query: string) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return ((await response.json()) as { data: unknown }).data;
  };
  expect(
    await ask(
      'mutation { reportEvent(event: { type: "A.B" }) { ... on ReportedEvent { status } } }',
    ),
  ).toEqual({ reportEvent: { status: 'STORED' } });
  expect(await ask('{ events { nodes { type } } }')).toEqual({
    events: { nodes: [{ type: 'A.B' }] },
  });
  // Managed through Prisma, whose packages are not installed.
  expect(
    await ask(
      'mutation { createSilence(input: { until: "2100-01-01T00:00:00Z", comment: "quiet" }) { comment } }',
    ),
  ).toEqual({ createSilence: { comment: 'quiet' } });
  const page = await (await fetch(new URL('/', url), { headers: { accept: 'text/html' } })).text();
  const [script = ''] = /\/console\/[\w-]+\.js/.exec(page) ?? [];
  expect((await fetch(new URL(script, url))).headers.get('content-type')).toContain('javascript');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(await output).toContain('Tidings has stopped.');
});

test('the packed command line shows help and asks a gateway', async () => {
  const tidings = (...args: readonly string[]) =>
    run(process.execPath, [join(installed, manifest.bin.tidings), ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder },
    });
  expect((await tidings('--help')).stdout).toContain('Usage: tidings [COMMAND]');
  const gateway = createServer((_, response) => response.end('{"status":"ready"}'));
  await once(gateway.listen(0, '127.0.0.1'), 'listening');
  const { port } = gateway.address() as AddressInfo;
  const { stdout } = await tidings('health', '--url', `http://127.0.0.1:${port}`);
  expect(stdout).toContain('gateway  ready');
  gateway.close();
});

test('`npm start` starts the same launcher, which sets the engine and passes on signals and exit codes', async () => {
  expect(manifest.scripts.start).toBe(`node ${manifest.bin.tidings}`);
  const main = join(installed, 'dist/main.js');
  await writeFile(
    main,
    `const timer = setInterval(() => {}, 1_000);
    process.on('SIGHUP', () => process.exit(7));
    process.once('disconnect', () => clearInterval(timer));
    console.log(JSON.stringify(process.execArgv));`,
  );
  const first = start();
  await once(first.child.stdout, 'data');
  first.child.kill('SIGHUP');
  expect(await first.ended).toEqual([7, null]);
  expect(JSON.parse(await first.output)).toEqual([
    '--max-semi-space-size=64',
    '--enable-source-maps',
  ]);
  const second = start();
  await once(second.child.stdout, 'data');
  second.child.kill('SIGTERM');
  expect(await second.ended).toEqual([null, 'SIGTERM']);
  const third = start();
  await once(third.child.stdout, 'data');
  third.child.kill('SIGKILL');
  // It ends with its launcher, as its output is closed.
  await third.output;
});
