import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventDraft } from '../../../../src/event/draft.ts';
import { bootGateway, type TestGateway } from '../../../harness.ts';
import { startReceiver } from '../../../sinks/receiver.ts';
import { ask, post } from '../query-client.ts';

const settings = `
rules:
  unhealthy_rule:
    expression: sum(Unhealthy) > 5
    period: 10
    tags: { level: CRITICAL }
`;

const start = Date.UTC(2025, 10, 19, 15, 0);
const instant = (minute: number): number => (start + minute * 60_000) * 1_000;
const duration = { start: '2025-11-19 1500', end: '2025-11-19 1600', step: 'MINUTE' };
const paging = { pageNum: 1, pageSize: 15 };

const snapshot = {
  Unhealthy: JSON.stringify([
    {
      metric: { labels: [] },
      values: [
        { id: '202511191511', doubleValue: 0, isEmptyValue: true },
        { id: '202511191512', doubleValue: 7, isEmptyValue: false },
      ],
    },
  ]),
};

const alarm = (draft: Partial<EventDraft>): EventDraft => ({
  dialect: 'TIDINGS',
  id: randomUUID(),
  category: 'Alarm',
  severity: 'ERROR',
  ...draft,
});

const ofInstance = alarm({
  action: 'unhealthy_rule',
  source: { service: 'shop', instance: 'shop-1', layer: 'K8S' },
  key: 'shop-1 of shop',
  message: 'shop-1 of shop is unhealthy',
  time: instant(12),
  value: { mqeMetricsSnapshot: snapshot },
});
const ofEndpoint = alarm({
  action: 'slow_rule',
  source: { service: 'shop', endpoint: '/pay', layer: 'GENERAL' },
  message: '/pay in shop is slow',
  tags: ['level:WARNING', 'team:pay', 'plain'],
  time: instant(20),
  endTime: instant(25),
});
const ofService = alarm({
  action: 'slow_rule',
  source: { service: 'billing', layer: 'GENERAL' },
  message: 'billing is slow',
  time: instant(30),
});
/** Speaks for many alarms, and is none. */
const notice = alarm({
  action: 'slow_rule',
  key: 'slow_rule',
  message: 'slow_rule: 300 alarms: billing, shop and 298 more',
  tags: ['level:NOTICE'],
  traits: [{ name: 'alarms', type: 'INT', value: 300 }],
  time: instant(31),
});
const events: readonly EventDraft[] = [
  {
    dialect: 'SKYWALKING',
    id: randomUUID(),
    category: 'ServiceInstance',
    action: 'Unhealthy',
    source: { service: 'shop', instance: 'shop-1', layer: 'K8S' },
    time: instant(11),
  },
  {
    dialect: 'SKYWALKING',
    id: randomUUID(),
    category: 'Service',
    action: 'Deploy',
    source: { service: 'billing', layer: 'GENERAL' },
    time: instant(29),
  },
];

const encode = (name: string): string => Buffer.from(name).toString('base64');

