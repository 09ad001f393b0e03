import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootGuarded, type GuardedGateway } from './guarded-gateway.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';

const policyOf = (issuer: string) => `roles:
  reader:
    grants: [{ actions: [READ] }]
jwt:
  - { issuer: "${issuer}", audience: tidings, algorithms: [ES256], rolesClaim: groups }
  - { issuer: "https://issuer.example.org", audience: tidings, algorithms: [ES256], rolesClaim: groups }
`;

let provider: OpenIdProvider;
let gateway: GuardedGateway;
beforeAll(async () => {
  provider = await startOpenIdProvider();
  gateway = await bootGuarded(policyOf(provider.issuer), {
    TIDINGS_CONSOLE_CLIENT_ID: 'console',
    TIDINGS_CONSOLE_SCOPE: 'openid groups',
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});

const send = (path: string, body: object | null, headers: Record<string, string>) =>
  fetch(`${gateway.booted.origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== null && { body: JSON.stringify(body) }),
  });

test('a sign-in begins with a URL of the issuer, and a cookie that holds what the answer must fit', async () => {
  const { origin } = gateway.booted;
  const response = await send('/console/sign-in', null, { origin });
  const { url } = (await response.json()) as { readonly url: string };
  const { searchParams } = new URL(url);
  expect(url).toMatch(`${provider.issuer}/authorize?`);
  expect(Object.fromEntries(searchParams)).toMatchObject({
    response_type: 'code',
    client_id: 'console',
    redirect_uri: `${origin}/`,
    scope: 'openid groups',
    code_challenge_method: 'S256',
  });
  const cookie = response.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(
    /^tidings_sign_in=[\w-]{43}\.[\w-]{43}\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=600$/,
  );
  // The code verifier stays here: the issuer has its digest.
  const verifier = /\.([\w-]{43});/.exec(cookie)?.[1] ?? '';
  expect(verifier).not.toBe('');
  expect(url).not.toContain(verifier);
});

test('a page of another origin neither begins nor ends one', async () => {
  const others = [
    [{ origin: 'https://elsewhere.example.org' }, 403],
    [{}, 400],
  ] as const;
  for (const [headers, status] of others) {
    const begun = await send('/console/sign-in', null, headers);
    expect(begun.status).toBe(403);
    expect(begun.headers.get('set-cookie')).toBeNull();
    const cookie = 'tidings_sign_in=s.n.v';
    const ended = await send('/console/session', { code: 'c', state: 's' }, { ...headers, cookie });
    expect(ended.status).toBe(status);
  }
});

test.each([
  ['no cookie', ''],
  ['the cookie of another sign-in', 'tidings_sign_in=other.n.v'],
  ['a cookie without a code verifier', 'tidings_sign_in=s'],
  ['two cookies', 'tidings_sign_in=s.n.v; tidings_sign_in=s.n.w'],
])('a code with %s asks the issuer for nothing', async (_, cookie) => {
  const { origin } = gateway.booted;
  const asked = provider.asked.get('/realm/token');
  const ended = await send('/console/session', { code: 'c', state: 's' }, { origin, cookie });
  expect(ended.status).toBe(401);
  expect(provider.asked.get('/realm/token')).toBe(asked);
});

test('an issuer that is not in the policy is a fault of the start', async () => {
  const start = (TIDINGS_CONSOLE_ISSUER: string) =>
    bootGuarded(policyOf(provider.issuer), {
      TIDINGS_CONSOLE_CLIENT_ID: 'console',
      TIDINGS_CONSOLE_ISSUER,
    });
  await expect(start('https://other.example.org')).rejects.toMatchObject({
    faults: [expect.stringContaining('TIDINGS_CONSOLE_ISSUER must be one of the issuers')],
  });
  await using second = await start('https://issuer.example.org');
  const offer = await fetch(`${second.booted.origin}/console/session`);
  expect(await offer.json()).toEqual({ signIn: true, issuer: 'https://issuer.example.org' });
});

test('without a client there is no issuer to sign in through', async () => {
  await using other = await bootGuarded(policyOf(provider.issuer));
  const { origin } = other.booted;
  const offer = await fetch(`${origin}/console/session`);
  expect(await offer.json()).toEqual({ signIn: true, issuer: null });
  const begun = await fetch(`${origin}/console/sign-in`, { method: 'POST', headers: { origin } });
  expect(begun.status).toBe(404);
});
