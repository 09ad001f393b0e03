import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type FollowedEvent, follow } from '../../src/client/follow.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';
import { type OpenIdProvider, startOpenIdProvider, type TokenOptions } from './openid-provider.ts';

const policyFor = (...issuers: readonly string[]): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  team: { grants: [{ actions: [READ, REPORT], namespaces: [team] }] }
${tokensFor('admin')}
jwt:
${issuers.map((issuer) => `  - { issuer: "${issuer}", audience: tidings, rolesClaim: realm_access.roles, roles: { web: team } }\n`).join('')}`;

let provider: OpenIdProvider;
let guarded: GuardedGateway;
const logged: string[] = [];
const log = {
  debug() {},
  warn() {},
  error() {},
  info: (fields: unknown) => void logged.push(JSON.stringify(fields)),
} as unknown as Log;

beforeAll(async () => {
  provider = await startOpenIdProvider();
  guarded = await bootGuarded(policyFor(provider.issuer), {}, { log });
});
afterAll(async () => {
  await guarded[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});
afterEach(() => void vi.useRealTimers());

const claims = { realm_access: { roles: ['web', 'unknown'] } };
const viewer = (token: string) => guarded.ask(token, '{ viewer { name kind roles expiresAt } }');

test('keys are found by discovery; the claim at a path gives roles by the mapping', async () => {
  const token = await provider.token({ claims });
  expect((await viewer(token)).data.viewer).toMatchObject({
    name: 'ada',
    kind: 'JWT',
    roles: ['team'],
    expiresAt: expect.any(String),
  });
  // The keys are fetched once.
  for (let n = 0; n < 5; n++) await viewer(await provider.token({ claims }));
  expect(provider.asked.get('/realm/keys')).toBe(1);
  const report = `mutation { reportEvent(event: { namespace: "team", category: "Test" }) { __typename } }`;
  expect((await guarded.ask(token, report)).data.reportEvent.__typename).toBe('ReportedEvent');
});

test('a token without roles may do nothing', async () => {
  const { data, errors } = await guarded.ask(await provider.token(), '{ events { totalCount } }');
  expect(data).toBeNull();
  expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
});

describe('a bad token is 401: the reason is in the log, and the answer is always the same', () => {
  const header = { alg: 'HS256', kid: 'key-1' };
  const good = () => ({ iss: provider.issuer, aud: 'tidings', sub: 'ada', ...claims });

  const signed = (options: TokenOptions) => () => provider.token({ claims, ...options });
  const otherKey = async () =>
    `${(await provider.token({ claims, kid: null })).slice(0, -8)}AAAAAAAA`;

  test.each<readonly [string, () => Promise<string> | string, RegExp]>([
    ['alg none', () => new UnsecuredJWT(good()).setExpirationTime('5m').encode(), /alg|Protected/i],
    [
      'HS256 with the public key as its secret',
      () =>
        new SignJWT(good())
          .setProtectedHeader(header)
          .setExpirationTime('5m')
          .sign(new TextEncoder().encode(provider.publicKeyText())),
      /alg/i,
    ],
    ['no exp', signed({ expiresIn: null }), /exp/],
    ['expired', signed({ expiresIn: -120 }), /expired/],
    ['expired within the tolerance of the clock', signed({ expiresIn: -5 }), /expired/],
    ['another issuer', signed({ issuer: 'http://127.0.0.1:1/other' }), /no issuer of the policy/],
    ['another audience', signed({ audience: 'elsewhere' }), /aud/],
    ['an unknown key', signed({ kid: 'key-unknown' }), /no applicable key/],
    [
      'a signature of another',
      async () => `${(await provider.token({ claims })).slice(0, -8)}AAAAAAAA`,
      /signature/,
    ],
    ['no token at all', () => 'a.b.c', /cannot be read/],
    ['exp as a string', signed({ claims: { ...claims, exp: '4102444800' } }), /exp/],
    ['exp in milliseconds', signed({ claims: { ...claims, exp: 4_102_444_800_000 } }), /exp/],
    ['nbf in the future', signed({ claims: { ...claims, nbf: 4_102_444_800 } }), /nbf/],
    ['a list as its subject', signed({ claims: { ...claims, sub: ['ada', 'eve'] } }), /sub/],
    ['an empty subject', signed({ subject: '' }), /sub/],
    ['a subject with NUL', signed({ subject: 'ada\0' }), /sub/],
    ['a list as its issuer', async () => signed({ claims: { iss: [provider.issuer] } })(), /iss/],
    ['an issuer with NUL', signed({ issuer: 'http://127.0.0.1:1/\0' }), /no issuer of the policy/],
    ['no key, and the signature of another', () => otherKey(), /signature/],
  ])('%s', async (_name, make, reason) => {
    logged.length = 0;
    const token = await make();
    const { status, challenge, errors } = await viewer(token);
    expect(status).toBe(401);
    expect(challenge).toMatch(/^Bearer realm="tidings", error="invalid_token"/);
    expect(errors).toEqual([
      {
        message: 'The credential is not valid: check the token, or sign in again.',
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ]);
    expect(logged.join('\n')).toMatch(reason);
    expect(logged.join('\n')).not.toContain(token);
  });
});

test.each<readonly [string, string, Readonly<Record<string, unknown>>]>([
  ['a list', 'roles', { roles: ['team', 'unknown', ['admin'], 7, 'with \0'] }],
  ['a string with spaces', 'scope', { scope: ' team  unknown' }],
  ['a name with dots', 'https://example.org/roles', { 'https://example.org/roles': ['team'] }],
  [
    'a name with dots within others',
    'access.example.org.roles',
    { access: { 'example.org': { roles: ['team'] } } },
  ],
])('the claim of roles is %s', async (_name, claim, given) => {
  await using other = await bootGuarded(`
