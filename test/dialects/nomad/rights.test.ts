import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootGuarded, type GuardedGateway, tokensFor } from '../../access/guarded-gateway.ts';
import cases from '../../fixtures/nomad-filter-cases.json' with { type: 'json' };
import { eventually } from '../eventually.ts';
import { ask, OpenStream } from '../http-client.ts';

interface NomadPolicy {
  readonly namespace: string;
  readonly capabilities?: readonly string[];
  readonly variables?: Readonly<Record<string, readonly string[]>>;
}

interface AclCase {
  readonly id: string;
  readonly topics: readonly string[];
  readonly namespace: string;
  readonly policy: NomadPolicy | readonly NomadPolicy[];
  readonly management: boolean;
  readonly allowed: boolean;
}

const topicsOf: Readonly<Record<string, readonly string[]>> = {
  'read-job': ['Job', 'Evaluation', 'Allocation', 'Deployment', 'Service', 'CSIPlugin'],
  'csi-read-volume': ['CSIVolume'],
  'host-volume-read': ['HostVolume'],
};

/** A grant that says what a policy of Nomad says. */
const grantOf = ({ namespace, capabilities = [], variables = {} }: NomadPolicy): object => ({
  actions: ['READ'],
  namespaces: [namespace],
  topics: [
    ...capabilities.flatMap((capability) => topicsOf[capability] ?? []),
    ...Object.keys(variables).map((path) => `Variable:${path}`),
  ],
});

const acl = cases.acl as readonly AclCase[];
const roles: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    acl.map(({ id, policy, management }) => [
      id,
      { grants: management ? [{ actions: ['ADMIN'] }] : [policy].flat().map(grantOf) },
    ]),
  ),
  admin: { grants: [{ actions: ['ADMIN'] }] },
  reader: { grants: [{ actions: ['READ'] }] },
  foo: { grants: [{ actions: ['READ'], namespaces: ['foo'] }] },
  web: { grants: [{ actions: ['READ'], topics: ['Job:web', 'Variable:db/password'] }] },
  errors: {
    grants: [{ actions: ['READ'], namespaces: ['foo'], filter: { severities: ['ERROR'] } }],
  },
  most: {
    grants: [
      { actions: ['READ'] },
      { actions: ['READ'], namespaces: ['bar'], effect: 'DENY' },
      { actions: ['READ'], topics: ['ACLToken', 'Job:web'], effect: 'DENY' },
    ],
  },
  nodes: { grants: [{ actions: ['READ'], topics: ['Node'], namespaces: ['default'] }] },
  blind: { grants: [{ actions: ['READ'], hide: ['VALUE'] }] },
  sender: { grants: [{ actions: ['REPORT'] }] },
};

interface Made {
  readonly namespace: string;
  readonly category: string;
  readonly key: string;
  readonly severity?: string;
}

const made: readonly Made[] = [
  { namespace: 'default', category: 'Job', key: 'web' },
  { namespace: 'ns1', category: 'Job', key: 'db' },
];

let guarded: GuardedGateway;
const policyOf = (given: object): string =>
  `roles: ${JSON.stringify(given)}\n${tokensFor(...Object.keys(roles))}`;
const report = async (events: readonly object[]): Promise<number> => {
  const { data } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { ... on ReportedEvent { index } } } }',
    { events },
  );
  return data.reportEvents.results[0].index;
};
beforeAll(async () => {
  guarded = await bootGuarded(policyOf(roles));
  await report(made);
});
afterAll(() => guarded[Symbol.asyncDispose]());

const streamOf = (query: URLSearchParams | string): string =>
  `${guarded.booted.origin}/v1/event/stream?${query}`;
const token = (secret: string) => ({ headers: { 'X-Nomad-Token': secret } });

/** The answer to a request for a stream: what is denied, or null where it begins. */
async function denied(secret: string | null, query: URLSearchParams | string) {
  await using open = await OpenStream.open(streamOf(query), secret === null ? {} : token(secret));
  if (open.status === 200) return null;
  await eventually(() => expect(open.ended).toBe(true));
  return { status: open.status, type: open.headers['content-type'], body: open.text };
}

const permissionDenied = { status: 403, type: 'text/plain', body: 'Permission denied' };

test.each(acl.map((each) => [each.id, each] as const))('%s', async (id, each) => {
  const query = new URLSearchParams({ namespace: each.namespace });
  for (const topic of each.topics) query.append('topic', topic);
  expect(await denied(id, query)).toEqual(each.allowed ? null : permissionDenied);
});