let folder: string;
let gateway: TestGateway;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-alarms-'));
  const file = join(folder, 'alarm-settings.yml');
  await writeFile(file, settings);
  gateway = await bootGateway({
    environment: { ALARM_SETTINGS_FILE: file, TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
  const { intake, store } = gateway.gateway.context;
  const results = await intake.report(
    [ofInstance, ofEndpoint, ofService, notice, ...events],
    'STORED',
  );
  expect(results.map(({ status }) => status)).not.toContain('REJECTED');
  expect(await store.count({})).toBe(6);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('a sink sends alarms, recoveries and notices of several as SkyWalking does', async () => {
  await using receiver = await startReceiver();
  await gateway.gql('mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }', {
    input: {
      name: 'alarms',
      filter: { categories: ['Alarm'] },
      start: { at: 'BEGINNING' },
      target: { webhook: { url: receiver.url, signed: false } },
      format: 'SKYWALKING_ALARM',
      batch: 10,
      order: 'STRICT',
    },
  });
  await vi.waitFor(() =>
    expect(receiver.received.flatMap(({ json }) => json as object[])).toHaveLength(4),
  );
  expect(receiver.received[0]?.headers['content-type']).toBe('application/json');
  const sent = receiver.received.flatMap(({ json }) => json as object[]);
  expect(sent).toContainEqual({
    scopeId: 2,
    scope: 'SERVICE_INSTANCE',
    name: 'shop-1 of shop',
    id0: `${encode('shop')}.1_${encode('shop-1')}`,
    id1: '',
    ruleName: 'unhealthy_rule',
    alarmMessage: 'shop-1 of shop is unhealthy',
    tags: [{ key: 'level', value: 'CRITICAL' }],
    startTime: start + 12 * 60_000,
    hooks: [],
    expression: 'sum(Unhealthy) > 5',
    mqeMetricsSnapshot: snapshot,
    uuid: ofInstance.id,
    layers: ['K8S'],
  });
  expect(sent).toContainEqual(
    expect.objectContaining({
      scope: 'ENDPOINT',
      uuid: ofEndpoint.id,
      layers: [],
      recoveryTime: start + 25 * 60_000,
    }),
  );
  const billing = sent.find((message) => 'uuid' in message && message.uuid === ofService.id);
  expect(billing).toMatchObject({ scope: 'SERVICE', ruleName: 'slow_rule' });
  expect(billing).not.toHaveProperty('expression');
});

interface Asked {
  readonly result: { readonly msgs: readonly { readonly message: string; readonly id: string }[] };
}

const messages = (data: Readonly<Record<string, unknown>>): string[] =>
  (data as unknown as Asked).result.msgs.map(({ message }) => message);

const all = ['billing is slow', '/pay in shop is slow', 'shop-1 of shop is unhealthy'];

describe('swctl', () => {
  const older =
    'query ($duration: Duration!, $scope: Scope, $keyword: String, $paging: Pagination!, $tags: [AlarmTag]) { result: getAlarm(duration: $duration, scope: $scope, keyword: $keyword, paging: $paging, tags: $tags) { msgs { startTime scope id message tags { key, value } events { name source { service serviceInstance endpoint } startTime endTime message parameters { key value } uuid layer } } } }';
  const newer =
    'query ($condition: AlarmQueryCondition!) { result: queryAlarms(condition: $condition) { msgs { startTime recoveryTime scope id name message tags { key value } events { name source { service serviceInstance endpoint } startTime endTime message parameters { key value } uuid layer } } } }';

  test('of earlier versions lists alarms with their events', async () => {
    const { result } = (await ask(gateway.origin, older, {
      duration: { ...duration, coldStage: false },
      keyword: '',
      paging,
      tags: [],
    })) as unknown as Asked;
    expect(result.msgs).toEqual([
      expect.objectContaining({
        scope: 'Service',
        id: `${encode('billing')}.1`,
        message: 'billing is slow',
        startTime: start + 30 * 60_000,
        tags: [],
        events: [expect.objectContaining({ name: 'Deploy', layer: 'GENERAL' })],
      }),
      expect.objectContaining({
        scope: 'Endpoint',
        id: `${encode('shop')}.1_${encode('/pay')}`,
        tags: [
          { key: 'level', value: 'WARNING' },
          { key: 'team', value: 'pay' },
        ],
        events: [],
      }),
      expect.objectContaining({
        scope: 'ServiceInstance',
        id: `${encode('shop')}.1_${encode('shop-1')}`,
        tags: [{ key: 'level', value: 'CRITICAL' }],
        events: [expect.objectContaining({ name: 'Unhealthy', layer: 'K8S' })],
      }),
    ]);
  });

  test.each([
    ['nothing more', {}, all],
    ['empty strings', { keyword: '', layer: '', tags: [], ruleNames: [], entities: [] }, all],
    ['a keyword', { keyword: 'slow' }, all.slice(0, 2)],
    ['a layer', { layer: 'K8S' }, all.slice(2)],
    ['rules', { ruleNames: ['unhealthy_rule', 'other_rule'] }, all.slice(2)],
    ['a tag', { tags: [{ key: 'level', value: 'CRITICAL' }] }, all.slice(2)],
    [
      'all its tags',
      {
        tags: [
          { key: 'level', value: 'WARNING' },
          { key: 'team', value: 'x' },
        ],
      },
      [],
    ],
    [
      'some entities',
      {
        entities: [
          { scope: 'Service', serviceName: 'billing', normal: true },
          { serviceName: 'shop', serviceInstanceName: 'shop-1', normal: true },
        ],
      },
      ['billing is slow', 'shop-1 of shop is unhealthy'],
    ],
    ['a relation', { entities: [{ serviceName: 'billing', destServiceName: 'shop' }] }, []],
  ])('of later versions lists those with %s', async (_, condition, expected) => {
    const data = await ask(gateway.origin, newer, {
      condition: { duration, paging, ...condition },
    });
    expect(messages(data)).toEqual(expected);
  });

  test('pages are numbered from 1', async () => {
    const page = async (pageNum: number) =>
      messages(
        await ask(gateway.origin, newer, {
          condition: { duration, paging: { pageNum, pageSize: 2 } },
        }),
      );
    expect(await Promise.all([1, 2, 3].map(page))).toEqual([all.slice(0, 2), all.slice(2), []]);
  });
});

test('booster-ui shows alarms with the values that made them fire', async () => {
  const document =
    'query queryAlarms($keyword: String, $scope: Scope, $duration:Duration!, $tags:[AlarmTag], $paging: Pagination!) { getAlarm(keyword: $keyword, scope: $scope, duration: $duration, paging: $paging, tags: $tags) { items: msgs { key: id message startTime recoveryTime scope name tags { key value } events { uuid source { service serviceInstance endpoint } name type message parameters { key value } startTime endTime } snapshot { expression metrics { name results { metric { labels { key value } } values { id owner { scope serviceID serviceName normal serviceInstanceID serviceInstanceName endpointID endpointName } value traceID } } } } } } }';
  const { getAlarm } = (await ask(gateway.origin, document, {
    duration: { start: '2025-11-19 150000', end: '2025-11-19 155959', step: 'SECOND' },
    scope: 'ServiceInstance',
    keyword: 'unhealthy',
    paging: { pageNum: 1, pageSize: 20 },
    tags: [],
  })) as { getAlarm: { items: object[] } };
  const value = { owner: null, traceID: null };
  expect(getAlarm.items).toEqual([
    expect.objectContaining({
      key: `${encode('shop')}.1_${encode('shop-1')}`,
      name: 'shop-1 of shop',
      recoveryTime: null,
      snapshot: {
        expression: 'sum(Unhealthy) > 5',
        metrics: [
          {
            name: 'Unhealthy',
            results: [
              {
                metric: { labels: [] },
                values: [
                  { id: '202511191511', value: null, ...value },
                  { id: '202511191512', value: '7', ...value },
                ],
              },
            ],
          },
        ],
      },
    }),
  ]);
});

test('horizon-ui finds queryAlarms, and counts what fires and what is over', async () => {
  const { __type } = (await ask(
    gateway.origin,
    '{ __type(name: "Query") { fields { name } } }',
  )) as {
    __type: { fields: { name: string }[] };
  };
  expect(__type.fields.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['getAlarm', 'queryAlarms']),
  );
  const { data } = await post(
    gateway.origin,
    'query ($c: AlarmQueryCondition!) { result: queryAlarms(condition: $c) { msgs { id startTime recoveryTime } } }',
    { c: { duration, paging: { pageNum: 1, pageSize: 200 } } },
  );
  const { msgs } = (data as unknown as { result: { msgs: { recoveryTime: number | null }[] } })
    .result;
  expect(msgs.map(({ recoveryTime }) => recoveryTime)).toEqual([null, start + 25 * 60_000, null]);
});

test('tags are completed', async () => {
  expect(
    await ask(
      gateway.origin,
      'query ($duration: Duration!) { keys: queryAlarmTagAutocompleteKeys(duration: $duration) values: queryAlarmTagAutocompleteValues(tagKey: "level", duration: $duration) none: queryAlarmTagAutocompleteValues(tagKey: "x", duration: $duration) }',
      { duration },
    ),
  ).toEqual({ keys: ['level', 'team'], values: ['WARNING', 'CRITICAL'], none: [] });
});
