import { expect, test } from 'vitest';
import { ceilometerEncoder } from '../../../src/dialects/ceilometer/encode.ts';
import type { Event } from '../../../src/event/event.ts';

const event = {
  id: '0192f0c1-0000-7000-8000-000000000001',
  type: 'floatingip.delete.end',
  time: 1_767_225_600_500_000,
  dialect: 'CEILOMETER',
  traits: [
    { name: 'service', type: 'TEXT', value: 'näme\u{1f600}' },
    { name: 'memory_mb', type: 'INT', value: 512 },
    { name: 'load', type: 'FLOAT', value: 2 },
    { name: 'small', type: 'FLOAT', value: 1e-7 },
    { name: 'launched_at', type: 'DATETIME', value: 1_767_254_400_000_000 },
  ],
  raw: { payload: { a: [1, null, true, 1.5] } },
} as unknown as Event;
const context = { sinkId: 's', replay: false, routingKey: null };

test('the body is what Python writes: types of traits as numbers, times without a zone, ASCII alone', () => {
  expect(ceilometerEncoder.encode([event], context)).toEqual({
    contentType: 'application/json',
    headers: {},
    body:
      '[{"message_id": "0192f0c1-0000-7000-8000-000000000001", "event_type": "floatingip.delete.end", ' +
      '"generated": "2026-01-01T00:00:00.500000", "traits": [["service", 1, "n\\u00e4me\\ud83d\\ude00"], ' +
      '["memory_mb", 2, 512], ["load", 3, 2.0], ["small", 3, 1e-07], ["launched_at", 4, "2026-01-01T08:00:00"]], ' +
      '"raw": {"payload": {"a": [1, null, true, 1.5]}}}]',
  });
});

test('an event of another system has no raw notification', () => {
  const body = ceilometerEncoder.encode([{ ...event, dialect: 'NOMAD' }], context)?.body ?? '';
  expect(JSON.parse(body)[0].raw).toEqual({});
});
