import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complete } from '../../src/event/completion.ts';
import type { Event } from '../../src/event/event.ts';
import { type FilterInput, parseFilter } from '../../src/event/filter-input.ts';
import { compareText, compileFilter, matchesFilter } from '../../src/event/matcher.ts';
import type { TraitFilterInput } from '../../src/event/trait-filter.ts';
import { countReads } from '../steps.ts';
import { events, filters, reports, someday, strings } from './arbitraries.ts';

const event: Event = {
  id: '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a',
  index: 7,
  namespace: 'storage',
  category: 'Volume',
  action: 'Create',
  type: 'Volume.Create',
  severity: 'NORMAL',
  source: {
    service: 'control',
    instance: null,
    endpoint: null,
    node: 'node-1',
    component: 'CoreAgent',
    plane: 'CONTROL_PLANE',
    layer: null,
  },
  key: 'vol-1',
  filterKeys: ['pool-1', 'a:b'],
  message: null,
  tags: ['pool', 'pool:gold'],
  traits: [
    { name: 'text', type: 'TEXT', value: 'Gold 10%' },
    { name: 'int', type: 'INT', value: 20 },
    { name: 'float', type: 'FLOAT', value: 0.5 },
    { name: 'moment', type: 'DATETIME', value: someday },
  ],
  value: null,
  time: someday,
  endTime: null,
  recordedAt: someday,
  dialect: 'TIDINGS',
  raw: null,
};

const matches = (input: FilterInput, given: Event = event): boolean =>
  matchesFilter(parseFilter(input, { now: someday, path: [] }), given);

