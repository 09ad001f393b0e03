import { describe, expect, test } from 'vitest';
import { counts, whyUnknown } from '../../../../src/alarms/expression/event-metrics.ts';
import { alarmExpression } from '../../../../src/alarms/expression/expression.ts';
import { snapshotOf } from '../../../../src/alarms/expression/snapshot.ts';
import { entityOf } from '../../../../src/dialects/skywalking/alarms/alarm-entity.ts';
import { metricsOf } from '../../../../src/dialects/skywalking/alarms/answered-metric.ts';
import { nowhere } from '../../../../src/event/event.ts';
import { change } from '../../../live/change.ts';

const source = { ...nowhere, service: 'shop', instance: 'shop-1', layer: 'K8S' };

describe('a series counts an event', () => {
  const event = change({
    category: 'ServiceInstance',
    action: 'Unhealthy',
    type: 'ServiceInstance.Unhealthy',
    severity: 'ERROR',
    source,
    traits: [
      { name: 'code', type: 'INT', value: 503 },
      { name: 'zone', type: 'TEXT', value: 'a' },
    ],
  });

  test.each([
    ['Unhealthy', {}, true],
    ['ServiceInstance.Unhealthy', {}, true],
    ['Healthy', {}, false],
    ['ServiceInstance', {}, false],
    ['event_total', {}, true],
    ['event_error_count', {}, true],
    ['event_normal_count', {}, false],
    ['event_start_count', {}, false],
    [
      'Unhealthy',
      { service: 'shop', serviceInstance: 'shop-1', layer: 'K8S', type: 'Error' },
      true,
    ],
    ['Unhealthy', { service: 'other' }, false],
    ['Unhealthy', { endpoint: 'shop-1' }, false],
    ['Unhealthy', { code: '503', zone: 'a' }, true],
    ['Unhealthy', { zone: 'b' }, false],
    ['Unhealthy', { toString: 'x' }, false],
  ])('%s with %j: %s', (name, labels, expected) => {
    expect(counts({ name, labels: Object.entries(labels) }, event)).toBe(expected);
  });

  test('of its category, where it has no action', () => {
    const plain = change({ category: 'Deployment', action: null, type: 'Deployment' });
    expect(counts({ name: 'Deployment', labels: [] }, plain)).toBe(true);
  });
});

test.each([
  ['Unhealthy', true],
  ['rolling_update', true],
  ['compute.instance.create', true],
  ['event_total', true],
  ['event_shutdown_count', true],
  ['event_lost_count', false],
  ['service_resp_time', false],
  ['meter_status_code', false],
  ['toString', true],
])('%s is a metric of events: %s', (name, expected) => {
  expect(whyUnknown(name) === null).toBe(expected);
});

test.each([
  [source, 'SERVICE_INSTANCE', 2, 'shop-1 of shop', 'c2hvcA==.1_c2hvcC0x'],
  [{ ...source, instance: null, endpoint: '/x' }, 'ENDPOINT', 3, '/x in shop', 'c2hvcA==.1_L3g='],
  [{ ...source, instance: null }, 'SERVICE', 1, 'shop', 'c2hvcA==.1'],
] as const)('the entity of %j is %s', (of, scope, scopeId, name, id0) => {
  expect(entityOf(of)).toEqual({ scope, scopeId, name, id0, id1: '' });
});

test('an event without a service is about no entity', () => {
  expect(entityOf({ ...source, service: null })).toBeNull();
});

test('a snapshot has the values of each metric, and is read again', () => {
  const expression = alarmExpression("sum(A) > max(B{zone='a,b'})");
  const window = [
    [null, 3],
    [1, null],
    [2, null],
  ];
  const snapshot = snapshotOf(expression, window, Date.UTC(2025, 10, 19, 15, 11));
  expect(snapshot.A).toBe(
    '[{"metric":{"labels":[]},"values":[{"id":"202511191510","doubleValue":0,"isEmptyValue":true},' +
      '{"id":"202511191511","doubleValue":3,"isEmptyValue":false}]}]',
  );
  expect(metricsOf(snapshot)).toMatchObject([
    { name: 'A', results: [{ values: [{ value: null }, { id: '202511191511', value: '3' }] }] },
    {
      name: "B{zone='a,b'}",
      results: [
        { metric: { labels: [{ key: 'zone', value: 'a' }] }, values: [{ value: '1' }, {}] },
        { metric: { labels: [{ key: 'zone', value: 'b' }] }, values: [{ value: '2' }, {}] },
      ],
    },
  ]);
});

test('a snapshot that cannot be read has no values', () => {
  expect(metricsOf({ A: 'nonsense' })).toEqual([{ name: 'A', results: [] }]);
});