describe('topics and namespaces', () => {
  test.each([
    // Everything that is asked for must be allowed as a whole.
    ['admin', 'namespace=*', true],
    ['reader', 'namespace=*', true],
    ['reader', 'topic=ACLToken', true],
    ['foo', 'namespace=foo', true],
    ['foo', 'namespace=foo&topic=*:web', true],
    ['foo', '', false],
    ['foo', 'namespace=*', false],
    ['foo', 'namespace=fo*', false],
    ['web', 'topic=Job:web', true],
    ['web', 'topic=Job:web&namespace=*', true],
    ['web', 'topic=Job', false],
    ['web', 'topic=*:web', false],
    ['web', 'topic=Job:web&topic=Job:db', false],
    ['web', '', false],
    // Any variable allows to ask for all.
    ['web', 'topic=Variable', true],
    ['web', 'topic=Variable:other', true],
    ['foo', 'topic=Variable', false],
    // A filter or a narrower denial only leaves events out.
    ['errors', 'namespace=foo&topic=Job', true],
    ['errors', 'namespace=bar&topic=Job', false],
    ['most', 'topic=Job', true],
    ['most', 'topic=Job:web', false],
    ['most', 'topic=ACLToken', false],
    ['most', 'namespace=bar', false],
    // The cluster's own objects are in every namespace.
    ['nodes', 'topic=Node', true],
    ['nodes', 'topic=Node&namespace=elsewhere', true],
    ['nodes', 'topic=Node&namespace=*', true],
    ['nodes', 'topic=Node&topic=Job', false],
    ['sender', 'topic=Job', false],
    ['unknown', 'topic=Job', false],
    [null, 'topic=Job', false],
  ])('%s follows %s: %s', async (secret, query, allowed) => {
    expect(await denied(secret, query)).toEqual(allowed ? null : permissionDenied);
  });

  test('a namespace that nobody has used yet is none of all', async () => {
    expect(await denied('most', 'namespace=*')).toBeNull();
    await report([{ namespace: 'bar', category: 'Job' }]);
    expect(await denied('most', 'namespace=*')).toEqual(permissionDenied);
  });

  test('a bad credential is 403 by Bearer as well', async () => {
    const headers = { Authorization: 'Bearer unknown' };
    expect(await ask(streamOf(''), { headers })).toMatchObject({
      status: 403,
      body: 'Permission denied',
    });
  });
});

test('a stream delivers what may be read, and no more', async () => {
  const events = [
    { namespace: 'foo', category: 'Job', key: 'a', severity: 'ERROR', value: { Secret: 1 } },
    { namespace: 'foo', category: 'Job', key: 'b', severity: 'NORMAL' },
    { namespace: 'default', category: 'Job', key: 'web' },
    { namespace: 'default', category: 'Job', key: 'c', filterKeys: ['web'] },
    { namespace: 'default', category: 'Job', key: 'd' },
  ];
  const after = (await report(events)) - 1;
  const keys = async (secret: string, query: string, last: string) => {
    await using open = await OpenStream.open(streamOf(`${query}&after=${after}`), token(secret));
    await eventually(() => expect(open.text).toContain(`"Key":"${last}"`));
    expect(open.text).not.toMatch(secret === 'blind' ? /Secret/ : /never/);
    return [...open.text.matchAll(/"Key":"(\w+)"/g)].map(([, key]) => key);
  };
  expect(await keys('errors', 'namespace=foo', 'a')).toEqual(['a']);
  expect(await keys('most', 'topic=Job', 'd')).toEqual(['d']);
  expect(await keys('web', 'topic=Job:web', 'c')).toEqual(['web', 'c']);
  expect(await keys('blind', 'namespace=foo', 'b')).toEqual(['a', 'b']);
  expect(await keys('reader', 'namespace=*', 'd')).toEqual(['a', 'b', 'web', 'c', 'd']);
});

describe('a stream that is open', () => {
  test('ends with the token, and another goes on', async () => {
    const { data } = await guarded.ask(
      'admin',
      'mutation { createToken(input: { name: "short", roles: ["foo"] }) { secret token { id } } }',
    );
    const { secret, token: short } = data.createToken;
    await using ending = await OpenStream.open(streamOf('namespace=foo'), token(secret));
    await using staying = await OpenStream.open(streamOf('namespace=foo'), token('foo'));
    await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
      id: short.id,
    });
    await eventually(() => expect(ending.ended).toBe(true));
    // Nothing is written that clients could not decode.
    for (const line of ending.text.trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(staying.ended).toBe(false);
    expect(await denied(secret, 'namespace=foo')).toEqual(permissionDenied);
  });

  test('ends when its token expires, though nothing happens', async () => {
    const expiresAt = new Date(Date.now() + 2_000).toISOString();
    const { data } = await guarded.ask(
      'admin',
      'mutation ($at: DateTime!) { createToken(input: { name: "short", roles: ["foo"], expiresAt: $at }) { secret } }',
      { at: expiresAt },
    );
    const { secret } = data.createToken;
    await using open = await OpenStream.open(streamOf('namespace=foo'), token(secret));
    expect(open.status).toBe(200);
    await eventually(() => expect(open.ended).toBe(true));
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  });

  test('ends when a policy changes its rights, and another goes on', async () => {
    await using changed = await OpenStream.open(streamOf('namespace=foo'), token('foo'));
    await using same = await OpenStream.open(streamOf('topic=Job:web'), token('web'));
    const foo = { grants: [{ actions: ['READ'], namespaces: ['foo', 'more'] }] };
    await guarded.replacePolicy(policyOf({ ...roles, foo }));
    await eventually(() => expect(changed.ended).toBe(true));
    expect(same.ended).toBe(false);
    await guarded.replacePolicy(policyOf(roles));
  });
});

describe('GET /v1/acl/token/self', () => {
  const self = async (secret: string | null) =>
    ask(`${guarded.booted.origin}/v1/acl/token/self`, secret === null ? {} : token(secret));

  test('answers the caller as a token of Nomad', async () => {
    const { status, headers, body } = await self('foo');
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toMatchObject({
      AccessorID: 'foo',
      SecretID: 'foo',
      Name: 'foo',
      Type: 'client',
      Policies: ['foo'],
      ExpirationTime: null,
    });
    expect(JSON.parse((await self('admin')).body)).toMatchObject({ Type: 'management' });
  });

  test.each(['unknown', null])('is denied to %s', async (secret) => {
    expect(await self(secret)).toMatchObject({ status: 403, body: 'Permission denied' });
  });

  test('is read alone', async () => {
    const url = `${guarded.booted.origin}/v1/acl/token/self`;
    expect(await ask(url, { method: 'POST', ...token('foo') })).toMatchObject({
      status: 405,
      body: 'Invalid method',
    });
  });
});
