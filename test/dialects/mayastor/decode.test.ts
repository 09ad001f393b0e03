import { describe, expect, test } from 'vitest';
import { decodeMessage, MessageError } from '../../../src/dialects/mayastor/decode.ts';
import { actions, categories } from '../../../src/dialects/mayastor/enums.ts';
import { builtInCategories } from '../../../src/event/catalogue.ts';
import { now } from '../../../src/event/instant.ts';
import { defaultLimits } from '../../../src/intake/limits.ts';
import { validate } from '../../../src/intake/validate.ts';
import cases from '../../fixtures/mayastor-cases.json' with { type: 'json' };

const decode = (wire: object) => decodeMessage(JSON.stringify(wire));

/** A detail block of the fixture as traits: `rebuild_details.error` -> `rebuild.error`. */
function expectedTraits(details: object | null): Record<string, unknown> {
  const traits: Record<string, unknown> = {};
  for (const [block, fields] of Object.entries(details ?? {})) {
    for (const [field, value] of Object.entries(fields as Record<string, unknown>)) {
      if (value === '' || value === null) continue;
      const name = `${block.replace(/_details$/, '')}.${field}`;
      const { seconds, nanos } = value as { seconds?: number; nanos?: number };
      traits[name] = seconds === undefined ? value : seconds + (nanos ?? 0) / 1e9;
    }
  }
  return traits;
}

describe.each(cases.events)('$logical.category $logical.action ($n)', ({ logical, ...wire }) => {
  test('the legacy encoding carries every fact', () => {
    const draft = decode(wire.wire_legacy);
    expect(draft).toMatchObject({
      dialect: 'MAYASTOR',
      id: logical.id,
      category: logical.category,
      action: logical.action,
      key: logical.target || null,
      source: {
        node: logical.node || null,
        component: logical.component,
        plane: logical.component === 'IoEngine' ? 'DATA_PLANE' : 'CONTROL_PLANE',
      },
      tags: ['mayastor'],
      time: logical.timestamp,
      raw: wire.wire_legacy,
    });
    expect(
      Object.fromEntries((draft.traits ?? []).map(({ name, value }) => [name, value])),
    ).toEqual(expectedTraits(logical.details));
  });

  test('the pbjson encoding says the same', () => {
    const { raw: _, ...legacy } = decode(wire.wire_legacy);
    const { raw, ...pbjson } = decode(wire.wire_pbjson);
    expect(pbjson).toEqual(legacy);
    expect(raw).toEqual(wire.wire_pbjson);
  });
});

test('ids inside details are filter keys', () => {
  const replica = decode({
    category: 'Replica',
    action: 1,
    target: 'r1',
    metadata: {
      id: 'aaf2f899-9237-4705-9ac8-44c0a2a1d45f',
      source: {
        component: 'IoEngine',
        event_details: { replicaDetails: { poolName: 'p', pool_uuid: 'u', replicaName: 'r1' } },
      },
      timestamp: '2026-08-12T09:14:02Z',
    },
  });
  expect(replica).toMatchObject({ category: 'Replica', action: 'Create', filterKeys: ['p', 'u'] });
});

test('ids inside URIs are filter keys as well as the URIs of replicas', () => {
  const [source, destination, child] = [1, 2, 3].map(
    (n) => `a1b2c3d4-0000-4000-8000-00000000000${n}`,
  ) as [string, string, string];
  const draft = decode({
    category: 'Nexus',
    action: 'RebuildEnd',
    target: child,
    metadata: {
      id: '00000000-0000-4000-8000-000000000009',
      source: {
        component: 'IoEngine',
        node: 'n',
        event_details: {
          rebuild_details: {
            source_replica: `bdev:///${source}?uuid=${source.toUpperCase()}`,
            destination_replica: `nvmf://10.1.0.5:8420/nqn.2019-05.io.openebs:${destination}?uuid=${destination}`,
          },
          nexus_child_details: { uri: `bdev:///${child}?uuid=${child}` },
        },
      },
      timestamp: '2026-08-12T09:14:02.002469134Z',
    },
  });
  expect(draft.filterKeys).toEqual([
    `bdev:///${source}?uuid=${source.toUpperCase()}`,
    source,
    `nvmf://10.1.0.5:8420/nqn.2019-05.io.openebs:${destination}?uuid=${destination}`,
    destination,
  ]);
});

