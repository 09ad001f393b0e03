import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ceilometer, type Reading } from '../../../src/dialects/ceilometer/ceilometer.ts';
import { now } from '../../../src/event/instant.ts';
import { encodeReport } from '../../../src/event/report-json.ts';
import { defaultLimits } from '../../../src/intake/limits.ts';
import { validate } from '../../../src/intake/validate.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { endsSoon } from '../../steps.ts';
import { casesOf } from './cases.ts';

const ceilometer = await Ceilometer.open({ storeRaw: ['info', 'error'] }, createLog('silent'));

/** A type that one of our definitions asks for, or any string. */
const eventTypes = casesOf('oracle').map(
  ({ notification }) => (notification as { event_type: string }).event_type,
);
const eventType = fc.oneof(fc.constantFrom(...eventTypes), fc.string({ unit: 'binary' }));

/** Values where our definitions look for ids, numbers and dates. */
const value = fc.oneof(
  fc.constantFrom('', '2026-01-01', '12', '1e3', 'x'.repeat(3000), '\0', '\ud800', 2 ** 60, null),
  fc.jsonValue({ maxDepth: 3 }),
  fc.double(),
);
const names = [
  'tenant_id',
  'user_id',
  'instance_id',
  'memory_mb',
  'launched_at',
  'volume_attachment',
  'glance_metadata',
  'id',
  'initiator',
  '__proto__',
  '7',
];
const payload = fc.oneof(
  fc.dictionary(fc.constantFrom(...names), value, { noNullPrototype: true }),
  value,
);

const notification = fc.record(
  {
    event_type: fc.oneof(eventType, value),
    publisher_id: fc.oneof(fc.constantFrom('compute.host', '.', ':'), value),
    ctxt: payload,
    payload,
    priority: fc.constantFrom('info', 'ERROR', 'audit', '', 5),
    metadata: fc.oneof(
      fc.record({
        message_id: fc.oneof(fc.uuid(), value),
        timestamp: fc.oneof({ weight: 5, arbitrary: fc.constant('2026-01-01 00:00:00') }, value),
      }),
      value,
    ),
  },
  { requiredKeys: [] },
);

const text = fc.oneof(
  { weight: 6, arbitrary: notification.map((said) => JSON.stringify(said)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 100_000 })
      .map(
        (depth) =>
          `{"payload":${'['.repeat(depth)}${']'.repeat(depth)},"event_type":"a","metadata":{"message_id":"m","timestamp":"2026"}}`,
      ),
  },
);

test('no notification, however odd, stops the converter', () => {
  const outcomes = new Map<Reading['outcome'], number>();
  fc.assert(
    fc.property(text, (said) => {
      const reading = ceilometer.readText(said, 'info');
      outcomes.set(reading.outcome, (outcomes.get(reading.outcome) ?? 0) + 1);
      if (reading.outcome !== 'event') return reading.reason.endsWith('.');
      // Whatever becomes an event is recorded or rejected with a reason.
      const report = validate(reading.draft, now(), { limits: defaultLimits, storeRaw: true });
      if ('id' in report) return encodeReport(report).length > 0;
      return report.length > 0;
    }),
    { numRuns: 1000 },
  );
  expect([...outcomes.keys()].sort()).toEqual(['dropped', 'event', 'rejected']);
});

test('a string of a megabyte of white space or stars is read without backtracking', () => {
  const long = ' '.repeat(1_000_000);
  const said = { metadata: { message_id: long, timestamp: '2026-01-01' } };
  for (const event_type of [`compute.instance.${long}`, `${'*http'.repeat(100_000)}x`]) {
    const payload = { memory_mb: `${long}x${long}`, launched_at: long, tenant_id: long };
    const notification = JSON.stringify({ ...said, event_type, payload });
    expect(endsSoon(() => ceilometer.readText(notification, 'info').outcome)).toBeTypeOf('string');
  }
});
