import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReport, encodeReport, ReportFormatError } from '../../src/event/report-json.ts';
import { report } from '../journal/report.ts';
import { reports } from './arbitraries.ts';

const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';

test('a report survives the way through JSON', () => {
  fc.assert(
    fc.property(reports, (original) => {
      expect(decodeReport(encodeReport(original))).toEqual(original);
    }),
  );
});

test('reads well: absent fields are left out, times are strings', () => {
  expect(JSON.parse(encodeReport(report({ id })))).toEqual({
    v: 2,
    id,
    namespace: 'default',
    category: 'event',
    time: '2023-11-14T22:13:20.000Z',
    recordedAt: '2023-11-14T22:13:20.000Z',
    dialect: 'TIDINGS',
  });
  const { source } = report();
  const full = report({
    id,
    generatedId: true,
    source: { ...source, node: 'node-1', plane: 'DATA_PLANE' },
    traits: [
      { name: 'size', type: 'INT', value: 20 },
      { name: 'begun', type: 'DATETIME', value: 1_000_001 },
    ],
    endTime: 1_700_000_000_000_000,
    value: { a: [null] },
  });
  expect(JSON.parse(encodeReport(full))).toMatchObject({
    generatedId: true,
    source: { node: 'node-1', plane: 'DATA_PLANE' },
    traits: [
      { name: 'size', type: 'INT', value: 20 },
      { name: 'begun', type: 'DATETIME', value: '1970-01-01T00:00:01.000001Z' },
    ],
    endTime: '2023-11-14T22:13:20.000Z',
    value: { a: [null] },
  });
});

test('fields that a later version adds are left alone', () => {
  const body = JSON.parse(encodeReport(report({ id })));
  expect(decodeReport(JSON.stringify({ ...body, more: 1 }))).toEqual(report({ id }));
});

test('version 1 is still read, in which generatedId has another name', () => {
  const {
    v: _v,
    generatedId: _g,
    ...body
  } = JSON.parse(encodeReport(report({ id, generatedId: true, message: 'old' })));
  const old = { v: 1, fresh: true, ...body };
  expect(decodeReport(JSON.stringify(old))).toEqual(
    report({ id, generatedId: true, message: 'old' }),
  );
  expect(decodeReport(JSON.stringify({ ...old, fresh: undefined }))).toMatchObject({
    generatedId: false,
  });
});

describe('a body that is not a report is rejected', () => {
  const body = JSON.parse(encodeReport(report({ id })));

  test.each([
    ['', 'not JSON'],
    ['{"v":1', 'not JSON'],
    ['[]', 'not an object'],
    ['null', 'not an object'],
    ['{}', 'version undefined'],
    ['{"v":3}', 'version 3'],
    ['{"v":"1"}', 'version "1"'],
    [`{"v":2,"value":${'['.repeat(501)}${']'.repeat(501)}}`, 'nested more than 500 levels deep'],
  ])('%s', (text, reason) => {
    expect(() => decodeReport(text)).toThrow(ReportFormatError);
    expect(() => decodeReport(text)).toThrow(reason);
  });

  test.each([
    [{ id: undefined }, 'id is not a string'],
    [{ namespace: 5 }, 'namespace is not a string'],
    [{ action: null }, 'action is not a string'],
    [{ severity: 'BAD' }, 'severity is not one of NORMAL, ERROR'],
    [{ dialect: 'KLINGON' }, 'dialect is not one of'],
    [{ source: [] }, 'source is not an object'],
    [{ source: { plane: 'SKY' } }, 'plane is not one of'],
    [{ tags: 'a' }, 'tags is not a list'],
    [{ tags: [1] }, 'tags is not a list of strings'],
    [{ traits: [null] }, 'A trait is not an object'],
    [{ traits: [{ name: 'a', type: 'INT', value: '1' }] }, 'trait "a" is not an integer'],
    [{ traits: [{ name: 'a', type: 'INT', value: 1.5 }] }, 'trait "a" is not an integer'],
    [{ traits: [{ name: 'a', type: 'FLOAT', value: '1' }] }, 'trait "a" is not a number'],
    [{ traits: [{ name: 'a', type: 'DATETIME', value: 1 }] }, 'value is not a string'],
    [{ time: 'now' }, 'time is not an RFC 3339'],
    [{ recordedAt: undefined }, 'recordedAt is not a string'],
  ])('%j', (change, reason) => {
    const text = JSON.stringify({ ...body, ...change });
    expect(() => decodeReport(text)).toThrow(ReportFormatError);
    expect(() => decodeReport(text)).toThrow(reason);
  });
});
