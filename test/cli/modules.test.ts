import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type CommandLine, commandLine } from './tidings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

let gateway: TestGateway;
let tidings: CommandLine;
beforeAll(async () => {
  gateway = await bootGateway();
  tidings = await commandLine(gateway.url);
});
afterAll(async () => {
  await tidings[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** The folders of the files that the engine ran: bin, dist/cli, node_modules/ws. */
async function loadedBy(...args: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-coverage-'));
  await tidings.run(args, { environment: { NODE_V8_COVERAGE: folder } });
  const urls = new Set<string>();
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as {
      result: readonly { url: string }[];
    };
    for (const { url } of result) if (url.startsWith('file:')) urls.add(fileURLToPath(url));
  }
  await rm(folder, { recursive: true });
  const folders = [...urls].map((path) => path.slice(root.length));
  return [
    ...new Set(
      folders.map((path) =>
        path
          .split('/')
          .slice(0, path.startsWith('bin') ? 1 : 2)
          .join('/'),
      ),
    ),
  ].sort();
}

test('help loads the command line alone', async () => {
  expect(await loadedBy('--help')).toEqual(['bin', 'dist/cli']);
});

test('a query loads nothing of the gateway, and no package', async () => {
  expect(await loadedBy('query', 'type:A')).toEqual(['bin', 'dist/cli', 'dist/filter-text']);
});

test('follow loads the client and its two packages', async () => {
  expect(await loadedBy('follow', '--after', '0', '--until-caught-up', '--filter', '{}')).toEqual([
    'bin',
    'dist/cli',
    'dist/client',
    'dist/filter-text',
    'node_modules/graphql-ws',
  ]);
});

/** The engine's own modules that a command loads. */
async function builtInsOf(...args: readonly string[]): Promise<string[]> {
  const print =
    'process.on("exit", () => process.stderr.write(JSON.stringify(process.moduleLoadList)))';
  const environment = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(print)}`,
  };
  const { notices } = await tidings.run(args, { environment });
  return JSON.parse(notices.slice(notices.indexOf('["')));
}

test.each([
  ['--help', ['--help']],
  ['query', ['query', 'type:A']],
  ['health', ['health']],
  ['follow', ['follow', '--after', '0', '--until-caught-up']],
])('%s loads no fetch, which takes longer than all the rest', async (_name, args) => {
  const loaded = await builtInsOf(...args);
  expect(loaded.length).toBeGreaterThan(50);
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
});
