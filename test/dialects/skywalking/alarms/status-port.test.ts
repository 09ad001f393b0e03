import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Unauthenticated } from '../../../../src/access/principal.ts';
import { readAlarmSettings } from '../../../../src/dialects/skywalking/alarms/settings.ts';
import { openStatusPort } from '../../../../src/dialects/skywalking/alarms/status-port.ts';
import { RateLimited, Unavailable } from '../../../../src/runtime/unavailable.ts';
import { bootGateway, type TestGateway } from '../../../harness.ts';

const settings = readAlarmSettings(
  `
rules:
  unhealthy_rule:
    expression: sum(Unhealthy) > 5
    period: 10
    silence-period: 3
    message: "{name} is unhealthy"
    include-names: [shop-1 of shop]
    exclude-names-regex: '.*-test'
    tags: { level: CRITICAL }
  calm_rule:
    expression: max(increase(Failed, 2)) > 1
`,
  'alarm-settings.yml',
);
const alarmSettings = { settings, rules: new Map(settings.rules.map((rule) => [rule.name, rule])) };

let gateway: TestGateway;
let port: Awaited<ReturnType<typeof openStatusPort>>;
beforeAll(async () => {
  gateway = await bootGateway();
  const { intake, store, log } = gateway.gateway.context;
  await intake.report(
    [
      {
        dialect: 'TIDINGS',
        id: randomUUID(),
        category: 'Alarm',
        action: 'unhealthy_rule',
        source: { service: 'shop', instance: 'shop-1' },
        message: 'shop-1 of shop is unhealthy',
        time: '2025-11-19T15:20:00Z',
        value: { mqeMetricsSnapshot: { Unhealthy: '[]' } },
      },
    ],
    'STORED',
  );
  port = await openStatusPort(
    {
      host: '127.0.0.1',
      port: 0,
      certificate: null,
      identify: null,
      alarmSettings,
      alarmWindows: () => null,
    },
    store,
    log,
  );
});
afterAll(async () => {
  await port[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const get = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${port.port}${path}`);
  expect(response.status).toBe(200);
  const { oapInstances } = (await response.json()) as { oapInstances: { status?: object }[] };
  expect(oapInstances).toEqual([expect.objectContaining({ address: `127.0.0.1_${port.port}` })]);
  return oapInstances[0];
};

test('the list of rules', async () => {
  expect((await get('/status/alarm/rules'))?.status).toEqual({
    ruleList: [{ id: 'unhealthy_rule' }, { id: 'calm_rule' }],
  });
});

test.each(['/status/alarm/unhealthy_rule', '/status/alarm/rules/unhealthy_rule'])(
  'a rule and its entities: %s',
  async (path) => {
    expect((await get(path))?.status).toEqual({
      ruleId: 'unhealthy_rule',
      expression: 'sum(Unhealthy) > 5',
      period: 10,
      silencePeriod: 3,
      recoveryObservationPeriod: 0,
      additionalPeriod: 0,
      includeEntityNames: ['shop-1 of shop'],
      excludeEntityNames: [],
      includeEntityNamesRegex: '',
      excludeEntityNamesRegex: '.*-test',
      runningEntities: [
        {
          scope: 'SERVICE_INSTANCE',
          name: 'shop-1 of shop',
          formattedMessage: 'shop-1 of shop is unhealthy',
        },
      ],
      tags: [{ key: 'level', value: 'CRITICAL' }],
      hooks: [],
      includeMetrics: ['Unhealthy'],
    });
  },
);

test('the latest alarm of a rule about an entity', async () => {
  const page = await get('/status/alarm/unhealthy_rule/shop-1%20of%20shop');
  expect(page?.status).toMatchObject({
    ruleId: 'unhealthy_rule',
    entityName: 'shop-1 of shop',
    currentState: 'FIRING',
    lastAlarmTime: Date.UTC(2025, 10, 19, 15, 20),
    lastAlarmMessage: 'shop-1 of shop is unhealthy',
    lastAlarmMqeMetricsSnapshot: { Unhealthy: '[]' },
    size: 0,
    windowValues: [],
  });
  const calm = await get('/status/alarm/calm_rule/%2Fpay%20in%20shop');
  expect(calm?.status).toMatchObject({ entityName: '/pay in shop', lastAlarmTime: 0 });
});

test('an alarm is found behind a thousand notices that speak for several', async () => {
  const { intake } = gateway.gateway.context;
  const notices = Array.from({ length: 1_000 }, () => ({
    dialect: 'TIDINGS' as const,
    category: 'Alarm',
    action: 'unhealthy_rule',
    traits: [{ name: 'alarms', type: 'INT' as const, value: 7 }],
    time: '2025-11-20T15:20:00Z',
  }));
  await intake.report(notices, 'STORED');
  const { status } = (await get('/status/alarm/unhealthy_rule')) ?? {};
  expect(status).toMatchObject({ runningEntities: [{ name: 'shop-1 of shop' }] });
  const page = await get('/status/alarm/unhealthy_rule/shop-1%20of%20shop');
  expect(page?.status).toMatchObject({ lastAlarmTime: Date.UTC(2025, 10, 19, 15, 20) });
});

test('a rule that is not there', async () => {
  expect(await get('/status/alarm/other_rule')).toMatchObject({
    errorMsg: 'There is no such rule.',
  });
});

test('other paths and methods', async () => {
  const url = `http://127.0.0.1:${port.port}`;
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/status/alarm/rules`, { method: 'POST' })).status).toBe(405);
});

test.each([
  [new Unauthenticated('The token is not known.'), 401, { 'www-authenticate': /^Bearer/ }],
  [new RateLimited('Too many requests.', 7), 429, { 'retry-after': /^7$/ }],
  [new Unavailable('The issuer is down.'), 503, { 'retry-after': /^1$/ }],
])('a caller who is rejected with %o is answered %i', async (error, status, headers) => {
  const { store, log } = gateway.gateway.context;
  await using guarded = await openStatusPort(
    {
      host: '127.0.0.1',
      port: 0,
      certificate: null,
      identify: () => Promise.reject(error),
      alarmSettings,
      alarmWindows: () => null,
    },
    store,
    log,
  );
  const response = await fetch(`http://127.0.0.1:${guarded.port}/status/alarm/rules`);
  expect(response.status).toBe(status);
  for (const [name, value] of Object.entries(headers)) {
    expect(response.headers.get(name)).toMatch(value);
  }
});
