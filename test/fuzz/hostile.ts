import type { Random } from './random.ts';

/** A piece of JSON that JavaScript's values cannot express: 1e999, 20 digits, ten thousand brackets. */
export class Literal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export const hostileNames = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'length',
  '',
  '0',
  ' ',
  'a.b',
  'a b',
  '$',
  '\0',
  '\ud800',
] as const;

const strings = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  'x\udfff',
  '\u2028\u2029\u0085',
  '\r\n',
  'a\ndata: {"injected":1}\n\nevent: other',
  'a\r\rid: 9',
  '*',
  '!*',
  '!',
  '**?*',
  '[a-',
  '[!a]',
  '%',
  '%00',
  '%zz',
  '%ED%A0%80',
  "' OR 1=1 --",
  '"',
  '\\',
  '$.a[*] ? (@ > 1)',
  '(a+)+$',
  'a:b:c:',
  ':',
  ':x',
  'null',
  'NaN',
  'Infinity',
  '1e999',
  '-0',
  '9007199254740993',
  '18446744073709551616',
  '0x10',
  '\u202eabc',
  'é\u0301\u{1f469}\u200d\u{1f680}',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-fffffffffffff',
  ...hostileNames,
] as const;

const times = [
  '0000-01-01T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '9999-12-31T23:59:60Z',
  '10000-01-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-13',
  '2026-01-01T24:00:00+99:99',
  '0001-01-01T00:00:00-18:00',
  '4714-11-24T00:00:00Z',
  '294277-01-01T00:00:00Z',
  '2026-01-01T00:00:00.123456789123456789Z',
  'now',
  'now-1d/d',
  'now+99999999999999999y',
  'now||||+1d',
  '2026-11-01||+1M/d||',
  'now() - 10m',
  'PT5M',
  'P99999999999Y',
  '-5m',
  '0s',
  '99999999999999d',
  '2026-11-27 10',
  '2026-11-27 1061',
  '0000-00-00 0000',
] as const;

const numbers = [
  '0',
  '-0',
  '-1',
  '1.5',
  '1e999',
  '-1e999',
  '1e-999',
  '4294967296',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '18446744073709551615',
  '-9223372036854775809',
  '99999999999999999999999999999999999999',
  '253402300800000',
  '-62167219200001',
  '8640000000000001',
] as const;

export function hostileText(random: Random): string {
  switch (random.below(12)) {
    case 0:
      return random.pick(times);
    case 1:
      return random.pick(numbers);
    case 2:
      return random.pick(strings).repeat(random.size(60));
    case 3:
      return 'x'.repeat(random.size(random.chance(0.03) ? 300_000 : 2_000));
    case 4:
      return random.pick(strings) + random.pick(strings);
    case 5:
      return '*a'.repeat(random.size(200));
    default:
      return random.pick(strings);
  }
}

/** Values of unexpected types, as JSON. */
export function hostileValue(random: Random): unknown {
  switch (random.below(14)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return [];
    case 3:
      return {};
    case 4:
    case 5:
      return new Literal(random.pick(numbers));
    case 6:
      return nested(random);
    case 7:
      return manyKeys(random);
    case 8:
      return Array.from({ length: random.size(random.chance(0.03) ? 20_000 : 300) }, () => 'a');
    case 9:
      return Object.fromEntries([[random.pick(hostileNames), random.pick(strings)]]);
    default:
      return hostileText(random);
  }
}

function nested(random: Random): Literal {
  const depth = random.size(random.chance(0.1) ? 100_000 : 1_000);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"not":', '}'],
    ['[{"any":', '}]'],
  ] as const);
  return new Literal(`${open.repeat(depth)}1${close.repeat(depth)}`);
}

function manyKeys(random: Random): Literal {
  const count = random.size(random.chance(0.1) ? 20_000 : 500);
  return new Literal(`{${Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(',')}}`);
}

/** For a URL; lone surrogates, which have no form there, become U+FFFD. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(Buffer.from(text).toString());

/** The JSON text of a value with literals in it. */
export function write(value: unknown): string {
  if (value instanceof Literal) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${write(member)}`,
  );
  return `{${members.join(',')}}`;
}
