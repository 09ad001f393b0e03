import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../../harness.ts';
import { bare, enveloped, notification } from './gateway.ts';

const uuid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

const report = `
  mutation Report($notifications: [JSON!]!) {
    reportNotifications(notifications: $notifications) {
      accepted dropped rejected
      results {
        __typename
        ... on ReportedEvent { id status }
        ... on RejectedEvent { errors { path code message } }
        ... on DroppedNotification { reason }
      }
    }
  }`;

describe('a gateway with definitions of its operator', () => {
  let gateway: TestGateway;
  let folder: string;
  let file: string;

  const definitions = (trait: string) => `
- event_type: 'compute.*'
  traits:
    ${trait}: {type: int, fields: payload.memory_mb}
    resource_id: payload.instance_id
`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-definitions-'));
    file = join(folder, 'events.yaml');
    await writeFile(file, definitions('memory'));
    gateway = await bootGateway({
      environment: { DEFINITIONS_FILE: file, TIDINGS_CEILOMETER_DROP_UNMATCHED: 'true' },
    });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('reportNotifications answers each notification for itself', async () => {
    const notifications = [
      notification(uuid(1)),
      enveloped(notification(uuid(2))),
      { ...bare(notification(uuid(3))), priority: 'ERROR' },
      notification(uuid(4), { event_type: 'image.update' }),
      notification(uuid(5), { payload: { memory_mb: 'much' } }),
      [],
      notification(uuid(1)),
    ];
    const { reportNotifications } = await gateway.gql(report, { notifications });
    expect(reportNotifications).toEqual({
      accepted: 4,
      dropped: 1,
      rejected: 2,
      results: [
        { __typename: 'ReportedEvent', id: uuid(1), status: 'STORED' },
        { __typename: 'ReportedEvent', id: uuid(2), status: 'STORED' },
        { __typename: 'ReportedEvent', id: uuid(3), status: 'STORED' },
        {
          __typename: 'DroppedNotification',
          reason: 'No definition asks for notifications of this type.',
        },
        {
          __typename: 'RejectedEvent',
          errors: [
            {
              path: [],
              code: 'INVALID',
              message: 'It cannot be converted: trait memory: "much" is no integer.',
            },
          ],
        },
        { __typename: 'RejectedEvent', errors: [expect.objectContaining({ code: 'INVALID' })] },
        { __typename: 'ReportedEvent', id: uuid(1), status: 'DUPLICATE' },
      ],
    });
  });

  test.each(['18446744073709551615', '{"a":9007199254740993}', '2.0', '"3.0"', 'null'])(
    'an envelope of version %s is rejected in one sentence',
    async (version) => {
      const body = `[{"oslo.version":${version},"oslo.message":"{}"}]`;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(new URL('/v1/notifications', gateway.url), {
        method: 'POST',
        headers,
        body,
      });
      expect(response.status).toBe(400);
      expect(JSON.stringify(await response.json())).toContain(
        "It cannot be converted: the envelope's oslo.version is not '2.0'.",
      );
    },
  );

  test('its events are found by trait, key, namespace and severity, and told by the catalogue', async () => {
    const found = await gateway.gql(`{
      events(filter: {
        dialects: [CEILOMETER], types: ["compute.*"], namespaces: ["p1"], keys: ["i1"], severities: [ERROR]
        traits: [{ name: "memory", op: GTE, value: { int: 512 } }]
      }) { nodes { id type key time source { service node } trait(name: "memory") { type int } } }
      traitDescriptors(types: ["compute.instance.create.end"]) { name type eventType }
    }`);
    expect(found.events.nodes).toEqual([
      {
        id: uuid(3),
        type: 'compute.instance.create.end',
        key: 'i1',
        time: '2026-01-01T08:00:01.123456Z',
        source: { service: 'compute', node: 'host1' },
        trait: { type: 'INT', int: 512 },
      },
    ]);
    const eventType = 'compute.instance.create.end';
    expect(found.traitDescriptors).toEqual(
      expect.arrayContaining([
        { name: 'memory', type: 'INT', eventType },
        { name: 'request_id', type: 'TEXT', eventType },
      ]),
    );
  });

  test('the definitions are exchanged while it runs', async () => {
    const traitsOf = async (id: string): Promise<readonly string[]> => {
      await gateway.gql(report, { notifications: [notification(id)] });
      const { event } = await gateway.gql(`{ event(id: "${id}") { traits { name } } }`);
      return event.traits.map(({ name }: { name: string }) => name);
    };
    await writeFile(file, definitions('megabytes'));
    await gateway.gateway.reload();
    expect(await traitsOf(uuid(10))).toContain('megabytes');
    await writeFile(file, definitions('[]'));
    await gateway.gateway.reload();
    expect(await traitsOf(uuid(11))).toContain('megabytes');
  });

  test('a gateway does not start with bad definitions', async () => {
    await writeFile(file, "- event_type: a\n  traits: {t: 'payload.('}\n");
    const booted = bootGateway({ environment: { DEFINITIONS_FILE: file } });
    await expect(booted).rejects.toThrow(`${file}:2: definition 1 ('a'), trait t: Parse error`);
  });
});

test('bad definitions do not stop a gateway that has the dialect off', async () => {
  await using gateway = await bootGateway({
    environment: { TIDINGS_DIALECTS: 'nomad', DEFINITIONS_FILE: '/nowhere/definitions.yaml' },
  });
  const ready = await fetch(`${gateway.origin}/readyz`);
  expect(ready.status).toBe(200);
});

test('without the dialect the mutation says so', async () => {
  await using gateway = await bootGateway({ environment: { TIDINGS_DIALECTS: 'none' } });
  const { errors } = await gateway.run(report, { notifications: [notification(uuid(1))] });
  expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});
