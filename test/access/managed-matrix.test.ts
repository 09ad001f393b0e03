import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../dialects/http-client.ts';
import { byNomad } from './callers.ts';
import {
  everywhere,
  holdsIn,
  type ModelGrant,
  type ModelRoles,
  principalsOf,
  readsAnything,
} from './grants-model.ts';
import { bootGuarded, type GuardedGateway, policyOf } from './guarded-gateway.ts';

const manage = ['MANAGE_SINKS', 'MANAGE_ALARMS'];
const roles: ModelRoles = {
  admin: [{ actions: ['ADMIN'] }],
  reader: [{ actions: ['READ'] }],
  'all-of-a': [{ actions: ['READ', ...manage], namespaces: ['a'] }],
  'most-of-b': [
    { actions: ['READ', ...manage], namespaces: ['b*'] },
    { actions: manage, namespaces: ['b-secret'], effect: 'DENY' },
  ],
  'all-but-b': [{ actions: ['ADMIN'] }, { actions: ['ADMIN'], namespaces: ['b*'], effect: 'DENY' }],
  'sinks-reads-a': [
    { actions: ['MANAGE_SINKS'] },
    { actions: ['READ'], namespaces: ['a'], filter: { severities: ['ERROR'] } },
  ],
  'alarms-reads-b': [{ actions: ['MANAGE_ALARMS'] }, { actions: ['READ'], namespaces: ['b'] }],
  'manages-reads-nothing': [{ actions: manage }],
  'manages-one-topic': [{ actions: ['READ', ...manage], topics: ['Volume'] }],
  'manages-but-one-topic': [
    { actions: ['READ', ...manage] },
    { actions: manage, topics: ['Volume'], effect: 'DENY' },
  ],
  'reads-but-not-a': [
    { actions: ['READ'] },
    { actions: ['READ'], namespaces: ['a'], effect: 'DENY' },
  ],
  keeper: [{ actions: ['MANAGE_TOKENS'] }],
  nobody: [],
  anonymous: [{ actions: ['READ'], namespaces: ['a'] }],
};

const principals = principalsOf(roles);
const namespaces = ['a', 'b', 'b-secret', 'default'];

type Outcome = 'DONE' | 'FORBIDDEN' | 'NOT_FOUND' | 'UNAUTHENTICATED' | 'BAD_USER_INPUT';

/** Something that callers manage, and what the rights to it are, in words of the tests' own. */
interface Kind {
  readonly create: string;
  readonly input: (namespace: string) => object;
  readonly list: string;
  /** Whether it is listed for somebody, though there may be nothing to list; for everybody where absent. */
  readonly lists?: (grants: readonly ModelGrant[]) => boolean;
  /** One by its id; absent where it is only listed. */
  readonly find?: string;
  readonly change: readonly string[];
  readonly remove: string;
  readonly sees: (grants: readonly ModelGrant[], namespace: string) => boolean;
  readonly manages: (grants: readonly ModelGrant[], namespace: string) => boolean;
  /** Whether it asks for events, so that whoever reads none cannot declare it. */
  readonly asks: boolean;
}

const holds =
  (...actions: readonly string[]): Kind['sees'] =>
  (grants, namespace) =>
    actions.some((action) => holdsIn(grants, action, namespace));

const kinds: Readonly<Record<string, Kind>> = {
  sink: {
    create: 'mutation ($input: SinkInput!) { made: createSink(input: $input) { sink { id } } }',
    input: (namespace) => ({
      name: crypto.randomUUID(),
      namespace,
      target: { webhook: { url: 'http://127.0.0.1:9/', signed: false } },
    }),
    list: '{ all: sinks { id } }',
    lists: (grants) => namespaces.some((namespace) => holdsIn(grants, 'MANAGE_SINKS', namespace)),
    find: 'query ($id: ID!) { one: sink(id: $id) { id } }',
    change: [
      'mutation ($id: ID!) { pauseSink(id: $id) { id } }',
      'mutation ($id: ID!, $input: SinkInput!) { updateSink(id: $id, input: $input) { id } }',
    ],
    remove: 'mutation ($id: ID!) { deleteSink(id: $id) }',
    sees: holds('MANAGE_SINKS'),
    manages: holds('MANAGE_SINKS'),
    asks: true,
  },
  'rule of alarms': {
    create: 'mutation ($input: AlarmRuleInput!) { made: createAlarmRule(input: $input) { id } }',
    input: (namespace) => ({
      name: crypto.randomUUID(),
      namespace,
      condition: { threshold: { op: 'GT', value: 1, over: '1m' } },
    }),
    list: '{ all: alarmRules { id } }',
    find: 'query ($id: ID!) { one: alarmRule(id: $id) { id } }',
    change: [
      'mutation ($id: ID!, $input: AlarmRuleInput!) { updateAlarmRule(id: $id, input: $input) { id } }',
    ],
    remove: 'mutation ($id: ID!) { deleteAlarmRule(id: $id) }',
    sees: holds('READ', 'MANAGE_ALARMS'),
    manages: holds('MANAGE_ALARMS'),
    asks: true,
  },
  silence: {
    create: 'mutation ($input: SilenceInput!) { made: createSilence(input: $input) { id } }',
    input: (namespace) => ({ namespace, until: '2999-01-01T00:00:00Z', comment: 'a test' }),
    list: '{ all: silences { id } }',
    change: [],
    remove: 'mutation ($id: ID!) { endSilence(id: $id) { id } }',
    sees: holds('READ', 'MANAGE_ALARMS'),
    manages: holds('MANAGE_ALARMS'),
    asks: false,
  },
};

