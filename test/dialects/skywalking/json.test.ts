import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftOf } from '../../../src/dialects/skywalking/decode.ts';
import { eventFromJson, jsonOf } from '../../../src/dialects/skywalking/json.ts';
import { MalformedMessage } from '../../../src/dialects/skywalking/message.ts';
import { ingestCase } from './ingest-case.ts';

test('an event in the JSON mapping of protobuf', () => {
  const { body } = ingestCase('http-ok');
  expect(eventFromJson((body as object[])[0])).toEqual({
    uuid: 'u1',
    source: { service: 'SERVICE-A', serviceInstance: 'INSTANCE-1', endpoint: '' },
    name: 'Reboot',
    type: 'Error',
    message: 'App reboot.',
    parameters: new Map([['k', 'v']]),
    startTime: 1628044330000,
    endTime: 1628044331000,
    layer: 'GENERAL',
  });
});

test('what is not given, null or unknown is as if it were not there', () => {
  const nothing = eventFromJson({});
  expect(nothing).toMatchObject({ uuid: '', type: 'Normal', startTime: 0, endTime: 0, layer: '' });
  const nulls = { uuid: null, source: null, parameters: null, startTime: null, type: null };
  expect(eventFromJson({ ...nulls, instance: 'x', extra: { a: 1 } })).toEqual(nothing);
});

describe('the type', () => {
  const { table } = ingestCase('type-parse');
  const numbers: [unknown, string][] = [
    [1, 'Error'],
    [0, 'Normal'],
    [7, 'Normal'],
    ['1', 'Error'],
  ];
  test.each([...table, ...numbers])('%j is %s', (given, type) => {
    expect(eventFromJson({ type: given }).type).toBe(type);
  });
});

test.each([
  null,
  'text',
  [],
  { source: 'service' },
  { name: {} },
  { type: true },
  { parameters: [] },
  { parameters: { k: null } },
  { parameters: { k: {} } },
  { startTime: 'soon' },
  { startTime: '' },
  { startTime: 1.5 },
  { endTime: 1e19 },
  { endTime: true },
])('%j has a value of the wrong type', (json) => {
  expect(() => eventFromJson(json)).toThrow(MalformedMessage);
});

/** Members that are right, nearly right, and anything. */
const odd = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.jsonValue());
const oddParameters = fc.dictionary(fc.string(), odd);
const oddEvent = fc.record(
  {
    uuid: odd,
    source: fc.oneof(fc.record({ service: odd, serviceInstance: odd, endpoint: odd }), odd),
    name: odd,
    type: odd,
    message: odd,
    parameters: fc.oneof(oddParameters, odd),
    startTime: fc.oneof(fc.bigInt().map(String), odd),
    endTime: odd,
    layer: odd,
  },
  { requiredKeys: [] },
);

test('any JSON is an event with a draft, or is malformed', () => {
  let events = 0;
  fc.assert(
    fc.property(fc.oneof(oddEvent, fc.jsonValue()), fc.integer(), (json, now) => {
      try {
        const event = eventFromJson(json);
        events++;
        expect(draftOf(event, now).dialect).toBe('SKYWALKING');
        expect(eventFromJson(jsonOf(event))).toEqual(event);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessage);
      }
    }),
    { numRuns: 1000 },
  );
  expect(events).toBeGreaterThan(50);
});
