import { describe, expect, test } from 'vitest';
import { draftOf } from '../../../src/dialects/skywalking/decode.ts';
import { eventId, reportedUuid } from '../../../src/dialects/skywalking/event-id.ts';
import { eventFromJson } from '../../../src/dialects/skywalking/json.ts';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };

const now = 1_700_000_123_456_789;
const arrival = 1_700_000_123_456_000;
const draft = (json: object) => draftOf(eventFromJson(json), now);

test('an event says in Tidings what it says in SkyWalking', () => {
  const [step] = cases.e2e_event.steps;
  const event = {
    ...step?.grpc?.client_stream[0],
    startTime: 1700000000000,
    endTime: 1700000006999,
  };
  expect(draft(event)).toEqual({
    dialect: 'SKYWALKING',
    id: eventId('abcde'),
    category: 'Endpoint',
    action: 'Upgrade',
    severity: 'NORMAL',
    source: {
      service: 'e2e-service',
      instance: 'e2e-service-instance',
      endpoint: '/e2e-endpoint',
      layer: 'GENERAL',
    },
    key: '/e2e-endpoint',
    filterKeys: ['abcde', 'e2e-service', 'e2e-service-instance'],
    message: 'Upgrade from {fromVersion} to {toVersion}',
    time: 1_700_000_000_000_000,
    endTime: 1_700_000_006_999_000,
    traits: [
      { name: 'fromVersion', type: 'TEXT', value: 'v1' },
      { name: 'toVersion', type: 'TEXT', value: 'v2' },
    ],
    clock: 'ARRIVAL',
    raw: { ...event, type: 'Normal' },
  });
});

describe('what it happened to', () => {
  test.each([
    [{ service: 's' }, 'Service', 's'],
    [{ service: 's', serviceInstance: 'i' }, 'ServiceInstance', 'i'],
    [{ service: 's', endpoint: '/e' }, 'Endpoint', '/e'],
    [{ service: 's', serviceInstance: 'i', endpoint: '/e' }, 'Endpoint', '/e'],
    [{}, undefined, undefined],
  ])('%j is the %s %s', (source, category, key) => {
    expect(draft({ name: 'n', source })).toMatchObject({ category, key });
  });
});

describe('times', () => {
  test.each([
    ['both', 1000, 2000, 1_000_000, 2_000_000],
    ['a start alone', 1000, 0, 1_000_000, undefined],
    ['an end alone', 0, 2000, 2_000_000, 2_000_000],
    ['neither', 0, -1, arrival, arrival],
    ['an end before the start', 2000, 1000, 2_000_000, 2_000_000],
    ["Go's zero time", -62135596800000, -62135596800000, arrival, arrival],
    ["Go's zero time as a start", -62135596800000, 2000, 2_000_000, 2_000_000],
  ])('%s', (_name, startTime, endTime, time, end) => {
    expect(draft({ startTime, endTime })).toMatchObject({ time, endTime: end });
  });

  test('an end alone is marked', () => {
    const mark = { name: 'skywalking.startTime', type: 'INT', value: 0 };
    expect(draft({ endTime: 2000 }).traits).toEqual([mark]);
    expect(draft({ startTime: 2000, endTime: 2000 }).traits).toEqual([]);
    expect(draft({}).traits).toEqual([]);
  });
});

test('names are cut where SkyWalking cuts them, and between characters', () => {
  const { source } = draft({
    source: {
      service: 's'.repeat(71),
      serviceInstance: `${'i'.repeat(69)}😀`,
      endpoint: 'e'.repeat(151),
    },
  });
  expect(source).toMatchObject({
    service: 's'.repeat(70),
    instance: 'i'.repeat(69),
    endpoint: 'e'.repeat(150),
  });
});

test('what no database can hold is left out', () => {
  const { message, action, key, filterKeys, traits, raw } = draft({
    uuid: 'a\0b',
    name: 'St\0art',
    message: '\0',
    source: { service: '\0s' },
    parameters: { 'k\0': '\ud800v\0', '\0': 'lost', 'skywalking.startTime': 'ours' },
  });
  expect({ message, action, key, filterKeys, traits, raw }).toEqual({
    message: undefined,
    action: 'Start',
    key: 's',
    filterKeys: ['ab'],
    traits: [{ name: 'k', type: 'TEXT', value: '\ufffdv' }],
    raw: undefined,
  });
});

test('parameters are as many as an event has traits for', () => {
  const parameters = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`p${at}`, 'v']));
  expect(draft({ parameters, endTime: 1000 }).traits).toHaveLength(128);
});

describe('the uuid', () => {
  const uuid = '3f0c1d4e-8d3a-4a0b-9c6f-0123456789ab';

  test('is the id where it is one', () => {
    expect(draft({ uuid })).toMatchObject({ id: uuid, filterKeys: [] });
  });

  test.each(['abcde', uuid.toUpperCase(), 'ключ', ' '])('%j is kept next to its own id', (text) => {
    const { id, filterKeys } = draft({ uuid: text, source: { service: 's', endpoint: 'e' } });
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[45]/);
    expect(id).toBe(draft({ uuid: text }).id);
    expect(reportedUuid({ id: id ?? '', filterKeys: filterKeys ?? [] })).toBe(text);
  });

  test('never changes its id', () => {
    expect(eventId('abcde')).toBe('d8dc1b79-072d-5545-af63-9291ccef7421');
  });

  test('may be missing: then every message is an event', () => {
    expect(draft({}).id).not.toBe(draft({}).id);
  });
});