test('a message whose clock is ahead gets the time of its arrival, and its own as a trait', () => {
  const [event] = cases.events;
  const wire = structuredClone(event?.wire_legacy) as { metadata: { timestamp: string } };
  wire.metadata.timestamp = '2026-08-12T10:14:02.000000Z';
  const moment = Date.parse('2026-08-12T09:14:02Z') * 1000;
  const report = validate(decode(wire), moment, { limits: defaultLimits, storeRaw: true });
  expect(report).toMatchObject({ time: moment });
  expect('traits' in report && report.traits).toContainEqual({
    name: 'reportedTime',
    type: 'DATETIME',
    value: moment + 3_600_000_000,
  });
});

test.each([501, 100_000])('a message %d levels deep is not one of Mayastor', (levels) => {
  const deep = `${'['.repeat(levels)}${']'.repeat(levels)}`;
  expect(() => decodeMessage(`{"category":3,"action":3,"more":${deep}}`)).toThrow(
    'it is nested more than 500 levels deep',
  );
});

test.each([
  ['+12345-01-01T00:00:00Z'],
  ['10000-01-01T00:00:00Z'],
  ['yesterday'],
  ['99999999999999999999'],
])(
  'a time that is not one, %s, is kept as a trait of an event of the time of arrival',
  (timestamp) => {
    const [event] = cases.events;
    const wire = structuredClone(event?.wire_legacy) as { metadata: { timestamp: string } };
    wire.metadata.timestamp = timestamp;
    const moment = Date.parse('2026-08-12T09:14:02Z') * 1000;
    const report = validate(decode(wire), moment, { limits: defaultLimits, storeRaw: true });
    expect(report).toMatchObject({ time: moment });
    expect('traits' in report && report.traits).toContainEqual({
      name: 'reportedTime',
      type: 'TEXT',
      value: timestamp,
    });
  },
);

test.each([
  [{ state_change_details: { previous: 'open', next: 'faulted (no space)' } }, 'ERROR'],
  [{ state_change_details: { previous: 'Online', next: 'Offline' } }, 'ERROR'],
  [{ state_change_details: { previous: 'init', next: 'open' } }, 'NORMAL'],
  [{ rebuild_details: { rebuild_status: 4 } }, 'ERROR'],
  [{ rebuild_details: { rebuild_status: 'Completed' } }, 'NORMAL'],
  [{ error_details: { error: 'in use' } }, 'ERROR'],
  [{ state_change_details: { previous: 'Online', next: 'Unknown' } }, 'ERROR'],
  [{ switch_over_details: { switch_over_status: 3 } }, 'ERROR'],
  [{ switchOverDetails: { switchOverStatus: 'SwitchOverCompleted' } }, 'NORMAL'],
  [{ rebuild_details: { rebuild_status: 3, error: 'no space' } }, 'ERROR'],
  [null, 'NORMAL'],
])('details %j are of severity %s', (event_details, severity) => {
  const metadata = { id: 'x', source: { component: 2, node: 'n', event_details } };
  expect(decode({ category: 3, action: 3, target: 't', metadata }).severity).toBe(severity);
});

test.each([
  ['NvmePathSuspect', 'ERROR'],
  [10, 'ERROR'],
  ['NvmePathFix', 'NORMAL'],
  ['NvmeKeepAliveTimeout', 'ERROR'],
  ['ReactorFreeze', 'ERROR'],
  ['ReactorUnfreeze', 'NORMAL'],
])('action %s is of severity %s', (action, severity) => {
  const metadata = { id: 'x', source: { component: 2 } };
  expect(decode({ category: 7, action, metadata }).severity).toBe(severity);
});

test('every message has a summary of one line', () => {
  const lines = cases.events.map(({ wire_pbjson }) => decode(wire_pbjson).message);
  expect(lines).toMatchInlineSnapshot(`
    [
      "Volume Delete cd92f1ab-6029-477e-913a-a313108a559c",
      "Replica StateChange fab4dd8e-7605-4a33-ba01-a24aabb87dbc on io-engine-1: open → faulted (I/O error)",
      "Pool Create pool-1 on io-engine-1",
      "Nexus Delete 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1",
      "Nexus StateChange 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1: init → open",
      "Nexus SubsystemPause 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1: unpaused",
      "Nexus SubsystemPause 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1: paused",
      "Nexus SubsystemPause 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1: pausing, Failed to pause subsystem",
      "Nexus SubsystemResume 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1",
      "Nexus Init 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1",
      "Nexus Shutdown 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1",
      "Nexus Shutdown 2a3fb82d-a8a9-4f36-acb4-ddbacac3d5b2 on io-engine-1: Nexus is still in use",
      "Node StateChange io-engine-2: Online → Unknown",
      "HighAvailability SwitchOver cd92f1ab-6029-477e-913a-a313108a559c on worker-1: SwitchOverFailed",
      "NvmePath NvmePathDeleting cd92f1ab-6029-477e-913a-a313108a559c on worker-1: traddr=10.1.0.6,trsvcid=8420",
      "HostInitiator NvmeConnect on io-engine-1: nqn.2019-05.io.openebs:node-name:worker-1",
      "HostInitiator NvmeKeepAliveTimeout on io-engine-1: nqn.2019-05.io.openebs:node-name:worker-1",
      "IoEngineCategory Shutdown mayastor on io-engine-1",
      "IoEngineCategory ReactorUnfreeze 139872 on io-engine-1",
    ]
  `);
});

