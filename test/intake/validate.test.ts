import { describe, expect, test } from 'vitest';
import type { EventDraft } from '../../src/event/draft.ts';
import type { Json, Report } from '../../src/event/event.ts';
import { parseInstant } from '../../src/event/instant.ts';
import { parseJson } from '../../src/event/json.ts';
import { defaultLimits } from '../../src/intake/limits.ts';
import { validate } from '../../src/intake/validate.ts';

const now = parseInstant('2026-11-20T08:15:30Z');
const second = 1_000_000;

const check = (draft: Omit<EventDraft, 'dialect'>, storeRaw = true) =>
  validate({ dialect: 'TIDINGS', ...draft }, now, { limits: defaultLimits, storeRaw });

function accepted(draft: Omit<EventDraft, 'dialect'>, storeRaw = true): Report {
  const report = check(draft, storeRaw);
  if ('id' in report) return report;
  throw new Error(JSON.stringify(report));
}

describe('what a reporter leaves out', () => {
  test('an empty draft is an event that happened now', () => {
    expect(accepted({})).toMatchObject({
      id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
      generatedId: true,
      namespace: 'default',
      category: 'event',
      action: null,
      severity: null,
      time: now,
      endTime: null,
      recordedAt: now,
    });
  });

  test('an end alone happened when it ended, not when it was reported', () => {
    expect(accepted({ endTime: now - second })).toMatchObject({ time: now - second });
    expect(accepted({ endTime: now + second })).toMatchObject({ time: now });
  });

  test('empty strings count as absent', () => {
    const report = accepted({
      namespace: '',
      key: '',
      message: '',
      action: '',
      source: { node: '' },
    });
    expect(report).toMatchObject({ namespace: 'default', key: null, message: null, action: null });
    expect(report.source.node).toBeNull();
  });
});

test.each<[Omit<EventDraft, 'dialect'>, string, string | null]>([
  [{ type: 'compute.instance.resize.start' }, 'compute', 'instance.resize.start'],
  [{ type: 'metrics' }, 'metrics', null],
  [{ category: 'Volume', action: 'Create' }, 'Volume', 'Create'],
  [{ action: 'Create' }, 'event', 'Create'],
  [{ type: 'Volume.Create', category: 'Volume' }, 'Volume', 'Create'],
  [{ type: 'Volume.Create', category: 'Volume', action: 'Create' }, 'Volume', 'Create'],
  [{ type: 'a.b.c', category: 'a.b' }, 'a.b', 'c'],
])('%j is of category %s and action %s', (draft, category, action) => {
  expect(accepted(draft)).toMatchObject({ category, action });
});

test('tags are expanded to their groups', () => {
  expect(accepted({ tags: ['a:b:c', 'd', 'a:x'] }).tags).toEqual(['a', 'a:b:c', 'd', 'a:x']);
});

test('an id is kept in lower case', () => {
  expect(accepted({ id: 'AAF2F899-9237-4705-9AC8-44C0A2A1D45F' })).toMatchObject({
    id: 'aaf2f899-9237-4705-9ac8-44c0a2a1d45f',
    generatedId: false,
  });
});

test('half a surrogate pair is replaced, in strings and deep inside a value', () => {
  expect(accepted({ message: 'a\ud800b' }).message).toBe('a\ufffdb');
  expect(accepted({ value: { 'k\udc00': ['\ud83d\ude00', 'x\ud83d'] } }).value).toEqual({
    'k\ufffd': ['\ud83d\ude00', 'x\ufffd'],
  });
});

test('a string that only looks like an escaped NUL is kept', () => {
  expect(accepted({ value: '\\u0000' }).value).toBe('\\u0000');
});

test('the raw message is kept only where that is on', () => {
  expect(accepted({ raw: { a: 1 } }).raw).toEqual({ a: 1 });
  expect(accepted({ raw: { a: 1 } }, false).raw).toBeNull();
});

const deep = (levels: number): Json => (levels === 0 ? 1 : [deep(levels - 1)]);
const many = (count: number) => Array.from({ length: count }, (_, n) => `n${n}`);

