import fc from 'fast-check';
import { expect, test } from 'vitest';
import { reportSubject, subjectToken, textOfToken } from '../../../src/journal/nats/subject.ts';
import { report } from '../report.ts';

const text = fc.string({ unit: 'binary', maxLength: 256 });
const hostile = fc.string({
  unit: fc.constantFrom(
    ' ',
    '.',
    '*',
    '>',
    '%',
    '-',
    '\t',
    '\r',
    '\n',
    '\0',
    'ä',
    '\u2028',
    '😀',
    'a',
  ),
  maxLength: 100,
});

test.each([
  ['Volume', 'Volume'],
  ['', '-'],
  ['-', '%2D'],
  ['a-b', 'a-b'],
  ['instance.resize.start', 'instance%2Eresize%2Estart'],
  ['> *', '%3E%20%2A'],
  ['100%', '100%25'],
  ['Größe', 'Größe'],
  ['a\u2028b', 'a%E2%80%A8b'],
])('%j is the token %s', (said, token) => {
  expect(subjectToken(said)).toBe(token);
  expect(textOfToken(token)).toBe(said);
});

test('every string becomes one token of NATS, and is read back from it', () => {
  fc.assert(
    fc.property(fc.oneof(text, hostile), (said) => {
      const token = subjectToken(said);
      expect(token).toMatch(/^[^\s.*>\p{C}]+$/u);
      expect(Buffer.byteLength(token)).toBeLessThanOrEqual(512);
      if (!token.endsWith('%')) expect(textOfToken(token)).toBe(Buffer.from(said).toString());
      else expect(textOfToken(token)).toBeNull();
    }),
  );
});

test('strings that differ have tokens that differ, unless they are cut', () => {
  fc.assert(
    fc.property(hostile, hostile, (a, b) => {
      fc.pre(a !== b && !subjectToken(a).endsWith('%'));
      expect(subjectToken(a)).not.toBe(subjectToken(b));
    }),
  );
});

test('a subject stays within the control line of NATS, whatever is reported', () => {
  const longest = '\0'.repeat(256);
  const subject = reportSubject(
    'tidings',
    report({ namespace: longest, category: longest, action: longest }),
  );
  expect(Buffer.byteLength(subject)).toBeLessThan(2000);
  expect(subject.split('.')).toHaveLength(5);
});

test('a subject names the namespace, the category and the action', () => {
  const said = { namespace: 'default', category: 'Volume', action: 'Create' };
  expect(reportSubject('tidings', report(said))).toBe('tidings.events.default.Volume.Create');
  expect(reportSubject('tidings', report())).toBe('tidings.events.default.event.-');
});
