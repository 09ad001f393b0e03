import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isGroup, type Options } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { exitCodes } from '../../src/cli/exit-code.ts';
import { filterOptions } from '../../src/cli/filter-options.ts';
import { globalOptions } from '../../src/cli/global-options.ts';
import { fields } from '../../src/filter-text/fields.ts';

const read = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const documentation = await read('cli.md');

const missing = (wanted: readonly string[], text: string): string[] =>
  wanted.filter((words) => !text.includes(words));

test('docs/cli.md names every command and every option', async () => {
  const wanted = new Set<string>();
  const add = (options: Options = {}) => {
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(filterOptions, name)) wanted.add(`--${name}`);
    }
  };
  add(globalOptions);
  for (const [name, { load }] of Object.entries(commands)) {
    const command = await load?.();
    if (command === undefined) wanted.add(`tidings ${name}`);
    else if (!isGroup(command)) {
      wanted.add(`tidings ${name}`);
      add(command.options);
    } else {
      for (const [word, inner] of Object.entries(command.commands)) {
        wanted.add(`tidings ${name} ${word}`);
        add(inner.options);
      }
    }
  }
  expect(missing([...wanted], documentation)).toEqual([]);
});

test('docs/cli.md lists every exit code', () => {
  const rows = Object.values(exitCodes).map((code) => `\n| ${code} |`);
  expect(missing(rows, documentation)).toEqual([]);
});

test('docs/filters.md names every field, and every option that is one', async () => {
  const text = await read('filters.md');
  expect(
    missing(
      fields.map(({ name }) => `\`${name}:`),
      text,
    ),
  ).toEqual([]);
  expect(
    missing(
      Object.keys(filterOptions).map((name) => `--${name}`),
      text,
    ),
  ).toEqual([]);
});