test.each<[string, Omit<EventDraft, 'dialect'>, string[], string]>([
  ['no UUID', { id: 'abc' }, ['id'], 'INVALID'],
  ['a namespace too long', { namespace: 'n'.repeat(257) }, ['namespace'], 'TOO_LONG'],
  ['two spellings that differ', { type: 'a.b', category: 'c' }, ['type'], 'INVALID'],
  ['two actions that differ', { type: 'a.b', action: 'c' }, ['type'], 'INVALID'],
  ['no name behind the dot', { type: 'a.' }, ['type'], 'INVALID'],
  ['no name before the dot', { type: '.a' }, ['type'], 'INVALID'],
  ['an empty tag', { tags: ['a', ''] }, ['tags', '1'], 'INVALID'],
  ['a tag too long', { tags: ['t'.repeat(257)] }, ['tags', '0'], 'TOO_LONG'],
  ['too many tags', { tags: many(65) }, ['tags'], 'TOO_MANY'],
  ['too many filter keys', { filterKeys: many(65) }, ['filterKeys'], 'TOO_MANY'],
  [
    'too many traits',
    { traits: many(129).map((name) => ({ name, type: 'INT', value: 1 })) },
    ['traits'],
    'TOO_MANY',
  ],
  [
    'a trait given twice',
    {
      traits: [
        { name: 'a', type: 'INT', value: 1 },
        { name: 'a', type: 'TEXT', value: '' },
      ],
    },
    ['traits', '1', 'name'],
    'INVALID',
  ],
  [
    'an unsafe int',
    { traits: [{ name: 'a', type: 'INT', value: 2 ** 53 }] },
    ['traits', '0', 'value'],
    'INVALID',
  ],
  [
    'no finite float',
    { traits: [{ name: 'a', type: 'FLOAT', value: Number.NaN }] },
    ['traits', '0', 'value'],
    'INVALID',
  ],
  [
    'no instant in a trait',
    { traits: [{ name: 'a', type: 'DATETIME', value: 'x' }] },
    ['traits', '0', 'value'],
    'INVALID',
  ],
  ['a category too long', { type: `${'c'.repeat(257)}.a` }, ['type'], 'TOO_LONG'],
  ['an action too long', { type: `c.${'a'.repeat(257)}` }, ['type'], 'TOO_LONG'],
  ['a type too long', { type: 'c'.repeat(600) }, ['type'], 'TOO_LONG'],
  ['a NUL in a type', { type: 'a\0.b' }, ['type'], 'INVALID'],
  ['a key of too many bytes', { key: '\u4e00'.repeat(900) }, ['key'], 'TOO_LONG'],
  ['a number that JSON has not', { value: { a: [Infinity] } }, ['value'], 'INVALID'],
  ['a time that is no number', { time: Number.NaN }, ['time'], 'INVALID'],
  ['a time before all time', { time: -1e17 }, ['time'], 'INVALID'],
  ['no instant', { time: '2026-11-20' }, ['time'], 'INVALID'],
  ['a time too far ahead', { time: now + 301 * second }, ['time'], 'INVALID'],
  ['an end before its beginning', { time: now, endTime: now - 1 }, ['endTime'], 'INVALID'],
  ['a NUL in a string', { message: 'a\0b' }, ['message'], 'INVALID'],
  ['a NUL deep in a value', { value: { a: ['b\0'] } }, ['value', 'a', '0'], 'INVALID'],
  ['a value nested without end', { value: deep(300) }, ['value'], 'INVALID'],
  [
    'an integer of more than 1,000 digits',
    { value: parseJson(`[-${'7'.repeat(1_001)}]`) },
    ['value'],
    'INVALID',
  ],
  ['an event too large', { value: 'x'.repeat(300_000) }, [], 'TOO_LONG'],
  ['an event of many bytes a character', { message: '\u{1f600}'.repeat(70_000) }, [], 'TOO_LONG'],
])('%s is rejected', (_title, draft, path, code) => {
  expect(check(draft)).toEqual([{ path, code, message: expect.stringMatching(/\.$/) }]);
});

