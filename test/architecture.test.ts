import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

/** The layer diagram of README.md: a folder of src/ imports only itself and what is listed for it. */
const layers: Readonly<Record<string, readonly string[]>> = {
  event: [],
  journal: ['event'],
  store: ['event', 'journal'],
  live: ['event', 'journal', 'store'],
  intake: ['event', 'journal', 'store', 'live'],
  graphql: ['event', 'journal', 'store', 'live', 'intake'],
  server: ['event', 'journal', 'store', 'live', 'intake', 'graphql'],
  client: [],
};
/** Any folder may say what happens. */
const everywhere = ['log.ts', 'metrics.ts'];

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => join(folder, file));

function specifiersIn(path: string): string[] {
  const imports = readFileSync(path, 'utf8').matchAll(/(?:from|import\(|import)\s*'(\.[^']+)'/g);
  return Array.from(imports, ([, specifier = '']) => specifier);
}

const foldersOfSource = readdirSync(source, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .filter((name) => filesUnder(join(source, name)).length > 0);

test('every folder of src has its place in the layer diagram', () => {
  expect(Object.keys(layers)).toEqual(expect.arrayContaining(foldersOfSource));
});

test.each(Object.entries(layers))('%s imports only %j', (folder, allowed) => {
  const strays = filesUnder(join(source, folder)).flatMap((path) =>
    specifiersIn(path)
      .map((specifier) => relative(source, join(dirname(path), specifier)))
      .filter((target) => {
        const [top = ''] = target.split(sep);
        return ![folder, ...allowed, ...everywhere].includes(top);
      })
      .map((target) => `${relative(source, path)} -> ${target}`),
  );
  expect(strays).toEqual([]);
});

test('imports name the file that they mean', () => {
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

test('only the composition root and the process know the configuration', () => {
  const root = ['config.ts', 'gateway.ts', 'dialects.ts', 'journals.ts', 'main.ts'];
  const importers = filesUnder(source).filter((path) =>
    specifiersIn(path).some((specifier) =>
      root.includes(relative(source, join(dirname(path), specifier))),
    ),
  );
  expect(importers.map((path) => relative(source, path)).sort()).toEqual([
    'dialects.ts',
    'gateway.ts',
    'journals.ts',
    'main.ts',
  ]);
});

test('no file is a drawer for whatever has no place', () => {
  const drawers = filesUnder(source).filter((path) =>
    /\b(utils?|helpers?|common|misc)\b/.test(path),
  );
  expect(drawers).toEqual([]);
});

test('no file leaves its business unfinished', () => {
  const unfinished = filesUnder(source).filter((path) =>
    /\b(TODO|FIXME|XXX|HACK)\b/.test(readFileSync(path, 'utf8')),
  );
  expect(unfinished.map((path) => relative(source, path))).toEqual([]);
});
