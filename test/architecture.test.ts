import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

/**
 * The folders of src/, from the innermost layer outwards: a folder imports only itself and what is listed before it.
 * docs/architecture.md says what each is for.
 */
const layers = [
  'event',
  'environment',
  'runtime',
  'telemetry',
  'http',
  'nats',
  'journal',
  'store',
  'access',
  'live',
  'intake',
  'consumers',
  'sinks',
  'alarms',
  'graphql',
  'dialects',
  'config',
  'server',
  'gateway',
] as const;
/** Run outside the gateway's process: each imports only itself and what is listed before it, and nothing of the gateway. */
const standalone = ['client', 'filter-text', 'console', 'cli'] as const;
/** The process itself, which starts what the composition root opens. */
const rootFiles = ['main.ts'] as const;

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('generated'))
    .map((file) => join(folder, file));

function specifiersIn(path: string): string[] {
  const imports = readFileSync(path, 'utf8').matchAll(/(?:from|import\(|import)\s*'(\.[^']+)'/g);
  return Array.from(imports, ([, specifier = '']) => specifier);
}

/** The file that imports and the file that is imported, both relative to src/. */
const imports = filesUnder(source).flatMap((path) =>
  specifiersIn(path).map((specifier) => ({
    from: relative(source, path),
    to: relative(source, join(dirname(path), specifier)),
  })),
);

const folderOf = (file: string): string => file.split(sep)[0] ?? '';
const shown = ({ from, to }: { from: string; to: string }): string => `${from} -> ${to}`;

test('every folder and every root file of src belongs to a layer', () => {
  const entries = readdirSync(source, { withFileTypes: true }).filter(
    (entry) => !entry.isDirectory() || filesUnder(join(source, entry.name)).length > 0,
  );
  const names = entries.map(({ name }) => name).sort();
  expect(names).toEqual([...layers, ...standalone, ...rootFiles].sort());
});

test.each(layers.map((layer, rank) => [layer, layers.slice(0, rank)] as const))(
  '%s imports only itself and %j',
  (layer, inner) => {
    const allowed: readonly string[] = [layer, ...inner];
    const strays = imports
      .filter(({ from, to }) => folderOf(from) === layer && !allowed.includes(folderOf(to)))
      .map(shown);
    expect(strays).toEqual([]);
  },
);

test.each(standalone.map((folder, rank) => [folder, standalone.slice(0, rank)] as const))(
  '%s imports nothing of the gateway, only itself and %j',
  (folder, inner) => {
    const allowed: readonly string[] = [folder, ...inner];
    const strays = imports
      .filter(({ from, to }) => folderOf(from) === folder && !allowed.includes(folderOf(to)))
      .map(shown);
    expect(strays).toEqual([]);
  },
);

test('the process imports the composition root alone', () => {
  const folders = imports
    .filter(({ from }) => (rootFiles as readonly string[]).includes(from))
    .map(({ to }) => folderOf(to));
  expect([...new Set(folders)].sort()).toEqual(['gateway']);
});

test('only the composition root imports the configuration', () => {
  const importers = imports
    .filter(({ from, to }) => folderOf(to) === 'config' && folderOf(from) !== 'config')
    .map(({ from }) => folderOf(from));
  expect([...new Set(importers)].sort()).toEqual(['gateway']);
});

test('no dialect imports another dialect', () => {
  const dialectOf = (file: string): string | null => {
    const [top, name = '', ...rest] = file.split(sep);
    return top === 'dialects' && rest.length > 0 ? name : null;
  };
  const strays = imports
    .filter(({ from, to }) => {
      const [importer, imported] = [dialectOf(from), dialectOf(to)];
      return importer !== null && imported !== null && importer !== imported;
    })
    .map(shown);
  expect(strays).toEqual([]);
});

test('imports name files that exist', () => {
  const files = [...filesUnder(source), ...filesUnder(join(root, 'test'))];
  const wrong = files.flatMap((path) =>
    specifiersIn(path)
      .filter(
        (specifier) =>
          !specifier.includes('/generated/') && !existsSync(join(dirname(path), specifier)),
      )
      .map((specifier) => `${relative(root, path)} -> ${specifier}`),
  );
  expect(wrong).toEqual([]);
});

test('file names say what is in them: none is utils or helpers', () => {
  const drawers = filesUnder(source)
    .map((path) => relative(source, path))
    .filter((path) => /\b(utils?|helpers?|common|misc)\b/.test(path));
  expect(drawers).toEqual([]);
});

test('no file leaves its business unfinished', () => {
  const unfinished = filesUnder(source).filter((path) =>
    /\b(TODO|FIXME|XXX|HACK)\b/.test(readFileSync(path, 'utf8')),
  );
  expect(unfinished.map((path) => relative(source, path))).toEqual([]);
});

test('the README lists the layers in their order', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, listed = ''] = /```\n(event ◀[^`]+)```/.exec(readme) ?? [];
  expect(listed.trim().split(/\s*◀\s*/)).toEqual([...layers]);
});

test('no signal is made by AbortSignal.any, which leaves a reference at a long-lived one: EitherSignal does not', () => {
  const users = filesUnder(source).filter((path) =>
    /AbortSignal\.any\(/.test(readFileSync(path, 'utf8')),
  );
  expect(users.map((path) => relative(source, path))).toEqual([]);
});

test('an unexpected error is logged by logUnexpectedError, which keeps one that repeats from filling the log', () => {
  const writers = filesUnder(source).filter((path) =>
    readFileSync(path, 'utf8').includes("'Unexpected error."),
  );
  expect(writers.map((path) => relative(source, path))).toEqual(['telemetry/unexpected-error.ts']);
});

test('each migration has a number of its own, so that their order does not hang on the rest of their names', () => {
  const names = readdirSync(join(root, 'prisma/migrations')).filter((name) => /^\d/.test(name));
  // Applied already, and so never renamed.
  const earlier = ['0008_expired_types', '0008_gateways'];
  const numbers = names
    .filter((name) => !earlier.includes(name))
    .map((name) => name.slice(0, name.indexOf('_')));
  expect(numbers.length).toBeGreaterThan(10);
  expect(new Set(numbers).size).toBe(numbers.length);
});