describe('a time too far in the future, from a sender that will not report again', () => {
  const reportedTime = now + 3600 * second;
  const reportedEndTime = reportedTime + second;

  test('becomes the time of arrival, and the reported time a trait', () => {
    const traits = [{ name: 'a', type: 'INT' as const, value: 1 }];
    expect(accepted({ clock: 'ARRIVAL', time: reportedTime, traits })).toMatchObject({
      time: now,
      endTime: null,
      traits: [...traits, { name: 'reportedTime', type: 'DATETIME', value: reportedTime }],
    });
  });

  test('is replaced in endTime as well', () => {
    const both = { time: reportedTime, endTime: reportedEndTime };
    expect(accepted({ clock: 'ARRIVAL', ...both })).toMatchObject({
      time: now,
      endTime: now,
      traits: [
        { name: 'reportedTime', type: 'DATETIME', value: reportedTime },
        { name: 'reportedEndTime', type: 'DATETIME', value: reportedEndTime },
      ],
    });
    expect(accepted({ clock: 'ARRIVAL', time: now, endTime: reportedEndTime })).toMatchObject({
      time: now,
      endTime: now,
    });
  });

  test('never makes an end that lies before its start', () => {
    const { futureMicros } = defaultLimits;
    expect(
      accepted({ clock: 'ARRIVAL', time: now + futureMicros, endTime: reportedEndTime }),
    ).toMatchObject({ time: now + futureMicros, endTime: now + futureMicros });
    expect(accepted({ clock: 'ARRIVAL', time: reportedTime, endTime: now - 1 })).toMatchObject({
      time: now,
      endTime: now,
    });
  });

  test.each([
    ['9223372036854775807', '9223372036854775807'],
    [253_402_300_800_000_000, '253402300800000000'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
    [`a\0b${'x'.repeat(1_000)}`, `ab${'x'.repeat(253)}`],
    ['\ud800', '\ufffd'],
    ['', ''],
  ])('that is not a time, %.30j, becomes a trait as it is', (reported, value) => {
    expect(accepted({ clock: 'ARRIVAL', time: reported, endTime: reported })).toMatchObject({
      time: now,
      endTime: now,
      traits: [
        { name: 'reportedTime', type: 'TEXT', value },
        { name: 'reportedEndTime', type: 'TEXT', value },
      ],
    });
    expect(check({ time: reported })).toMatchObject([{ path: ['time'], code: 'INVALID' }]);
  });

  test('is counted, once an event; a time within the limit is neither counted nor replaced', () => {
    const ahead: EventDraft[] = [];
    const options = {
      limits: defaultLimits,
      storeRaw: true,
      onClockAhead: (d: EventDraft) => ahead.push(d),
    };
    const draft = { dialect: 'MAYASTOR', clock: 'ARRIVAL' } as const;
    validate({ ...draft, time: reportedTime, endTime: reportedEndTime }, now, options);
    const near = validate({ ...draft, time: now + 300 * second }, now, options);
    expect(near).toMatchObject({ time: now + 300 * second, traits: [] });
    expect(ahead).toHaveLength(1);
  });

  test('leaves a trait that has the name already', () => {
    const own = { name: 'reportedTime', type: 'TEXT' as const, value: 'mine' };
    const { traits } = accepted({ clock: 'ARRIVAL', time: reportedTime, traits: [own] });
    expect(traits).toEqual([own]);
  });
});

test('all faults are answered together', () => {
  const faults = check({ id: 'x', tags: [''], time: 'soon' });
  expect(faults).toHaveLength(3);
});

test('what is just within the limits is accepted', () => {
  accepted({
    time: now + 300 * second,
    tags: many(64),
    filterKeys: many(64),
    traits: many(128).map((name) => ({ name, type: 'TEXT', value: name })),
    value: 'x'.repeat(200_000),
    namespace: 'n'.repeat(256),
    type: `${'\u{1f600}'.repeat(256)}.${'a'.repeat(256)}`,
    key: '\u4e00'.repeat(800),
  });
});
