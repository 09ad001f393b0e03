import { expect, test } from 'vitest';
import { CloudEventError } from '../../../src/dialects/cloudevents/cloud-event.ts';
import {
  decodeHeaderValue,
  encodeHeaderValue,
} from '../../../src/dialects/cloudevents/header-value.ts';

const decode = (value: string): string => decodeHeaderValue('ce-subject', value);

test.each([
  ['simple', 'simple'],
  ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
  ['100%', '100%25'],
  ['say "no"', 'say%20%22no%22'],
  ['café', 'caf%C3%A9'],
  ["~!#&'()*+,/:;=?@[]\\", "~!#&'()*+,/:;=?@[]\\"],
])('%j is written as %s, and read again', (value, header) => {
  expect(encodeHeaderValue(value)).toBe(header);
  expect(decode(header)).toBe(value);
});

test.each([
  ['digits in lower case', 'caf%c3%a9', 'café'],
  ['a quoted string', '"a \\"quoted\\" \\\\ string"', 'a "quoted" \\ string'],
  ['percent-encoding within quotes, decoded after them', '"caf%C3%A9 %22"', 'café "'],
  ['one round only', '%2541', '%41'],
  ['a percent sign of a sender that does not encode it', '100% of 5%G', '100% of 5%G'],
  ['bare UTF-8, which Node reads as latin1', Buffer.from('né€').toString('latin1'), 'né€'],
  ['white space around it', '  a b ', 'a b'],
  ['an unfinished quote', '"a', '"a'],
])('%s is read', (_, header, value) => {
  expect(decode(header)).toBe(value);
});

test.each([
  ['an overlong sequence', '%C0%AF'],
  ['half of a surrogate pair', '%ED%A0%80'],
  ['an unfinished character', 'a%E2%82'],
  ['bare latin1', 'n\u00e9'],
])('%s is rejected', (_, header) => {
  expect(() => decode(header)).toThrow(CloudEventError);
});
