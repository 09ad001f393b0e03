import { expect, test } from 'vitest';
import { bodyLimits, parseYaml, readValue } from '../../src/http/yaml.ts';
import { countReads, endsSoon } from '../steps.ts';

const lines = (count: number, line: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => line(at)).join('');

test.each([
  [
    '20,000 anchors, each with an alias',
    lines(20_000, (at) => `- &a${at} x\n- *a${at}\n`),
    /tokens|aliases/,
  ],
  ['101 aliases', `- &a x\n${lines(101, () => '- *a\n')}`, /100 aliases/],
  ['101 aliases in a flow', `{a: &a x, b: [${lines(101, () => '*a, ')}]}`, /100 aliases/],
  ['a million plain lines', 'a:\n'.repeat(1_000_000), /1048576 bytes/],
  ['300,000 plain lines', '- x'.concat('\n- y'.repeat(250_000)), /50000 tokens/],
  ['300,000 comments', '#\n'.repeat(300_000), /50000 tokens/],
  ['300,000 empty lines in a block', `a: |\n${'\n'.repeat(300_000)}`, /50000 tokens/],
  ['100,000 documents', '---\n'.repeat(100_000), /50000 tokens/],
  ['100,000 anchors on one node', '&a '.repeat(100_000), /50000 tokens/],
  ['501 flow lists', '['.repeat(501), /500 levels/],
  ['501 flow mappings', '{a: '.repeat(501), /500 levels/],
  ['501 lists on one line', `${'- '.repeat(501)}x`, /500 levels/],
  ['501 explicit keys', `${'? '.repeat(501)}x`, /500 levels/],
  ['one byte too many', `"${'x'.repeat(1024 * 1024)}"`, /1048576 bytes/],
  ['too many bytes in fewer characters', `"${'é'.repeat(600_000)}"`, /1048576 bytes/],
])('%s: not read to the end', (_name, text, reason) => {
  expect(() => parseYaml(text, {}, bodyLimits)).toThrow(reason);
});

test.each([
  ['a long text', `"${'x'.repeat(1_000_000)}"`],
  ['a long block', `a: |\n${'  line\n'.repeat(100_000)}`],
  ['500 lists in each other', `${'['.repeat(500)}${']'.repeat(500)}`],
  ['100 aliases', `- &a x\n${lines(100, () => '- *a\n')}`],
  ['strings that begin with an asterisk', lines(200, (at) => `- |\n  *a${at}\n`)],
  ['5,000 members', lines(5_000, (at) => `k${at}: ${at}\n`)],
])('%s: read', (_name, text) => {
  const [document] = parseYaml(text, {}, bodyLimits);
  expect(document?.errors).toEqual([]);
});

test('an alias is found without another walk over the document', () => {
  const anchors = lines(60, (at) => `a${at}: &a${at} [${at === 0 ? '' : `*a${at - 1}`}]\n`);
  const [document] = parseYaml(anchors, {}, bodyLimits);
  if (document?.contents == null) expect.fail('there is a document');
  const { counted, reads } = countReads(document.contents);
  document.contents = counted;
  expect(readValue(document, bodyLimits)).toHaveProperty(['a2'], [[[]]]);
  expect(reads()).toBeLessThan(60);
});

test('aliases of merged mappings that repeat each other are rejected', () => {
  const mappings = lines(20, (at) =>
    at === 0 ? 'a0: &a0 {x: 1}\n' : `a${at}: &a${at}\n  <<: [${`*a${at - 1}, `.repeat(4)}]\n`,
  );
  const [document] = parseYaml(mappings, { version: '1.1' }, bodyLimits);
  if (document === undefined) expect.fail('there is a document');
  expect(() => endsSoon(() => readValue(document, bodyLimits))).toThrow(/alias/i);
});
