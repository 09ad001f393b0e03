import { describe, expect, test } from 'vitest';
import { readJson } from '../../src/dialects/ceilometer/json.ts';
import { toFloat, toInt } from '../../src/dialects/ceilometer/python/number.ts';
import { readEnvelope } from '../../src/dialects/cloudevents/read-message.ts';
import { parseJson } from '../../src/event/json.ts';

/** As many as exhaust the stack of a regular expression that keeps a position for each of them. */
const many = 4_000_000;
const escapes = '\\n'.repeat(many);
const text = '\n'.repeat(many);
const percents = '%41'.repeat(many);

describe('a string of millions of escapes is read', () => {
  test('beside an integer beyond 2^53', () => {
    expect(parseJson(`[9007199254740993,"${escapes}",-9007199254740993]`)).toEqual([
      9007199254740993n,
      text,
      -9007199254740993n,
    ]);
  });

  test('beside a float of a notification', () => {
    expect(readJson(`{"payload":"${escapes}"}`)).toEqual({ payload: text });
    const [first, second] = readJson(`[1.0,"${escapes}"]`) as unknown[];
    expect(Number(first)).toBe(1);
    expect(second).toBe(text);
  });

  test('as the source of a CloudEvent', () => {
    const event = { specversion: '1.0', id: '1', type: 'a' };
    expect(readEnvelope({ ...event, source: percents }).attributes.get('source')).toBe(percents);
    expect(() => readEnvelope({ ...event, source: `${percents}%4` })).toThrow('URI reference');
  });

  test('as a number of Python', () => {
    const grouped = '1_'.repeat(many);
    expect(() => toInt(`${grouped}1`)).toThrow('is no integer');
    expect(() => toInt(grouped)).toThrow('is no integer');
    expect(toFloat(`${grouped}1`)).toBe(Number.POSITIVE_INFINITY);
    expect(() => toFloat(grouped)).toThrow('is no number');
  });
});
