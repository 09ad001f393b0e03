import { afterAll, beforeAll, expect, test } from 'vitest';
import { AuditTrail } from '../../src/intake/audit-trail.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  auditor: { grants: [{ actions: [READ_AUDIT] }] }
  reader: { grants: [{ actions: [READ] }] }
  keeper: { grants: [{ actions: [MANAGE_TOKENS] }] }
${tokensFor('admin', 'auditor', 'reader', 'keeper')}`;

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policy, { TIDINGS_SECRET_KEY: 'a key of the test, long enough' });
});
afterAll(() => guarded[Symbol.asyncDispose]());

interface Entry {
  readonly type: string;
  readonly key: string | null;
  readonly severity: string;
  readonly message: string;
  readonly traits: readonly { readonly name: string; readonly value: unknown }[];
}

async function entries(secret: string, type: string): Promise<readonly Entry[]> {
  const { data, errors } = await guarded.ask(
    secret,
    `query ($types: [String!]) {
      events(filter: { namespaces: ["tidings"], types: $types }, orderBy: INDEX_ASC, first: 100) {
        nodes { type key severity message traits { name value } }
      }
    }`,
    { types: [type] },
  );
  expect(errors).toBeUndefined();
  return data.events.nodes;
}

const factsOf = ({ traits }: Entry): Record<string, unknown> =>
  Object.fromEntries(traits.map(({ name, value }) => [name, value]));

const untilEntry = async (type: string): Promise<Entry> => {
  await expect.poll(() => entries('auditor', type)).not.toHaveLength(0);
  const [entry] = await entries('auditor', type);
  return entry as Entry;
};

const createToken =
  'mutation ($input: TokenInput!) { createToken(input: $input) { secret token { id } } }';

test('tokens: who created and revoked which, and never a secret', async () => {
  const { data } = await guarded.ask('admin', createToken, {
    input: { name: 'made', roles: ['reader'] },
  });
  const { secret, token } = data.createToken;
  await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
    id: token.id,
  });
  const created = await untilEntry('Audit.CreateToken');
  expect(created).toMatchObject({ key: token.id, severity: 'NORMAL' });
  expect(factsOf(created)).toEqual({ by: 'admin', kind: 'TOKEN', name: 'made', roles: 'reader' });
  const revoked = await untilEntry('Audit.RevokeToken');
  expect(revoked.key).toBe(token.id);
  expect(JSON.stringify([created, revoked])).not.toContain(secret);
});

test('sinks, without the secrets they were given', async () => {
  const { data, errors } = await guarded.ask(
    'admin',
    'mutation ($input: SinkInput!) { createSink(input: $input) { secret sink { id } } }',
    {
      input: {
        name: 'hook',
        namespace: 'team',
        target: {
          webhook: {
            url: 'https://example.org/hidden-path',
            headers: [{ name: 'X-Key', value: 'hidden-value' }],
          },
        },
      },
    },
  );
  expect(errors).toBeUndefined();
  const entry = await untilEntry('Audit.CreateSink');
  expect(entry.key).toBe(data.createSink.sink.id);
  expect(factsOf(entry)).toMatchObject({ by: 'admin', name: 'hook', namespace: 'team' });
  expect(JSON.stringify(entry)).not.toMatch(/hidden/);
  expect(JSON.stringify(entry)).not.toContain(data.createSink.secret ?? 'hidden');
});

test('what was rejected for want of rights', async () => {
  await guarded.ask('keeper', createToken, { input: { name: 'more', roles: ['admin'] } });
  await expect
    .poll(async () =>
      (await entries('auditor', 'Audit.CreateToken')).map(({ severity }) => severity),
    )
    .toContain('ERROR');
});

test('refused sign-ins are sampled, with the reason and without the credential', async () => {
  for (let attempt = 0; attempt < 50; attempt++) {
    expect((await guarded.ask('wrong-secret', '{ viewer { name } }')).status).toBe(401);
  }
  const entry = await untilEntry('Audit.SignInRejected');
  expect(factsOf(entry)).toEqual({ reason: 'no token has this secret' });
  expect(JSON.stringify(entry)).not.toContain('wrong-secret');
  expect((await entries('auditor', 'Audit.SignInRejected')).length).toBeLessThan(25);
});

test('changes of the policy, good and bad', async () => {
  await guarded.replacePolicy(policy);
  expect(factsOf(await untilEntry('Audit.PolicyReplaced')).roles).toMatch(/auditor/);
  await guarded.replacePolicy('roles: 1');
  expect(await untilEntry('Audit.PolicyRejected')).toMatchObject({ severity: 'ERROR' });
});

test('only READ_AUDIT shows them, and nobody reports there', async () => {
  await untilEntry('Audit.PolicyReplaced');
  expect(await entries('reader', 'Audit.*')).toEqual([]);
  expect((await entries('admin', 'Audit.*')).length).toBeGreaterThan(0);
  const { data } = await guarded.ask('reader', '{ categories { name } }');
  expect(data.categories.map(({ name }: { name: string }) => name)).not.toContain('Audit');
  const forged = await guarded.ask(
    'admin',
    `mutation { reportEvent(event: { namespace: "tidings", type: "Audit.Forged" }) {
      ... on RejectedEvent { errors { code } } } }`,
  );
  expect(forged.data.reportEvent.errors).toEqual([{ code: 'FORBIDDEN' }]);
});

test('nobody changes one: not under its id, whatever the report says', async () => {
  const { data } = await guarded.ask('admin', createToken, {
    input: { name: 'to be hidden', roles: ['reader'] },
  });
  const query = `query ($key: String!) {
    events(filter: { namespaces: ["tidings"], keys: [$key] }) { nodes { id type message tags } }
  }`;
  const key = data.createToken.token.id;
  const shown = async () => (await guarded.ask('auditor', query, { key })).data.events.nodes;
  await expect.poll(shown).toHaveLength(1);
  const [entry] = await shown();
  const change = { id: entry.id, namespace: 'tidings', message: 'nothing', tags: ['hidden'] };
  for (const more of [{}, { category: 'Other', action: 'Thing' }, { category: 'Audit' }]) {
    const { data: answered } = await guarded.ask(
      'admin',
      'mutation ($event: EventInput!) { reportEvent(event: $event) { ... on RejectedEvent { errors { code } } } }',
      { event: { ...change, ...more } },
    );
    expect(answered.reportEvent.errors[0].code).toMatch(/^(CONFLICT|FORBIDDEN)$/);
  }
  expect(await shown()).toEqual([entry]);
});

test('entries wait for the journal, and those that are alike come with their number', async () => {
  const drafts: { action?: unknown; traits?: unknown }[] = [];
  const trail = new AuditTrail(createLog('silent'));
  for (let attempt = 0; attempt < 5; attempt++) {
    // Whoever signs in says what the reason names.
    const facts = { reason: 'no issuer is \0' };
    trail.sample({ action: 'SignInRejected', by: null, message: 'Rejected.', facts });
  }
  expect(drafts).toEqual([]);
  trail.begin({
    async report(given) {
      drafts.push(...given);
      return given.map(() => ({ status: 'ACCEPTED', index: 1, report: {} as never }));
    },
  });
  await trail[Symbol.asyncDispose]();
  const reason = { name: 'reason', value: 'no issuer is \ufffd' };
  expect(drafts).toMatchObject([
    { action: 'SignInRejected', traits: [reason] },
    { action: 'SignInRejected', traits: [reason, { name: 'count', value: 4 }] },
  ]);
});
