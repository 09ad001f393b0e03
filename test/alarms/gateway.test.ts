import { randomUUID } from 'node:crypto';
import { createClient } from 'graphql-sse';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';

let gateway: TestGateway;
let rules = 0;

beforeAll(async () => {
  gateway = await bootGateway({
    environment: { TIDINGS_MAX_ALARM_ENTITIES: '60' },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ruleFields = 'id name version problem firingCount lastFiredAt enabled origin definition';
const alarmFields = `id ruleName state startedAt recoveredAt value latestValue acknowledgedBy comment
  entity { name value } event { type key severity tags message endTime filterKeys traits { name value } }
  evidence { id } rule { id }`;

/** Creates a rule over a category of its own. */
async function createRule(input: Record<string, unknown> = {}) {
  rules += 1;
  const category = `Kind${rules}`;
  const given = {
    name: `rule ${rules}`,
    filter: { categories: [category] },
    entity: [{ field: 'KEY' }],
    condition: { threshold: { op: 'GT', value: 2, over: '1h' } },
    ...input,
  };
  const { createAlarmRule: rule } = await gateway.gql(
    `mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { ${ruleFields} } }`,
    { input: given },
  );
  return { ...rule, category, input: given };
}

const updateRule = (id: string, input: object) =>
  gateway.gql(
    `mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input) { ${ruleFields} } }`,
    { id, input },
  );

async function report(category: string, ...events: object[]): Promise<string[]> {
  const { reportEvents } = await gateway.gql(
    `mutation ($events: [EventInput!]!) {
       reportEvents(events: $events, wait: STORED) { results { ... on ReportedEvent { id } ... on RejectedEvent { errors { message } } } }
     }`,
    { events: events.map((event) => ({ category, action: 'Failed', ...event })) },
  );
  return reportEvents.results.map(({ id }: { id: string }) => id);
}

const alarms = async (filter: object) =>
  (
    await gateway.gql(
      `query ($filter: AlarmFilter) { alarms(filter: $filter) { nodes { ${alarmFields} } totalCount } }`,
      { filter },
    )
  ).alarms.nodes;

const untilAlarms = (filter: object, count: number) =>
  vi.waitFor(
    async () => {
      const found = await alarms(filter);
      expect(found).toHaveLength(count);
      return found;
    },
    { timeout: patienceMs, interval: 20 },
  );

interface AlarmPage {
  readonly nodes: readonly { readonly entity: readonly { readonly value: string }[] }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
}

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

describe('a threshold', () => {
  test('fires for the entity that crosses it, with the events that led to it, and is an event', async () => {
    const { category, id, name } = await createRule({
      tags: ['team:storage'],
      message: '{name} has {value} of {threshold}, the last {type}',
    });
    await report(category, { key: 'a' }, { key: 'b' }, { key: 'a' });
    const [third] = await report(category, { key: 'a' });
    const [alarm] = await untilAlarms({ rules: [name] }, 1);
    expect(alarm).toMatchObject({
      ruleName: name,
      state: 'FIRING',
      recoveredAt: null,
      value: 3,
      entity: [{ name: 'KEY', value: 'a' }],
      rule: { id },
      event: {
        type: `Alarm.${name}`,
        key: 'a',
        severity: 'ERROR',
        message: `a has 3 of 2, the last ${category}.Failed`,
        endTime: null,
        tags: ['team', 'team:storage'],
      },
    });
    expect(alarm.evidence).toHaveLength(3);
    expect(alarm.evidence[0].id).toBe(third);
    expect(alarm.event.filterKeys).toContain(third);
    expect(alarm.event.traits).toEqual(
      expect.arrayContaining([
        { name: 'rule', value: name },
        { name: 'value', value: 3 },
        { name: 'threshold', value: 2 },
      ]),
    );
    const { alarmRule } = await gateway.gql(
      'query ($id: ID!) { alarmRule(id: $id) { firingCount lastFiredAt problem } }',
      { id },
    );
    expect(alarmRule).toMatchObject({ firingCount: 1, problem: null });
    expect(alarmRule.lastFiredAt).toBe(alarm.startedAt);
  });

  test('counts an event at its time: one that is too old does not count, and one that leaves the window ends it', async () => {
    const { category, name } = await createRule({
      condition: { threshold: { op: 'GTE', value: 2, over: '1h' } },
    });
    await report(category, { key: 'late', time: ago(2 * 3_600_000) }, { key: 'late' });
    await report(category, { key: 'short', time: ago(3_600_000 - 1_500) }, { key: 'short' });
    const [alarm] = await vi.waitFor(async () => {
      const found = await alarms({ rules: [name] });
      expect(found.map(({ state }: { state: string }) => state)).toEqual(['RECOVERED']);
      expect(found[0].event.endTime).toBe(found[0].recoveredAt);
      return found;
    });
    expect(alarm).toMatchObject({ entity: [{ value: 'short' }], value: 2, latestValue: 1 });
  });

  test('a new rule, and one that was changed, begin with what is stored of their windows', async () => {
    const category = `Stored${randomUUID()}`;
    await report(category, { key: 'a' }, { key: 'a' }, { key: 'a' });
    const rule = await createRule({ filter: { categories: [category] } });
    const [alarm] = await untilAlarms({ rules: [rule.name], states: ['FIRING'] }, 1);
    const higher = { threshold: { op: 'GT', value: 3, over: '1h' } };
    await updateRule(rule.id, { ...rule.input, condition: higher });
    const [recovered] = await untilAlarms({ rules: [rule.name], states: ['RECOVERED'] }, 1);
    expect(recovered.id).toBe(alarm.id);
    await report(category, { key: 'a' });
    await untilAlarms({ rules: [rule.name], states: ['FIRING'] }, 1);
    await gateway.gql('mutation ($id: ID!) { deleteAlarmRule(id: $id) }', { id: rule.id });
    const [gone] = await untilAlarms({ rules: [rule.name], states: ['RECOVERED'] }, 2);
    expect(gone.rule).toBeNull();
  });

  test('statistics of measured numbers', async () => {
    const { category, name } = await createRule({
      entity: null,
      condition: {
        threshold: {
          figure: 'AVERAGE',
          measure: { value: 'ms' },
          op: 'GT',
          value: 100,
          over: '10m',
        },
      },
    });
    await report(category, { value: { ms: 50 } }, { value: 'none' }, { value: { ms: 250 } });
    const [alarm] = await untilAlarms({ rules: [name] }, 1);
    expect(alarm).toMatchObject({ value: 150, entity: [], event: { key: name } });
  });
});

describe('other conditions', () => {
  test('an event that has not ended within the time, until it ends', async () => {
    const { category, name } = await createRule({ condition: { notEndedWithin: '1s' } });
    const id = randomUUID();
    await report(
      category,
      { id, key: 'upgrade', time: ago(200) },
      { key: 'other', endTime: ago(0) },
    );
    const [alarm] = await untilAlarms({ rules: [name], states: ['FIRING'] }, 1);
    expect(alarm).toMatchObject({ value: 1, entity: [{ value: 'upgrade' }], evidence: [{ id }] });
    await report(category, { id, endTime: ago(0) });
    await untilAlarms({ rules: [name], states: ['RECOVERED'] }, 1);
  });

  test('nothing for a time, until something comes', async () => {
    const { category, name } = await createRule({ condition: { absentFor: '1s' } });
    await report(category, { key: 'heart' });
    const [alarm] = await untilAlarms({ rules: [name], states: ['FIRING'] }, 1);
    expect(alarm).toMatchObject({ value: 1, entity: [{ value: 'heart' }] });
    await report(category, { key: 'heart' });
    await untilAlarms({ rules: [name], states: ['RECOVERED'] }, 1);
  });
});

describe('for operators', () => {
  test('a rule is tried on the past by what evaluates it', async () => {
    const category = `Past${randomUUID()}`;
    const at = (minutes: number) => ago((60 - minutes) * 60_000);
    await report(
      category,
      ...[1, 2, 3, 30].map((minute) => ({ key: 'a', time: at(minute), endTime: at(minute) })),
    );
    const { testAlarmRule } = await gateway.gql(
      `mutation ($input: AlarmRuleInput!) { testAlarmRule(input: $input, time: {gte: "now-2h"}) {
         alarms { entity { value } startedAt recoveredAt value message } truncated evaluatedEvents } }`,
      {
        input: {
          name: 'tried',
          filter: { categories: [category] },
          entity: [{ field: 'KEY' }],
          condition: { threshold: { op: 'GT', value: 2, over: '10m' } },
        },
      },
    );
    expect(testAlarmRule).toMatchObject({
      truncated: false,
      alarms: [
        { entity: [{ value: 'a' }], value: 3, message: 'tried for a: count 3 > 2 over 10m' },
      ],
    });
    const [{ startedAt, recoveredAt }] = testAlarmRule.alarms;
    expect(Date.parse(recoveredAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(8 * 60_000 - 10);
    expect(await alarms({ rules: ['tried'] })).toEqual([]);
  });

  test('alarms under a silence are recorded, tagged, and end', async () => {
    const { category, name } = await createRule();
    const until = new Date(Date.now() + 60_000).toISOString();
    const { createSilence } = await gateway.gql(
      `mutation ($input: SilenceInput!) { createSilence(input: $input) { id rules until filter createdBy } }`,
      { input: { rules: [name], until, comment: 'work', filter: { keys: ['quiet'] } } },
    );
    expect(createSilence).toMatchObject({ rules: [name], filter: { keys: ['quiet'] } });
    await report(category, ...['quiet', 'loud'].flatMap((key) => [{ key }, { key }, { key }]));
    await untilAlarms({ rules: [name] }, 2);
    const [silenced] = await alarms({ rules: [name], states: ['SILENCED'] });
    expect(silenced).toMatchObject({ entity: [{ value: 'quiet' }], event: { tags: ['silenced'] } });
    const active = async (yes: boolean) =>
      (await gateway.gql(`{ silences(active: ${yes}) { id } }`)).silences.map(
        ({ id }: { id: string }) => id,
      );
    expect(await active(true)).toContain(createSilence.id);
    await gateway.gql('mutation ($id: ID!) { endSilence(id: $id) { id } }', createSilence);
    expect(await active(true)).not.toContain(createSilence.id);
    expect(await active(false)).toContain(createSilence.id);
  });

  test('an alarm is acknowledged, and followers are notified of each change', async () => {
    const { category, name } = await createRule();
    const client = createClient({ url: gateway.url });
    const followed: { state: string; acknowledgedBy: string | null }[] = [];
    const stop = client.subscribe(
      {
        query: `subscription ($rule: String!) { alarms(filter: { rules: [$rule] }) { state acknowledgedBy } }`,
        variables: { rule: name },
      },
      {
        next: ({ data }) => void followed.push((data as { alarms: never }).alarms),
        error: () => {},
        complete: () => {},
      },
    );
    // The subscription begins with the first change after it was heard.
    await vi.waitFor(
      async () => {
        await report(category, { key: `${followed.length} ${randomUUID()}` });
        const key = randomUUID();
        await report(category, { key }, { key }, { key });
        expect(followed.length).toBeGreaterThan(0);
      },
      { timeout: patienceMs, interval: 500 },
    );
    const [alarm] = await alarms({ rules: [name] });
    const { acknowledgeAlarm } = await gateway.gql(
      `mutation ($id: ID!) { acknowledgeAlarm(id: $id, comment: "mine") { acknowledgedAt acknowledgedBy comment } }`,
      alarm,
    );
    expect(acknowledgeAlarm).toMatchObject({ acknowledgedBy: 'anonymous', comment: 'mine' });
    await vi.waitFor(() =>
      expect(followed).toContainEqual({ state: 'FIRING', acknowledgedBy: 'anonymous' }),
    );
    stop();
    expect(await alarms({ rules: [name], acknowledged: true })).toHaveLength(1);
  });

  test('pages go from the newest to the oldest without a repeat', async () => {
    const { category, name } = await createRule();
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await report(category, { key }, { key }, { key });
    }
    await untilAlarms({ rules: [name] }, 5);
    const keys: string[] = [];
    for (let after: string | null = null, isMore = true; isMore; ) {
      const answer: { alarms: AlarmPage } = await gateway.gql(
        `query ($rule: String!, $after: String) { alarms(filter: {rules: [$rule]}, first: 2, after: $after) {
           nodes { entity { value } } pageInfo { hasNextPage endCursor } totalCount } }`,
        { rule: name, after },
      );
      const page = answer.alarms;
      expect(page.totalCount).toBe(5);
      keys.push(...page.nodes.map(({ entity }) => entity[0]?.value ?? ''));
      isMore = page.pageInfo.hasNextPage;
      after = page.pageInfo.endCursor;
    }
    expect(keys).toEqual(['e', 'd', 'c', 'b', 'a']);
    const { errors } = await gateway.run('{ alarms(after: "x") { totalCount nodes { id } } }');
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', argument: ['after'] });
  });

  test('a rule with more entities than it may have says so and keeps what it has', async () => {
    const { category, name, id } = await createRule({
      condition: { threshold: { op: 'GTE', value: 1, over: '1h' } },
    });
    await report(category, ...Array.from({ length: 80 }, (_, n) => ({ key: `entity ${n}` })));
    await untilAlarms({ rules: [name], entity: 'entity 59' }, 1);
    const { alarms: found } = await gateway.gql(
      'query ($rule: String!) { alarms(filter: {rules: [$rule]}) { totalCount } }',
      { rule: name },
    );
    expect(found.totalCount).toBe(60);
    await vi.waitFor(async () => {
      const { alarmRule } = await gateway.gql(
        'query ($id: ID!) { alarmRule(id: $id) { problem } }',
        { id },
      );
      expect(alarmRule.problem).toMatch(/more than 60 entities/);
    });
  });

  test.each([
    [
      'a window of nothing',
      { condition: { threshold: { op: 'GT', value: 1, over: '0s' } } },
      'input.condition.threshold.over',
    ],
    ['a window of a year', { condition: { absentFor: '400d' } }, 'input.condition.absentFor'],
    ['a message with an unknown name', { message: 'a {nothing}' }, 'input.message'],
    ['a filter that moves with the clock', { filter: { time: { gte: 'now-1h' } } }, 'input.filter'],
    ['a tag of the gateway', { tags: ['silenced'] }, 'input.tags.0'],
    ['no name', { name: ' ' }, 'input.name'],
  ])('%s is rejected, with the field at fault', async (_title, part, argument) => {
    const input = { name: 'bad', condition: { absentFor: '1h' }, ...part };
    const { errors } = await gateway.run(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input },
    );
    expect(errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      argument: argument.split('.'),
    });
  });

  test('names are unique in a namespace, and versions guard against lost updates', async () => {
    const rule = await createRule();
    const again = await gateway.run(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input: rule.input },
    );
    expect(again.errors?.[0]?.extensions.code).toBe('CONFLICT');
    const stale = await gateway.run(
      'mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input, version: 7) { id } }',
      { id: rule.id, input: rule.input },
    );
    expect(stale.errors?.[0]?.extensions.code).toBe('CONFLICT');
  });
});
