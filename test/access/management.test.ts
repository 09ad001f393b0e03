import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patienceMs } from '../patience.ts';
import { type Receiver, startReceiver, status } from '../sinks/receiver.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

/** Everything about sinks and alarms of namespace a, whatever of its events each may read. */
const manage = '{ actions: [MANAGE_SINKS, MANAGE_ALARMS], namespaces: [a] }';
const policyOf = (watcher = ''): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  narrow: { grants: [{ actions: [READ], namespaces: [a], filter: { severities: [ERROR] } }, ${manage}] }
  blind: { grants: [{ actions: [READ], namespaces: [a], hide: [VALUE, RAW, TRAITS, MESSAGE] }, ${manage}] }
  manager: { grants: [${manage}] }
  watcher: { grants: [{ actions: [READ], namespaces: [a]${watcher} }, ${manage}] }
${tokensFor('admin', 'narrow', 'blind', 'manager', 'watcher')}`;
const policy = policyOf();

let guarded: GuardedGateway;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  guarded = await bootGuarded(policy, { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' });
});
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

let names = 0;
const fresh = (): string => {
  names += 1;
  return `Kind${names}`;
};

const eventually = (check: () => Promise<void>) => vi.waitFor(check, patienceMs);

async function asked(secret: string, query: string, variables: object = {}) {
  const { data, errors } = await guarded.ask(
    secret,
    query,
    variables as Readonly<Record<string, unknown>>,
  );
  expect(errors, `${secret}: ${query}`).toBeUndefined();
  return data;
}

const codeOf = async (...args: Parameters<GuardedGateway['ask']>): Promise<unknown> =>
  (await guarded.ask(...args)).errors?.[0]?.extensions.code;

async function report(...events: object[]): Promise<number> {
  const { reportEvents } = await asked(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { ... on ReportedEvent { index } } } }',
    { events },
  );
  return reportEvents.results[0].index;
}

const sinkInput = (category: string, more: object = {}) => ({
  name: `sink ${category} ${names++}`,
  namespace: 'a',
  filter: { categories: [category] },
  target: { webhook: { url: receiver.url, signed: false } },
  ...more,
});

const createSink = async (secret: string, input: object): Promise<string> =>
  (
    await asked(
      secret,
      'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }',
      { input },
    )
  ).createSink.sink.id;

const ruleInput = (category: string, more: object = {}) => ({
  name: `rule of ${category}`,
  namespace: 'a',
  filter: { categories: [category] },
  entity: [{ field: 'KEY' }],
  condition: { threshold: { op: 'GT', value: 0, over: '1h' } },
  ...more,
});

const ofMaximum = (measure: object) => ({
  threshold: { measure, figure: 'MAX', op: 'GT', value: 0, over: '1h' },
});
const ofExpression = (expression: string) => ({ expression: { expression } });

/** Parts of rules that ask for traits or values. */
const asksForHidden = [
  { filter: { traits: [{ name: 'size', op: 'EXISTS' }] } },
  { entity: [{ field: 'KEY' }, { trait: 'size' }] },
  { condition: ofMaximum({ trait: 'size' }) },
  { condition: ofMaximum({ value: 'size' }) },
  { condition: ofExpression("sum(event_total{size='1,2'}) > 1") },
];

const createRule = async (secret: string, input: object): Promise<string> =>
  (
    await asked(
      secret,
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input },
    )
  ).createAlarmRule.id;

const sinkOf = async (secret: string, id: string, fields: string) =>
  (await asked(secret, `query ($id: ID!) { sink(id: $id) { ${fields} } }`, { id })).sink;
const ruleOf = async (secret: string, id: string, fields: string) =>
  (await asked(secret, `query ($id: ID!) { alarmRule(id: $id) { ${fields} } }`, { id })).alarmRule;
const alarmsOf = async (category: string, fields: string) =>
  (
    await asked(
      'admin',
      `query ($rules: [String!]) { alarms(filter: { rules: $rules }) { nodes { ${fields} } } }`,
      { rules: [`rule of ${category}`] },
    )
  ).alarms.nodes;

describe('a sink', () => {
  test('is behind by the events alone that its owner may read', async () => {
    const category = fresh();
    const first = await report({ namespace: 'z', category, key: 'secret' });
    const id = await createSink('narrow', sinkInput(category, { start: { index: first } }));
    await asked('narrow', 'mutation ($id: ID!) { pauseSink(id: $id) { id } }', { id });
    await asked(
      'narrow',
      'mutation ($id: ID!, $from: SinkStart) { resumeSink(id: $id, from: $from) { id } pauseSink(id: $id) { id } }',
      { id, from: { index: first } },
    );
    const { lag } = await sinkOf('narrow', id, 'lag { indexes seconds }');
    expect(lag).toMatchObject({ indexes: expect.any(Number), seconds: 0 });
    await report({ namespace: 'a', category, severity: 'ERROR' });
    await eventually(async () => {
      expect((await sinkOf('narrow', id, 'lag { seconds }')).lag.seconds).toBeGreaterThan(0);
    });
  });

  test('goes back to an index for those alone who may read what its owner may', async () => {
    const id = await createSink('admin', sinkInput(fresh()));
    const resume =
      'mutation ($id: ID!, $from: SinkStart) { resumeSink(id: $id, from: $from) { id } }';
    for (const secret of ['narrow', 'blind', 'manager', 'watcher']) {
      expect(await codeOf(secret, resume, { id, from: { at: 'BEGINNING' } })).toBe('FORBIDDEN');
      expect(await codeOf(secret, resume, { id })).toBeUndefined();
    }
    expect(await codeOf('admin', resume, { id, from: { at: 'BEGINNING' } })).toBeUndefined();
  });

  const replay =
    'mutation ($id: ID!, $filter: EventFilter) { replaySink(id: $id, range: { indexes: { from: 1, to: 2 } }, filter: $filter) { id } }';

  test('is not replayed by a filter that asks for hidden fields', async () => {
    const id = await createSink('blind', sinkInput(fresh()));
    const traits = [{ name: 'size', op: 'GT', value: { int: 3 } }];
    for (const filter of [{ traits }, { any: [{ not: { traits } }] }]) {
      expect(await codeOf('blind', replay, { id, filter })).toBe('FORBIDDEN');
    }
    expect(await codeOf('blind', replay, { id, filter: { keys: ['x'] } })).toBeUndefined();
  });

  test('is not replayed by a filter that is wrong', async () => {
    const id = await createSink('admin', sinkInput(fresh()));
    const { errors } = await guarded.ask('admin', replay, {
      id,
      filter: { time: { gte: 'yesterday-ish' } },
    });
    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', argument: ['filter', 'time', 'gte'] } },
    ]);
  });

  test('shows what its target repeats of an event to those alone who may read it', async () => {
    const category = fresh();
    receiver.answer = ({ body }, response) => status(422, `no: ${body}`)({} as never, response);
    const id = await createSink('admin', sinkInput(category));
    await report({ namespace: 'a', category, message: 'between us' });
    const fields =
      'attempts { status response } failedDeliveries { nodes { lastStatus lastError } }';
    await eventually(async () => {
      const sink = await sinkOf('admin', id, fields);
      expect(sink.attempts[0]).toMatchObject({ status: 422 });
      expect(sink.attempts[0].response).toContain('between us');
      expect(sink.failedDeliveries.nodes[0].lastError).toContain('between us');
    });
    for (const secret of ['narrow', 'blind', 'manager']) {
      const sink = await sinkOf(secret, id, fields);
      expect(sink.attempts[0], secret).toEqual({ status: 422, response: null });
      expect(sink.failedDeliveries.nodes, secret).toEqual([
        { lastStatus: 422, lastError: 'The target answered 422.' },
      ]);
    }
    // It is an event that they may read, though not all that the owner may.
    const own = await sinkOf('watcher', id, fields);
    expect(own.attempts[0].response).toBeNull();
    expect(own.failedDeliveries.nodes[0].lastError).toContain('between us');
  });

  test('says why there is no connection to everybody who manages it', async () => {
    const category = fresh();
    const target = { webhook: { url: 'http://127.0.0.1:9/', signed: false } };
    const id = await createSink('admin', sinkInput(category, { target }));
    await report({ namespace: 'a', category });
    await eventually(async () => {
      const { attempts } = await sinkOf('manager', id, 'attempts { status response }');
      expect(attempts[0]).toMatchObject({ status: null, response: expect.stringMatching(/\w/) });
    });
  });

  test('tries again with what its owner may read by then', async () => {
    const category = fresh();
    let isTaking = false;
    receiver.answer = ({ body }, response) =>
      isTaking || body.includes('probe')
        ? response.end()
        : status(422, 'no')({} as never, response);
    const id = await createSink('watcher', sinkInput(category, { order: 'NONE' }));
    await report(
      { namespace: 'a', category, key: 'kept', severity: 'ERROR', value: { secret: 1 } },
      { namespace: 'a', category, key: 'lost', severity: 'NORMAL', value: { secret: 2 } },
    );
    await eventually(async () => {
      const { failedDeliveries } = await sinkOf('admin', id, 'failedDeliveries { totalCount }');
      expect(failedDeliveries.totalCount).toBe(2);
    });
    await guarded.replacePolicy(policyOf(', hide: [VALUE], filter: { severities: [ERROR] }'));
    const sent = (key: string) =>
      receiver.received
        .filter(({ json }) => json?.data?.key === key && json.type.startsWith(category))
        .map(({ json }) => json.data.value);
    await eventually(async () => {
      await report({ namespace: 'a', category, key: 'probe', severity: 'ERROR', value: 1 });
      expect(sent('probe')).toContain(null);
    });
    isTaking = true;
    await asked('admin', 'mutation ($id: ID!) { retryFailedDeliveries(sinkId: $id) }', { id });
    await eventually(async () => {
      const { failedDeliveries } = await sinkOf(
        'admin',
        id,
        'failedDeliveries { nodes { key status lastError } }',
      );
      expect(failedDeliveries.nodes).toEqual([
        {
          key: 'lost',
          status: 'DEAD',
          lastError: expect.stringContaining("rights of the sink's owner"),
        },
      ]);
    });
    expect(sent('kept')).toEqual([{ secret: 1 }, null]);
    expect(sent('lost')).toEqual([{ secret: 2 }]);
    await guarded.replacePolicy(policy);
  });

  test('whose filter asks for what is hidden from its owner by now is paused', async () => {
    const filter = { categories: [fresh()], traits: [{ name: 'size', op: 'EXISTS' }] };
    const id = await createSink('watcher', sinkInput('any', { filter }));
    await guarded.replacePolicy(policyOf(', hide: [TRAITS]'));
    await eventually(async () => {
      expect(await sinkOf('admin', id, 'state stateReason')).toMatchObject({
        state: 'PAUSED',
        stateReason: expect.stringContaining('traits'),
      });
    });
    await guarded.replacePolicy(policy);
  });
});

describe('an alarm rule', () => {
  test('counts the alarms alone that its caller may read', async () => {
    const category = fresh();
    const id = await createRule('admin', ruleInput(category, { severity: 'NORMAL' }));
    await report({ namespace: 'a', category, key: 'x' });
    const fields = 'firingCount lastFiredAt';
    await eventually(async () => {
      expect(await ruleOf('watcher', id, fields)).toEqual({
        firingCount: 1,
        lastFiredAt: expect.any(String),
      });
    });
    for (const secret of ['narrow', 'manager']) {
      expect(await ruleOf(secret, id, fields), secret).toEqual({
        firingCount: 0,
        lastFiredAt: null,
      });
    }
  });

  test('whose filter asks for what is hidden from its owner by now sees nothing, and says so', async () => {
    const category = fresh();
    const filter = { categories: [category], traits: [{ name: 'size', op: 'EXISTS' }] };
    const id = await createRule('watcher', ruleInput(category, { filter }));
    const traits = [{ name: 'size', value: { int: 1 } }];
    await report({ namespace: 'a', category, key: 'before', traits });
    await eventually(async () => {
      expect(await alarmsOf(category, 'state')).toEqual([{ state: 'FIRING' }]);
    });
    await guarded.replacePolicy(policyOf(', hide: [TRAITS]'));
    await eventually(async () => {
      expect((await ruleOf('admin', id, 'problem')).problem).toMatch(/traits/);
    });
    await report({ namespace: 'a', category, key: 'hidden', traits });
    await guarded.replacePolicy(policy);
    await eventually(async () => {
      expect((await ruleOf('admin', id, 'problem')).problem).toBeNull();
    });
  });

  test('of an owner who may read nothing any more says so', async () => {
    const id = await createRule('watcher', ruleInput(fresh()));
    await guarded.replacePolicy(
      policy.replace(
        'watcher: { grants: [{ actions: [READ], namespaces: [a] }, ',
        'watcher: { grants: [',
      ),
    );
    await eventually(async () => {
      expect((await ruleOf('admin', id, 'problem')).problem).toMatch(/may no longer read/);
    });
    await guarded.replacePolicy(policy);
    await eventually(async () => {
      expect((await ruleOf('admin', id, 'problem')).problem).toBeNull();
    });
  });

  test('says nothing in its messages that is hidden from its owner, whenever it fires', async () => {
    const category = fresh();
    const message = '{key}: {message} {traits.size}';
    await createRule('blind', {
      ...ruleInput(category, { message }),
      condition: { notEndedWithin: '1s' },
    });
    const traits = [{ name: 'size', value: { text: 'secret trait' } }];
    await report({ namespace: 'a', category, key: 'k', message: 'secret message', traits });
    await eventually(async () => {
      const alarms = await alarmsOf(category, 'event { message }');
      expect(alarms).toHaveLength(1);
      expect(alarms[0].event.message).toMatch(/^k:/);
      expect(alarms[0].event.message).not.toMatch(/secret/);
    });
  });

  test.each(asksForHidden.slice(1))(
    'that asks for what is hidden from its owner by now sees nothing, and says so: %j',
    async (more) => {
      const category = fresh();
      const input = ruleInput(category, more);
      const create = 'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }';
      expect(await codeOf('blind', create, { input })).toBe('FORBIDDEN');
      const id = await createRule('watcher', input);
      await guarded.replacePolicy(policyOf(', hide: [TRAITS, VALUE]'));
      await eventually(async () =>
        expect((await ruleOf('admin', id, 'problem')).problem).toMatch(/may no longer read/),
      );
      await guarded.replacePolicy(policy);
      await eventually(async () =>
        expect(await ruleOf('admin', id, 'problem')).toEqual({ problem: null }),
      );
    },
  );

  test('is tested over what its caller may read, without what is hidden', async () => {
    const category = fresh();
    const test =
      'mutation ($input: AlarmRuleInput!) { testAlarmRule(input: $input, time: { gte: "now-1h" }) { evaluatedEvents alarms { entity { value } value message } } }';
    const size = (int: number) => [{ name: 'size', value: { int } }];
    await report(
      { namespace: 'z', category, key: 'of z', severity: 'ERROR', traits: size(9) },
      { namespace: 'a', category, key: 'normal', traits: size(9) },
      { namespace: 'a', category, key: 'error', severity: 'ERROR', message: 'm', traits: size(9) },
    );
    const measured = {
      threshold: { measure: { trait: 'size' }, figure: 'MAX', op: 'GT', value: 0, over: '1h' },
    };
    const tested = async (secret: string, more: object = {}) =>
      (
        await asked(secret, test, {
          input: ruleInput(category, { message: '{key}: {message}', ...more }),
        })
      ).testAlarmRule;
    expect(await tested('narrow')).toEqual({
      evaluatedEvents: 1,
      alarms: [{ entity: [{ value: 'error' }], value: 1, message: 'error: m' }],
    });
    expect(await tested('narrow', { condition: measured })).toMatchObject({
      alarms: [{ value: 9 }],
    });
    const ofBlind = await tested('blind');
    expect(ofBlind.alarms.map((each: { message: string }) => each.message).sort()).toEqual([
      'error: ',
      'normal: ',
    ]);
    for (const more of asksForHidden) {
      const input = ruleInput(category, more);
      expect(await codeOf('blind', test, { input }), JSON.stringify(more)).toBe('FORBIDDEN');
    }
    expect(await codeOf('manager', test, { input: ruleInput(category) })).toBe('FORBIDDEN');
    expect(await codeOf('narrow', test, { input: ruleInput(category, { namespace: 'z' }) })).toBe(
      'FORBIDDEN',
    );
  });

  test('shows its evidence as far as its caller may read it', async () => {
    const category = fresh();
    await createRule('admin', ruleInput(category, { severity: 'ERROR', entity: [] }));
    await report(
      { namespace: 'z', category, key: 'of z', severity: 'ERROR' },
      { namespace: 'a', category, key: 'normal' },
      { namespace: 'a', category, key: 'error', severity: 'ERROR' },
    );
    const query = `query ($rules: [String!]) { alarms(filter: { rules: $rules }) { totalCount nodes { evidence { key } other: evidence { key message } } } }`;
    const rules = [`rule of ${category}`];
    await eventually(async () => {
      const { nodes } = (await asked('admin', query, { rules })).alarms;
      expect(nodes[0]?.evidence.length).toBeGreaterThan(0);
    });
    const { nodes } = (await asked('narrow', query, { rules })).alarms;
    expect(JSON.stringify(nodes)).not.toMatch(/of z|normal/);
    expect(await codeOf('manager', query, { rules })).toBe('FORBIDDEN');
    expect(await codeOf('blind', query, { rules })).toBe('FORBIDDEN');
    const aliased =
      '{ alarms { nodes { a: value b: latestValue evidence { c: traits { name } d: raw e: value } } } }';
    const { errors } = await guarded.ask('blind', aliased);
    expect(errors?.map(({ path }) => path?.at(-1))).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('a silence', () => {
  const createSilence = (secret: string, input: object) =>
    guarded.ask(
      secret,
      'mutation ($input: SilenceInput!) { createSilence(input: $input) { id } }',
      { input: { namespace: 'a', until: '2999-01-01T00:00:00Z', comment: 'x', ...input } },
    );

  test('covers alarms about the events alone that its maker may read', async () => {
    const category = fresh();
    await createRule('admin', ruleInput(category, { severity: 'ERROR' }));
    const { errors } = await createSilence('narrow', { filter: { categories: [category] } });
    expect(errors).toBeUndefined();
    await report(
      { namespace: 'z', category, key: 'of z', severity: 'ERROR' },
      { namespace: 'a', category, key: 'normal' },
      { namespace: 'a', category, key: 'error', severity: 'ERROR' },
    );
    await eventually(async () => {
      const alarms = await alarmsOf(category, 'state entity { value }');
      const states = alarms.map((each: { state: string; entity: { value: string }[] }) => [
        each.entity[0]?.value,
        each.state,
      ]);
      expect(states.sort()).toEqual([
        ['error', 'SILENCED'],
        ['normal', 'FIRING'],
        ['of z', 'FIRING'],
      ]);
    });
  });

  test('whose filter asks for what is hidden from its maker by now covers nothing', async () => {
    const category = fresh();
    await createRule('admin', ruleInput(category));
    const filter = { categories: [category], traits: [{ name: 'size', op: 'EXISTS' }] };
    expect((await createSilence('watcher', { filter })).errors).toBeUndefined();
    const traits = [{ name: 'size', value: { int: 1 } }];
    await report({ namespace: 'a', category, key: 'before', traits });
    await eventually(async () => {
      expect(await alarmsOf(category, 'state')).toEqual([{ state: 'SILENCED' }]);
    });
    await guarded.replacePolicy(policyOf(', hide: [TRAITS]'));
    await report({ namespace: 'a', category, key: 'after', traits });
    await eventually(async () => {
      const alarms = await alarmsOf(category, 'state entity { value }');
      expect(alarms[0]).toEqual({ state: 'FIRING', entity: [{ value: 'after' }] });
    });
    await guarded.replacePolicy(policy);
  });

  test('without a filter covers all alarms of its rules', async () => {
    const category = fresh();
    await createRule('admin', ruleInput(category));
    const { errors } = await createSilence('manager', { rules: [`rule of ${category}`] });
    expect(errors).toBeUndefined();
    await report({ namespace: 'a', category, key: 'x' });
    await eventually(async () => {
      expect(await alarmsOf(category, 'state')).toEqual([{ state: 'SILENCED' }]);
    });
  });
});

test('what is about namespaces that a caller does not manage is as if it were not there', async () => {
  const rule = await createRule('admin', ruleInput(fresh(), { namespace: 'z' }));
  const sink = await createSink('admin', sinkInput(fresh(), { namespace: 'z' }));
  const { data } = await guarded.ask(
    'admin',
    'mutation { createSilence(input: { namespace: "z", until: "2999-01-01T00:00:00Z", comment: "x" }) { id } }',
  );
  const silence = data.createSilence.id;
  for (const secret of ['narrow', 'blind', 'manager']) {
    const all = await asked(
      secret,
      `{ alarmRules { namespace } sinks { namespace } silences { namespace } }`,
    );
    expect(JSON.stringify(all), secret).not.toContain('"z"');
    expect(await ruleOf(secret, rule, 'id')).toBeNull();
    expect(await sinkOf(secret, sink, 'id')).toBeNull();
    for (const [mutation, id] of [
      ['deleteAlarmRule(id: $id)', rule],
      ['deleteSink(id: $id)', sink],
      ['testSink(id: $id) { succeeded }', sink],
      ['endSilence(id: $id) { id }', silence],
    ] as const) {
      expect(await codeOf(secret, `mutation ($id: ID!) { ${mutation} }`, { id }), mutation).toBe(
        'NOT_FOUND',
      );
    }
  }
});