test('every message passes the intake', () => {
  const limits = { limits: defaultLimits, storeRaw: true };
  for (const { wire_legacy, wire_pbjson } of cases.events) {
    for (const wire of [wire_legacy, wire_pbjson]) {
      expect(validate(decode(wire), now(), limits)).toHaveProperty('id', wire.metadata.id);
    }
  }
});

test('numbers of 64 bits are read as numbers or as strings, and kept as TEXT where they are not exact', () => {
  const traitsOf = (retry_count: unknown) =>
    decode({
      metadata: { id: 'x', source: { event_details: { switch_over_details: { retry_count } } } },
    }).traits?.filter(({ name }) => name === 'switch_over.retry_count');
  const name = 'switch_over.retry_count';
  expect(traitsOf('5')).toEqual([{ name, type: 'INT', value: 5 }]);
  expect(traitsOf(null)).toEqual([{ name, type: 'INT', value: 0 }]);
  const huge = '18446744073709551615';
  expect(traitsOf(huge)).toEqual([{ name, type: 'TEXT', value: huge }]);
});

test('numbers and names that are newer than this program are kept', () => {
  const metadata = { id: 'x', source: { component: 9, node: '' } };
  expect(decode({ category: 12, action: 'Defrost', target: '', metadata })).toMatchObject({
    category: 'Category12',
    action: 'Defrost',
    key: null,
    source: { component: 'Component9', node: null },
  });
});

test('an id that is not a UUID gets a stable one and is found by its own string', () => {
  const metadata = { id: 'event-7', source: { component: 1 } };
  const draft = decode({ category: 2, action: 1, target: 'v', metadata });
  expect(draft.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-5/);
  expect(draft).toEqual(decode({ category: 2, action: 1, target: 'v', metadata }));
  expect(draft.filterKeys).toEqual(['event-7']);
});

test.each([
  ['not json', 'it is not JSON'],
  ['[]', 'it is not a JSON object'],
  ['{"category":2}', 'metadata is missing or not an object'],
  ['{"metadata":{"id":"x"}}', 'source is missing or not an object'],
  ['{"metadata":{"source":{}}}', 'metadata.id is missing'],
  ['{"metadata":{"id":"x","source":{}},"category":{}}', 'category is neither a name nor a number'],
  ['{"metadata":{"id":"x","source":{"node":5}}}', 'node is not a string'],
])('%s is rejected: %s', (body, reason) => {
  expect(() => decodeMessage(body)).toThrow(new MessageError(reason));
});

test('the catalogue knows every category and every action of the protocol', () => {
  expect(builtInCategories.map(({ name }) => name)).toEqual(categories.slice(1));
  const listed = new Set(
    builtInCategories.flatMap((category) => category.actions.map(({ name }) => name)),
  );
  expect([...listed].sort()).toEqual(actions.slice(1).toSorted());
});

test('an integer beyond 2^53 keeps every digit, in its trait and in raw', () => {
  const body = JSON.stringify({
    category: 'HighAvailability',
    action: 'SwitchOver',
    metadata: {
      id: 'x',
      source: {
        component: 'HaClusterAgent',
        event_details: { switch_over_details: { retry_count: 'MANY' } },
      },
    },
  }).replace('"MANY"', '18446744073709551615');
  const draft = decodeMessage(body);
  expect(draft.traits).toContainEqual({
    name: 'switch_over.retry_count',
    type: 'TEXT',
    value: '18446744073709551615',
  });
  expect(draft.raw).toMatchObject({
    metadata: {
      source: {
        event_details: { switch_over_details: { retry_count: 18_446_744_073_709_551_615n } },
      },
    },
  });
});