describe('a filter', () => {
  test.each<FilterInput>([
    {},
    { ids: [event.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'] },
    { namespaces: ['other', 'storage'] },
    { categories: ['Volume'] },
    { actions: ['Create', 'Delete'] },
    { types: ['Volume.Create'] },
    { types: ['Pool.*', 'Vol*'] },
    { types: ['!Pool.*'] },
    { types: ['*', '!Pool.*'] },
    { topics: ['Volume'] },
    { topics: ['Volume:vol-1'] },
    { topics: ['Volume:a:b'] },
    { topics: ['*:pool-1'] },
    { topics: ['*'] },
    { topics: ['Pool', 'Volume:vol-1'] },
    { keys: ['x', 'vol-1'] },
    { keys: ['pool-1'] },
    { tags: [] },
    { tags: ['pool', 'pool:gold'] },
    { anyTags: ['x', 'pool'] },
    { severities: ['NORMAL'] },
    { source: {} },
    { source: { node: 'node-1', plane: 'CONTROL_PLANE' } },
    { time: { gte: 'now', lte: 'now' } },
    { time: {} },
    { ended: false },
    { traits: [] },
    { dialects: ['TIDINGS', 'NOMAD'] },
    { any: [{ keys: ['x'] }, { tags: ['pool'] }] },
    { not: { keys: ['x'] } },
  ])('%j matches', (input) => {
    expect(matches(input)).toBe(true);
  });

  test.each<FilterInput>([
    { ids: [] },
    { namespaces: [] },
    { namespaces: ['Storage'] },
    { categories: ['volume'] },
    { actions: ['Delete'] },
    { types: [] },
    { types: ['Volume'] },
    { types: ['!Volume.*'] },
    { types: ['*', '!Volume.Create'] },
    { topics: [] },
    { topics: ['Pool', 'Volume:x'] },
    { topics: ['Pool:vol-1'] },
    { keys: [] },
    { keys: ['pool'] },
    { tags: ['pool', 'x'] },
    { tags: ['pool:*'] },
    { anyTags: [] },
    { anyTags: ['pool:silver'] },
    { severities: ['ERROR'] },
    { source: { node: 'node-1', service: 'x' } },
    { source: { layer: '' } },
    { time: { gt: 'now' } },
    { time: { lt: 'now' } },
    { ended: true },
    { dialects: ['NOMAD'] },
    { any: [] },
    { any: [{ keys: ['x'] }] },
    { not: {} },
    { categories: ['Volume'], keys: ['x'] },
  ])('%j does not match', (input) => {
    expect(matches(input)).toBe(false);
  });

  test('what an event has not does not match, and its negation does', () => {
    const nothing = { action: null, key: null, filterKeys: [], traits: [] };
    const bare: Event = { ...event, ...nothing, type: 'Volume' };
    const absent: FilterInput[] = [
      { actions: ['Create'] },
      { keys: ['vol-1'] },
      { source: { instance: 'x' } },
      { traits: [{ name: 'int', op: 'NE', value: { int: 1 } }] },
    ];
    expect(absent.map((input) => matches(input, bare))).toEqual([false, false, false, false]);
    expect(absent.map((input) => matches({ not: input }, bare))).toEqual([true, true, true, true]);
    expect(matches({ types: ['Volume'] }, bare)).toBe(true);
  });

  test('every field narrows, any widens and not turns round', () => {
    fc.assert(
      fc.property(fc.array(filters, { maxLength: 3 }), filters, events, (some, filter, each) => {
        const [holds, ...ofSome] = [filter, ...some].map((one) => matchesFilter(one, each));
        expect(matchesFilter({ any: some }, each)).toBe(ofSome.includes(true));
        expect(matchesFilter({ not: filter }, each)).toBe(!holds);
        const fields = Object.entries(filter).map(([name, value]) => ({ [name]: value }));
        expect(fields.every((field) => matchesFilter(field, each))).toBe(holds);
      }),
    );
  });
});

describe('a trait', () => {
  type Row = [TraitFilterInput, boolean];
  const text = (op: TraitFilterInput['op'], value: string, name = 'text'): TraitFilterInput => ({
    name,
    op,
    value: { text: value },
  });

  test.each<Row>([
    [{ name: 'text', op: 'EXISTS' }, true],
    [{ name: 'none', op: 'EXISTS' }, false],
    [text('EQ', 'Gold 10%'), true],
    [text('EQ', 'gold 10%'), false],
    [text('NE', 'x'), true],
    [text('NE', 'x', 'int'), false],
    [text('NE', 'x', 'none'), false],
    [text('LT', 'gold'), true],
    [text('GT', 'Gold'), true],
    [text('GTE', 'Gold 10%'), true],
    [text('LTE', 'Gold 1'), false],
    [text('PREFIX', 'Gold'), true],
    [text('PREFIX', 'G%'), false],
    [text('PREFIX', '', 'int'), false],
    [text('CONTAINS', 'd 1'), true],
    [text('CONTAINS', 'D'), false],
    [{ name: 'int', value: { int: 20 } }, true],
    [{ name: 'int', value: { float: 20 } }, true],
    [{ name: 'int', op: 'GT', value: { float: 19.5 } }, true],
    [{ name: 'int', op: 'LTE', value: { int: 19 } }, false],
    [{ name: 'int', value: { text: '20' } }, false],
    [{ name: 'float', op: 'LT', value: { int: 1 } }, true],
    [{ name: 'float', op: 'NE', value: { float: 0.5 } }, false],
    [{ name: 'moment', value: { dateTime: '2026-11-20T09:15:30+01:00' } }, true],
    [{ name: 'moment', op: 'GT', value: { dateTime: '2026-11-20T08:15:29.999999Z' } }, true],
    [{ name: 'moment', op: 'GT', value: { int: 0 } }, false],
    [{ name: 'int', op: 'LT', value: { dateTime: '2026-11-20T08:15:30Z' } }, false],
  ])('%j: %j', (trait, expected) => {
    expect(matches({ traits: [trait] })).toBe(expected);
  });

  test('all of several must hold', () => {
    const holds = { name: 'int', value: { int: 20 } };
    expect(matches({ traits: [holds, text('PREFIX', 'G')] })).toBe(true);
    expect(matches({ traits: [holds, text('PREFIX', 'x')] })).toBe(false);
  });
});

test('a report matches where the event does that it makes', () => {
  fc.assert(
    fc.property(filters, reports, (filter, report) => {
      const made = complete([{ index: 1, report }]);
      expect(compileFilter(filter)(report)).toBe(compileFilter(filter)(made));
    }),
  );
});

test('strings are ordered as their UTF-8 bytes are', () => {
  fc.assert(
    fc.property(strings, strings, (a, b) => {
      expect(Math.sign(compareText(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareText('\u{1f600}', '\uffff')).toBeGreaterThan(0);
});

test('a compiled filter reads each property of an event at most once or twice', () => {
  const filter = parseFilter(
    {
      types: ['Volume.*', '!*.Delete'],
      tags: ['pool:gold'],
      traits: [{ name: 'int', op: 'GTE', value: { int: 10 } }],
      any: [{ keys: ['x'] }, { topics: ['Volume:vol-1'] }],
    },
    { now: someday, path: [] },
  );
  const accepts = compileFilter(filter);
  const { counted, reads } = countReads(event);
  expect(accepts(counted)).toBe(true);
  // Its type is two of them.
  expect(reads()).toBeLessThanOrEqual(12);
});