roles: { team: { grants: [] }, admin: { grants: [{ actions: [ADMIN] }] } }
jwt: [{ issuer: "${provider.issuer}", audience: tidings, rolesClaim: "${claim}" }]`);
  const { data } = await other.ask(await provider.token({ claims: given }), '{ viewer { roles } }');
  expect(data.viewer.roles.filter((role: string) => role !== 'unknown')).toEqual(['team']);
});

test('tokens that name no key hold while their issuer publishes two', async () => {
  await using second = await startOpenIdProvider();
  const old = await second.token({ claims, kid: null, subject: 'old' });
  await second.rotate({ keepsOld: true });
  await using other = await bootGuarded(policyFor(second.issuer));
  for (const token of [old, await second.token({ claims, kid: null, subject: 'fresh' })]) {
    expect((await other.ask(token, '{ viewer { roles } }')).data.viewer.roles).toEqual(['team']);
  }
  await second.rotate();
  const foreign = await second.token({ claims, kid: null, subject: 'foreign' });
  expect((await other.ask(foreign, '{ viewer { roles } }')).status).toBe(401);
});

test('a new key is fetched when a token names it, and the old one ends with its publication', async () => {
  const old = await provider.token({ claims, subject: 'old' });
  await provider.rotate();
  const fresh = await provider.token({ claims, subject: 'fresh' });
  // Unknown keys do not make the gateway ask again and again.
  const before = provider.asked.get('/realm/keys') ?? 0;
  for (let n = 0; n < 5; n++) await viewer(await provider.token({ kid: `key-x${n}` }));
  expect((provider.asked.get('/realm/keys') ?? 0) - before).toBeLessThanOrEqual(1);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  expect((await viewer(fresh)).data?.viewer.name).toBe('fresh');
  expect((await viewer(old)).status).toBe(401);
});

describe('a provider that is down', () => {
  test('keeps nobody out whose key is known', async () => {
    await viewer(await provider.token({ claims }));
    provider.silent = true;
    try {
      expect(
        (await viewer(await provider.token({ claims, subject: 'eve' }))).data?.viewer.name,
      ).toBe('eve');
    } finally {
      provider.silent = false;
    }
  });

  test('gives 401 while its keys are not known, and serves once it answers', async () => {
    await using second = await startOpenIdProvider();
    await guarded.replacePolicy(policyFor(provider.issuer, second.issuer));
    second.silent = true;
    logged.length = 0;
    const token = await second.token({ claims });
    expect((await viewer(token)).status).toBe(401);
    expect(logged.join('\n')).toMatch(/timeout|aborted/i);
    second.silent = false;
    expect((await viewer(token)).data?.viewer.roles).toEqual(['team']);
  });

  test('discovery of another issuer is not taken', async () => {
    const issuer = `${provider.issuer}/`;
    await guarded.replacePolicy(policyFor(issuer));
    expect((await viewer(await provider.token({ claims, issuer }))).status).toBe(401);
    await guarded.replacePolicy(policyFor(provider.issuer));
  });
});

test('/.well-known/oauth-protected-resource names the issuers, without a credential', async () => {
  const { origin } = guarded.booted;
  const response = await fetch(`${origin}/.well-known/oauth-protected-resource`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    resource: origin,
    authorization_servers: [provider.issuer],
    scopes_supported: [],
    bearer_methods_supported: ['header'],
  });
  const { challenge } = await guarded.ask(null, '{ viewer { name } }');
  expect(challenge).toContain(`resource_metadata="${origin}/.well-known/oauth-protected-resource"`);
});

test('tidings/client asks for a newer token when one has expired, and goes on without gap or repeat', async () => {
  const seen: FollowedEvent[] = [];
  const breaks: string[] = [];
  let tokens = 0;
  const following = follow(guarded.booted.webSocketUrl, {
    afterIndex: 0,
    filter: { categories: ['Renewed'] },
    connectionParams: async () => {
      tokens += 1;
      // The first connection asks for the journal, the second follows.
      const expiresIn = breaks.length === 0 ? 3 : 300;
      return { authorization: `Bearer ${await provider.token({ claims, expiresIn })}` };
    },
    onEvent: (event) => void seen.push(event),
    onBreak: ({ message }) => void breaks.push(message),
    shortestPauseMs: 1,
    longestPauseMs: 20,
  });
  const reported: string[] = [];
  await vi.waitFor(
    async () => {
      const { data } = await guarded.ask(
        'admin',
        `mutation { reportEvent(event: { namespace: "team", category: "Renewed" }) { ... on ReportedEvent { id } } }`,
      );
      reported.push(data.reportEvent.id);
      expect(tokens).toBe(3);
    },
    { timeout: 30_000, interval: 100 },
  );
  await vi.waitFor(() => expect(seen.map(({ id }) => id)).toEqual(reported), 20_000);
  expect(breaks).toEqual([expect.stringMatching(/expired|4403/)]);
  await following.stop();
});
