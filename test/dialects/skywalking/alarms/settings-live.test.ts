import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { now as currentInstant } from '../../../../src/event/instant.ts';
import { freePort } from '../../../free-port.ts';
import { bootGateway, type TestGateway } from '../../../harness.ts';
import { patienceMs } from '../../../patience.ts';
import { startReceiver } from '../../../sinks/receiver.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-alarm-settings-'));
  file = join(folder, 'alarm-settings.yml');
});
afterAll(() => rm(folder, { recursive: true }));

/** A clock that a test can put forward. */
class Clock {
  #ahead = 0;
  readonly now = () => currentInstant() + this.#ahead;

  minutes(count: number): void {
    this.#ahead += count * 60_000_000;
  }
}

async function bootWith(settings: string) {
  const statusPort = await freePort();
  await writeFile(file, settings);
  const clock = new Clock();
  const gateway = await bootGateway({
    environment: {
      SKYWALKING_STATUS_PORT: String(statusPort),
      ALARM_SETTINGS_FILE: file,
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    },
    overrides: { now: clock.now },
  });
  return { gateway, clock, statusPort };
}

interface Given {
  readonly name: string;
  readonly count?: number;
  readonly service?: string;
  readonly serviceInstance?: string;
  readonly endpoint?: string;
}

async function report(gateway: TestGateway, clock: Clock, given: Given): Promise<void> {
  const { name, count = 1, service = 'shop', ...source } = given;
  const events = Array.from({ length: count }, (_, at) => ({
    uuid: `${name}-${at}-${clock.now()}`,
    source: { service, ...source },
    name,
    type: 'Error',
    startTime: Math.floor(clock.now() / 1_000),
    layer: 'K8S',
  }));
  const answer = await fetch(`${gateway.origin}/v3/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(200);
}

async function statusAt(url: string) {
  const answer = (await (await fetch(url)).json()) as { oapInstances: { status: object }[] };
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
  return answer.oapInstances[0]?.status as any;
}

const rulesOf = async (gateway: TestGateway) =>
  (await gateway.gql('{ alarmRules { name origin problem definition } }')).alarmRules;

const untilRules = (gateway: TestGateway, names: readonly string[]) =>
  vi.waitFor(
    async () =>
      expect((await rulesOf(gateway)).map(({ name }: { name: string }) => name)).toEqual(names),
    { timeout: patienceMs },
  );

const alarmsOf = async (gateway: TestGateway, ruleName: string) =>
  (
    await gateway.gql(
      `query ($filter: AlarmFilter) { alarms(filter: $filter) {
         nodes { ruleName state value entity { name value } event { message tags source { service instance endpoint layer } } } } }`,
      { filter: { rules: [ruleName] } },
    )
  ).alarms.nodes;

/** Puts the clock forward past the next check, and waits for the alarms of a rule. */
async function untilAlarms(
  { gateway, clock }: { gateway: TestGateway; clock: Clock },
  ruleName: string,
  expected: readonly object[],
): Promise<void> {
  clock.minutes(1.5);
  await vi.waitFor(async () => expect(await alarmsOf(gateway, ruleName)).toMatchObject(expected), {
    timeout: patienceMs,
    interval: 50,
  });
}

const evaluates = (gateway: TestGateway, entities: number) =>
  vi.waitFor(async () => expect(await gateway.metric('tidings_alarm_entities')).toBe(entities), {
    timeout: patienceMs,
  });

describe('the rules of an alarm-settings.yml', () => {
  test('fire for the entities that they are about, with their messages and tags, and notify their hooks of it and of the recovery', async () => {
    await using receiver = await startReceiver();
    const booted = await bootWith(`rules:
  unhealthy_rule:
    expression: sum(Unhealthy) > 5
    period: 2
    silence-period: 0
    include-names-regex: shop.*|.* of shop
    exclude-names: [shop-9 of shop]
    message: "{name} ({id}) is unhealthy"
    tags: { level: CRITICAL }
hooks:
  webhook:
    default: { is-default: true, urls: ['${receiver.url}'], recovery-urls: ['${receiver.url}/over'] }
`);
    await using gateway = booted.gateway;
    const { clock } = booted;
    await untilRules(gateway, ['unhealthy_rule']);
    await report(gateway, clock, { name: 'Unhealthy', count: 6, serviceInstance: 'shop-1' });
    await report(gateway, clock, { name: 'Unhealthy', count: 5, serviceInstance: 'shop-2' });
    await report(gateway, clock, { name: 'Unhealthy', count: 6, serviceInstance: 'shop-9' });
    await report(gateway, clock, { name: 'Unhealthy', count: 6, service: 'other' });
    await report(gateway, clock, { name: 'Healthy', count: 9 });
    await evaluates(gateway, 2);
    await untilAlarms(booted, 'unhealthy_rule', [
      {
        state: 'FIRING',
        value: 6,
        entity: [
          { name: 'SERVICE', value: 'shop' },
          { name: 'INSTANCE', value: 'shop-1' },
          { name: 'ENDPOINT', value: null },
          { name: 'LAYER', value: 'K8S' },
        ],
        event: {
          message: 'shop-1 of shop (c2hvcA==.1_c2hvcC0x) is unhealthy',
          tags: expect.arrayContaining(['level:CRITICAL']),
          source: { service: 'shop', instance: 'shop-1', endpoint: null, layer: 'K8S' },
        },
      },
    ]);
    const page = `http://127.0.0.1:${booted.statusPort}/status/alarm/unhealthy_rule`;
    expect((await statusAt(page)).runningEntities).toMatchObject([
      { scope: 'SERVICE_INSTANCE', name: 'shop-1 of shop' },
      { scope: 'SERVICE_INSTANCE', name: 'shop-2 of shop' },
    ]);
    const shown = await statusAt(`${page}/shop-1%20of%20shop`);
    expect(shown).toMatchObject({
      size: 2,
      currentState: 'FIRING',
      silenceCountdown: expect.any(Number),
      endTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000$/),
      lastAlarmMessage: 'shop-1 of shop (c2hvcA==.1_c2hvcC0x) is unhealthy',
      mqeMetricsSnapshot: { Unhealthy: expect.stringContaining('"doubleValue":6') },
    });
    expect(shown.windowValues.flatMap(({ metrics }: { metrics: object[] }) => metrics)).toEqual([
      { name: 'Unhealthy', timeBucket: expect.any(Number), value: '6' },
    ]);
    const messages = () => receiver.received.flatMap(({ json }) => json);
    await vi.waitFor(() => expect(messages()).toHaveLength(1), { timeout: patienceMs });
    expect(messages()).toMatchObject([
      {
        scope: 'SERVICE_INSTANCE',
        name: 'shop-1 of shop',
        ruleName: 'unhealthy_rule',
        expression: 'sum(Unhealthy) > 5',
        hooks: ['webhook.default'],
        layers: ['K8S'],
        tags: [{ key: 'level', value: 'CRITICAL' }],
        mqeMetricsSnapshot: { Unhealthy: expect.stringContaining('"doubleValue":6') },
      },
    ]);
    clock.minutes(3);
    await vi.waitFor(() => expect(messages()).toHaveLength(2), { timeout: patienceMs });
    expect(messages()[1]).toMatchObject({
      uuid: messages()[0].uuid,
      startTime: messages()[0].startTime,
      recoveryTime: expect.any(Number),
    });
  });

  test('of the old form mean each minute; a composite rule fires where its parts do', async () => {
    const booted = await bootWith(`rules:
  often_rule: { metrics-name: Failed, op: ">", threshold: 2, period: 3, count: 1, silence-period: 0 }
  killed_rule: { metrics-name: Killing, op: ">=", threshold: 1, period: 3, only-as-condition: true, silence-period: 0 }
  other_rule: { metrics-name: Failed, op: ">=", threshold: 1, period: 3, only-as-condition: true, silence-period: 0 }
composite-rules:
  both_rule: { expression: killed_rule && other_rule, message: "{name} failed and was killed" }
`);
    await using gateway = booted.gateway;
    const { clock } = booted;
    await untilRules(gateway, ['both_rule', 'often_rule']);
    await report(gateway, clock, { name: 'Failed', count: 3, endpoint: '/a' });
    await report(gateway, clock, { name: 'Failed', count: 2 });
    await report(gateway, clock, { name: 'Killing' });
    await evaluates(gateway, 4);
    await untilAlarms(booted, 'often_rule', [
      {
        value: 1,
        event: { message: 'Alarm caused by Rule often_rule', source: { endpoint: '/a' } },
      },
    ]);
    await untilAlarms(booted, 'both_rule', [
      {
        event: {
          message: 'shop failed and was killed',
          source: { service: 'shop', endpoint: null },
        },
      },
    ]);
  });

  test('are read again: changed ones are evaluated as they are now, and those that are gone end', async () => {
    const settings = (threshold: number, ...names: string[]) =>
      `rules:\n${names
        .map((name) => `  ${name}: { expression: sum(Failed) > ${threshold}, period: 20 }\n`)
        .join('')}`;
    const booted = await bootWith(settings(5, 'a_rule', 'b_rule'));
    await using gateway = booted.gateway;
    const { clock } = booted;
    await untilRules(gateway, ['a_rule', 'b_rule']);
    await report(gateway, clock, { name: 'Failed', count: 3 });
    await evaluates(gateway, 2);
    await writeFile(file, settings(2, 'b_rule'));
    await gateway.gateway.reload();
    await untilRules(gateway, ['b_rule']);
    await untilAlarms(booted, 'b_rule', [{ state: 'FIRING', value: 3 }]);
    await writeFile(file, 'rules: {}');
    await gateway.gateway.reload();
    await untilAlarms(booted, 'b_rule', [{ state: 'RECOVERED' }]);
  });

  test('about metrics that are none of events say so, and do not keep the others from being evaluated', async () => {
    const booted = await bootWith(`rules:
  a_rule: { expression: sum(Failed) > 0 }
  slow_rule: { expression: sum(service_resp_time > 1000) >= 3, period: 10 }
`);
    await using gateway = booted.gateway;
    await vi.waitFor(
      async () =>
        expect(await rulesOf(gateway)).toMatchObject([
          {
            name: 'a_rule',
            origin: 'FILE',
            problem: null,
            definition: { condition: { expression: { expression: 'sum(Failed) > 0', period: 1 } } },
          },
          {
            name: 'slow_rule',
            problem: expect.stringContaining('There is no metric service_resp_time'),
          },
        ]),
      { timeout: patienceMs },
    );
    const [{ definition }] = await rulesOf(gateway);
    expect(Object.keys(definition)).not.toContain('declaredBy');
  });
});