const ofListing = ({ lists = () => true }: Kind, grants: readonly ModelGrant[]): Outcome =>
  lists(grants) ? 'DONE' : 'FORBIDDEN';

const ofDeclaring = (
  { manages, asks }: Kind,
  grants: readonly ModelGrant[],
  namespace: string,
): Outcome =>
  manages(grants, namespace) && (!asks || readsAnything(grants)) ? 'DONE' : 'FORBIDDEN';

function ofChanging(kind: Kind, grants: readonly ModelGrant[], namespace: string): Outcome {
  if (ofListing(kind, grants) === 'FORBIDDEN') return 'FORBIDDEN';
  if (!kind.sees(grants, namespace)) return 'NOT_FOUND';
  return kind.manages(grants, namespace) ? 'DONE' : 'FORBIDDEN';
}

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policyOf(roles), { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' });
});
afterAll(() => guarded[Symbol.asyncDispose]());

async function outcomeOf(
  secret: string | null,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly outcome: Outcome; readonly data: GuardedData }> {
  const { data, errors } = await guarded.ask(secret, query, variables);
  return { outcome: (errors?.[0]?.extensions.code ?? 'DONE') as Outcome, data };
}
// biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
type GuardedData = any;

async function made({ create, input }: Kind, namespace: string): Promise<string> {
  const { data } = await outcomeOf('admin', create, { input: input(namespace) });
  return (data.made.sink ?? data.made).id;
}

describe.each(principals)('%s', (_name, { secret, grants }) => {
  /** For callers whose credential holds; the others are all answered the same. */
  const expected = (outcome: (known: readonly ModelGrant[]) => Outcome): Outcome =>
    grants === null ? 'UNAUTHENTICATED' : outcome(grants);

  describe.each(Object.entries(kinds))('%s', (_kind, kind) => {
    test.each(namespaces)('of namespace %s', async (namespace) => {
      const id = await made(kind, namespace);
      const input = kind.input(namespace);

      const listed = await outcomeOf(secret, kind.list);
      expect(listed.outcome).toBe(expected((known) => ofListing(kind, known)));
      const ids = listed.data?.all.map((each: { id: string }) => each.id) ?? [];
      const isSeen = grants !== null && kind.sees(grants, namespace);
      expect(ids.includes(id), 'is listed').toBe(isSeen);
      if (kind.find !== undefined) {
        const found = await outcomeOf(secret, kind.find, { id });
        expect(found.data?.one != null, 'is found').toBe(isSeen);
      }

      const created = await outcomeOf(secret, kind.create, { input: { ...input } });
      expect(created.outcome, 'creates').toBe(
        expected((known) => ofDeclaring(kind, known, namespace)),
      );

      for (const change of kind.change) {
        const { outcome } = await outcomeOf(secret, change, {
          id,
          input: { ...kind.input(namespace) },
        });
        expect(outcome, change).toBe(
          expected((known) => {
            const changed = ofChanging(kind, known, namespace);
            const declares = changed === 'DONE' && change.includes('$input');
            return declares ? ofDeclaring(kind, known, namespace) : changed;
          }),
        );
      }
      const { outcome } = await outcomeOf(secret, kind.remove, { id });
      expect(outcome, kind.remove).toBe(expected((known) => ofChanging(kind, known, namespace)));
    });
  });

  test("sinks of Nomad's interface", async () => {
    const id = crypto.randomUUID();
    const url = `${guarded.booted.origin}/v1/event/sink/${id}`;
    const body = JSON.stringify({ ID: id, Type: 'webhook', Address: 'http://127.0.0.1:9/' });
    const may = grants !== null && everywhere(grants, 'MANAGE_SINKS');
    const put = await ask(url, { method: 'PUT', headers: byNomad(secret), body });
    expect(put.status).toBe(may && readsAnything(grants) ? 200 : 403);
    const removed = await ask(url, { method: 'DELETE', headers: byNomad(secret) });
    expect(removed.status).toBe(may ? 200 : 403);
  });

  test('tokens', async () => {
    const may = (known: readonly ModelGrant[]) =>
      known.some(({ actions }) => /MANAGE_TOKENS|ADMIN/.test(actions.join()));
    const listed = await outcomeOf(secret, '{ tokens { id } }');
    expect(listed.outcome).toBe(expected((known) => (may(known) ? 'DONE' : 'FORBIDDEN')));
    const create =
      'mutation ($role: String!) { createToken(input: { name: "made", roles: [$role] }) { token { id } } }';
    const strong = await outcomeOf(secret, create, { role: 'admin' });
    const isAdmin = grants !== null && everywhere(grants, 'ADMIN');
    expect(strong.outcome).toBe(expected(() => (isAdmin ? 'DONE' : 'FORBIDDEN')));
    const made = await outcomeOf('admin', create, { role: 'admin' });
    const { outcome } = await outcomeOf(
      secret,
      'mutation ($id: ID!) { revokeToken(id: $id) { id } }',
      { id: made.data.createToken.token.id },
    );
    expect(outcome).toBe(
      expected((known) => {
        if (!may(known)) return 'FORBIDDEN';
        return isAdmin ? 'DONE' : 'BAD_USER_INPUT';
      }),
    );
  });
});
