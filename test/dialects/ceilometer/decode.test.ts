import { expect, test } from 'vitest';
import { Ceilometer } from '../../../src/dialects/ceilometer/ceilometer.ts';
import type { EventDraft } from '../../../src/event/draft.ts';
import { createLog } from '../../../src/telemetry/log.ts';

const log = createLog('silent');
const ceilometer = await Ceilometer.open({ storeRaw: ['ERROR', 'nonsense'] }, log);

interface Said {
  readonly publisher_id?: unknown;
  readonly event_type?: unknown;
  readonly payload?: unknown;
  readonly ctxt?: unknown;
  readonly priority?: unknown;
  readonly metadata?: unknown;
}

const metadata = {
  message_id: '66A9E0C9-aa8d-aa62-d1f0-85349e24430c',
  timestamp: '2026-03-04 05:06:07.891011',
};

const notification = (said: Said) => ({
  ctxt: { request_id: 'req-1', project_id: 'p1', user_id: 'u1' },
  publisher_id: 'compute.cmp-01.example',
  event_type: 'compute.instance.update',
  payload: {},
  metadata,
  ...said,
});

function draftFrom(said: Said): EventDraft {
  const reading = ceilometer.readText(JSON.stringify(notification(said)), 'info');
  if (reading.outcome === 'event') return reading.draft;
  throw new Error(reading.reason);
}

test('an event of ours, from the notification of a server that became active', () => {
  const payload = {
    tenant_id: 'p1',
    instance_id: 'i-1',
    display_name: 'web-1',
    memory_mb: 2048,
    old_state: 'building',
    state: 'active',
    launched_at: '2026-03-04T10:36:07+05:30',
  };
  expect(draftFrom({ payload })).toMatchObject({
    dialect: 'CEILOMETER',
    id: '66a9e0c9-aa8d-aa62-d1f0-85349e24430c',
    type: 'compute.instance.update',
    namespace: 'p1',
    severity: 'NORMAL',
    source: { service: 'compute', node: 'cmp-01.example' },
    key: 'i-1',
    filterKeys: [],
    message: 'compute.instance.update web-1: building → active',
    time: Date.UTC(2026, 2, 4, 5, 6, 7) * 1000 + 891_011,
    raw: null,
    traits: expect.arrayContaining([
      { name: 'service', type: 'TEXT', value: 'compute' },
      { name: 'memory_mb', type: 'INT', value: 2048 },
      { name: 'launched_at', type: 'DATETIME', value: Date.UTC(2026, 2, 4, 5, 6, 7) * 1000 },
    ]),
  });
});

test.each([
  ['no UUID', 'my message', 'c9391ed5-bd73-54c9-b3ac-0181ca4443c7', ['my message']],
  ['a number', 7, expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-5/), ['7']],
  ['nothing', null, null, []],
])('a message_id that is %s', (_what, message_id, id, filterKeys) => {
  const draft = draftFrom({ metadata: { ...metadata, message_id } });
  expect(draft).toMatchObject({ id, filterKeys });
});

test('the same text is the same id, and another text is another', () => {
  const idOf = (message_id: string) => draftFrom({ metadata: { ...metadata, message_id } }).id;
  expect(idOf('a')).toBe(idOf('a'));
  expect(idOf('a')).not.toBe(idOf('b'));
});

test('the level error is the severity, whatever its case, and keeps the notification', () => {
  const draft = draftFrom({ priority: 'ERROR', payload: { big: 1 } });
  expect(draft.severity).toBe('ERROR');
  expect(draft.raw).toEqual(notification({ payload: { big: 1 } }));
});

test.each(['audit', 'critical', 'debug', 'sample', 'warn', 'x', ''])(
  'the level "%s" is dropped',
  (priority) => {
    const text = JSON.stringify(notification({ priority }));
    expect(ceilometer.readText(text, 'info')).toMatchObject({ outcome: 'dropped' });
  },
);

test.each([
  ['compute.host1', { service: 'compute', node: 'host1' }],
  ['nova-compute:host1', { service: 'nova-compute', node: 'host1' }],
  ['glance', { service: 'glance', node: undefined }],
  [5, null],
])('publisher %j', (publisher_id, source) => {
  expect(draftFrom({ publisher_id }).source).toEqual(source);
});

test.each([
  ['volume.create.end', { volume_id: 'v', volume_attachment: [{ server_id: 's' }] }, ['v', 's']],
  ['snapshot.create.end', { volume_id: 'v', snapshot_id: 'n', volume_attachment: [] }, ['n', 'v']],
  ['share.create.end', { share_id: 'h', snapshot_id: 'n' }, ['h', 'n']],
  ['alarm.creation', { alarm_id: 'a', user_id: 'u' }, ['a']],
  ['identity.authenticate', { id: 'e', target: { id: 't' }, observer: { id: 'o' } }, ['t', 'e']],
  ['network.delete.end', { network_id: 'x' }, []],
])('%s: key and filter keys', (event_type, payload, [key = null, ...filterKeys]) => {
  expect(draftFrom({ event_type, payload })).toMatchObject({ key, filterKeys });
});

test('namespace: the tenant where there is no project, default where there is neither', () => {
  const event_type = 'port.create.end';
  const ctxt = { project_id: 'of ctxt' };
  expect(draftFrom({ event_type, ctxt }).namespace).toBe('of ctxt');
  expect(draftFrom({ event_type, ctxt: {} }).namespace).toBeNull();
});

test.each([
  ['.end', { category: '.end' }],
  ['compute.', { category: 'compute.' }],
  ['a..b', { type: 'a..b' }],
  ['alone', { type: 'alone' }],
])('the type %j stays as it is', (event_type, kind) => {
  const { type, category } = draftFrom({ event_type });
  expect({ type, category }).toEqual({ type: undefined, category: undefined, ...kind });
});

test('what no JSON number holds is a TEXT trait', async () => {
  const of = await Ceilometer.open(
    {
      definitionsFile: new URL('../../fixtures/ceilometer/odd-numbers.yaml', import.meta.url)
        .pathname,
      storeRaw: ['info'],
    },
    log,
  );
  const payload =
    '{"i": 9007199254740993, "f": NaN, "g": -Infinity, "d": "9999-12-31T23:59:59.999999", "w": 1.0, "n": "a\\u0000b\\ud800"}';
  const text = JSON.stringify(notification({ event_type: 'odd', payload: 0 })).replace(
    '"payload":0',
    `"payload":${payload}`,
  );
  const reading = of.readText(text, 'info');
  if (reading.outcome !== 'event') throw new Error(reading.reason);
  expect(reading.draft.traits?.slice(-6)).toEqual([
    { name: 'i', type: 'TEXT', value: '9007199254740993' },
    { name: 'f', type: 'TEXT', value: 'nan' },
    { name: 'g', type: 'TEXT', value: '-inf' },
    { name: 'd', type: 'TEXT', value: '9999-12-31T23:59:59.999999Z' },
    { name: 'w', type: 'FLOAT', value: 1 },
    { name: 'n', type: 'TEXT', value: 'ab\ufffd' },
  ]);
  expect(reading.draft.raw).toMatchObject({
    payload: { i: '9007199254740993', f: 'nan', g: '-inf', w: 1, n: 'ab\ufffd' },
  });
});
