import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { patienceMs } from '../patience.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policyOf = (read: string): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  watcher: { grants: [{ actions: [READ], namespaces: [${read}] }, { actions: [MANAGE_ALARMS] }] }
  blind: { grants: [{ actions: [READ, MANAGE_ALARMS], hide: [TRAITS] }] }
${tokensFor('admin', 'watcher', 'blind')}`;

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policyOf('"*"'));
});
afterAll(() => guarded[Symbol.asyncDispose]());

const createRule = (secret: string, input: object) =>
  guarded.ask(
    secret,
    'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
    {
      input: {
        filter: { types: ['Watched.Failed'] },
        entity: [{ field: 'KEY' }],
        condition: { threshold: { op: 'GT', value: 0, over: '1h' } },
        ...input,
      },
    },
  );

async function report(...events: object[]): Promise<void> {
  const { errors } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }',
    { events: events.map((event) => ({ category: 'Watched', action: 'Failed', ...event })) },
  );
  expect(errors).toBeUndefined();
}

/** The keys about which a rule has fired. */
async function firedAbout(rule: string): Promise<readonly string[]> {
  const { data } = await guarded.ask(
    'admin',
    'query ($rules: [String!]) { alarms(filter: { rules: $rules }, first: 1000) { nodes { entity { value } } } }',
    { rules: [rule] },
  );
  return data.alarms.nodes.map(
    ({ entity: [label] }: { entity: { value: string }[] }) => label?.value,
  );
}

test('a rule sees what its maker may read at the moment, and no more', async () => {
  expect((await createRule('watcher', { name: 'of the watcher' })).errors).toBeUndefined();
  await report({ namespace: 'b', key: 'first' });
  await vi.waitFor(
    async () => expect(await firedAbout('of the watcher')).toEqual(['first']),
    patienceMs,
  );
  await guarded.replacePolicy(policyOf('a'));
  let round = 0;
  await vi.waitFor(async () => {
    round += 1;
    // Events are evaluated in their order: once the second has fired, the first has not.
    await report({ namespace: 'b', key: `b-${round}` }, { namespace: 'a', key: `a-${round}` });
    await vi.waitFor(
      async () => expect(await firedAbout('of the watcher')).toContain(`a-${round}`),
      patienceMs,
    );
    expect(await firedAbout('of the watcher')).not.toContain(`b-${round}`);
  }, patienceMs);
});

describe('hidden traits are not revealed', () => {
  test.each([
    'value',
    'latestValue',
    'event { traits { name } }',
    'event { trait(name: "value") { int } }',
    'evidence { trait(name: "value") { int } }',
  ])('by the field %s of an alarm', async (field) => {
    const { errors } = await guarded.ask('blind', `{ alarms { nodes { ${field} } } }`);
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  const traits = [{ name: 'size', op: 'GT', value: { int: 3 } }];

  test('by the filter of a rule', async () => {
    const { errors } = await createRule('blind', { name: 'asks', filter: { traits } });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  test('by the filter of a silence', async () => {
    const { errors } = await guarded.ask(
      'blind',
      'mutation ($input: SilenceInput!) { createSilence(input: $input) { id } }',
      { input: { until: '2999-01-01T00:00:00Z', comment: 'x', filter: { traits } } },
    );
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  });

  test('by what a rule measures', async () => {
    const condition = {
      threshold: { measure: { trait: 'size' }, figure: 'MAX', op: 'GT', value: 0, over: '1h' },
    };
    const { errors } = await createRule('blind', { name: 'measures', condition });
    expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    await createRule('admin', { name: 'sees', condition });
    await report({ key: 'measured', traits: [{ name: 'size', value: { int: 7 } }] });
    await vi.waitFor(
      async () => expect(await firedAbout('sees')).toEqual(['measured']),
      patienceMs,
    );
  });
});
