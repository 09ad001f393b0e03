import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { variables } from '../src/config/variables.ts';

const begin = '<!-- configuration -->';
const end = '<!-- /configuration -->';

/** The options as a table; a default that is a value is in code, one that is a description is not. */
function table(): string {
  const rows = Object.entries(variables).map(([name, variable]) => {
    const { description, fallback, absent } = variable;
    const shown = fallback === null || fallback === '' ? absent : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${description} |`;
  });
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n');
}

test('README.md lists every option as it is declared: `npm run readme` writes it', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const from = readme.indexOf(begin);
  const to = readme.indexOf(end);
  expect(from).toBeGreaterThan(0);
  expect(to).toBeGreaterThan(from);
  const written = `${readme.slice(0, from)}${begin}\n${table()}\n${readme.slice(to)}`;
  await expect(written).toMatchFileSnapshot('../README.md');
});
