import { expect, test } from 'vitest';
import { readTraceparent, sentWith, withTraceparent } from '../../src/event/traceparent.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

test.each([
  ['a traceparent', `00-${trace}-${span}-01`, `00-${trace}-${span}-01`],
  ['one of a later version, with more', `cc-${trace}-${span}-00-more`, `00-${trace}-${span}-00`],
  ['one of version 00 with more', `00-${trace}-${span}-01-more`, null],
  ['the version that is not allowed', `ff-${trace}-${span}-01`, null],
  ['a trace without an id', `00-${'0'.repeat(32)}-${span}-01`, null],
  ['a span without an id', `00-${trace}-${'0'.repeat(16)}-01`, null],
  ['capital letters', `00-${trace.toUpperCase()}-${span}-01`, null],
  ['what is too long', `cc-${trace}-${span}-00-${'a'.repeat(300)}`, null],
  ['nothing', undefined, null],
  ['something else', { traceparent: 1 }, null],
])('%s is read', (_, given, read) => {
  expect(readTraceparent(given)).toBe(read);
});

test('a trait of the reporter stays', () => {
  const given = [{ name: 'traceparent', type: 'TEXT', value: 'mine' }] as const;
  expect(withTraceparent(given, `00-${trace}-${span}-01`)).toBe(given);
});

test.each([
  [
    'with the header in the form of version 00',
    `cc-${trace}-${span}-01-more`,
    `00-${trace}-${span}-01`,
  ],
  ['as it was where the header is none', 'of the sender', 'its own'],
  ['as it was without a header', undefined, 'its own'],
])('a draft is sent %s', (_, header, traceparent) => {
  const draft = { dialect: 'TIDINGS', traceparent: 'its own' } as const;
  expect(sentWith(draft, header)).toEqual({ dialect: 'TIDINGS', traceparent });
});
