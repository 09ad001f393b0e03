import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bundleConsole } from '../../../src/server/http/console-bundle.ts';
import { readConsole, writeConsole } from '../../../src/server/http/console-files.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from '../../access/guarded-gateway.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${gateway.origin}${path}`, { headers, method });

async function fileNames(): Promise<readonly string[]> {
  const page = await (await get('/', html)).text();
  return Array.from(page.matchAll(/(?:src|href)="(\/console\/[^"]+)"/g), ([, path = '']) => path);
}

test('browsers get a page in which nothing runs that is not a file of the gateway', async () => {
  const response = await get('/', html);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('x-frame-options')).toBe('DENY');
  const page = await response.text();
  expect(page).not.toMatch(/<script(?![^>]*src=)/);
  expect(page).not.toMatch(/(src|href)="?https?:/);
});

test('its files may be kept for ever, are zipped, and have a type', async () => {
  const names = await fileNames();
  expect(names.length).toBe(2);
  for (const name of names) {
    const response = await get(name);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript); charset=utf-8$/);
  }
});

test('the page is not sent twice, and HEAD answers without it', async () => {
  const response = await get('/', html);
  expect(response.headers.get('cache-control')).toBe('no-cache');
  const tag = response.headers.get('etag') ?? '';
  expect((await get('/', { ...html, 'if-none-match': tag })).status).toBe(304);
  const head = await get('/', html, 'HEAD');
  expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, tag, '']);
  const [file = ''] = await fileNames();
  expect((await get(file, {}, 'HEAD')).status).toBe(200);
});

test.each(['/console/nothing.js', '/console/', '/console', '/console/../package.json', '/live'])(
  'there is nothing at %s',
  async (path) => {
    const response = await get(path, html);
    expect(response.status).toBe(404);
  },
);

test('the licences of the code of others are among the files', async () => {
  const text = await (await get('/console/licences.txt')).text();
  for (const name of ['preact', 'uplot', 'graphql-ws']) expect(text).toContain(`${name}\n\n`);
});

test('the console is smaller than 150 KB, and the build keeps it as it is', async () => {
  const bundled = await bundleConsole();
  const bytes = bundled.files.reduce((sum, { content }) => sum + gzipSync(content).length, 0);
  expect(bytes).toBeLessThan(150_000);
  const folder = await mkdtemp(`${tmpdir()}/tidings-console-`);
  try {
    const url = pathToFileURL(`${folder}/console/`);
    await writeConsole(url, bundled);
    expect(await readConsole(url)).toEqual(bundled);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('without a policy there is nothing to sign in to', async () => {
  expect(await (await get('/console/session')).json()).toEqual({
    signIn: false,
    issuer: null,
  });
  expect((await get('/console/session', {}, 'PUT')).status).toBe(405);
});

test('signing in makes a cookie of a token that holds, and of nothing else', async () => {
  await using guarded = await bootGuarded(
    `roles:\n  reader:\n    grants: [{ actions: [READ] }]\n${tokensFor('reader')}`,
  );
  expect(await (await sessionOf(guarded, null, 'GET')).json()).toEqual({
    signIn: true,
    issuer: null,
  });
  const signedIn = await sessionOf(guarded, '{"token":"reader"}');
  expect(await signedIn.json()).toEqual({ name: 'reader' });
  const cookie = signedIn.headers.get('set-cookie') ?? '';
  expect(cookie).toBe('tidings_session=reader; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000');

  const asked = await fetch(guarded.booted.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: cookie.split(';', 1)[0] ?? '' },
    body: '{"query":"{ viewer { name } }"}',
  });
  expect(await asked.json()).toEqual({ data: { viewer: { name: 'reader' } } });

  expect((await sessionOf(guarded, '{"token":"wrong"}')).status).toBe(401);
  for (const body of [
    '',
    '{}',
    '{"token":1}',
    '{"token":"a b"}',
    '{"token":"a;Domain=x"}',
    '[',
    tokenOf(5_000),
  ]) {
    expect((await sessionOf(guarded, body)).status, body).toBe(400);
  }
  expect((await sessionOf(guarded, tokenOf(20_000))).status).toBe(413);
  const signedOut = await sessionOf(guarded, null, 'DELETE');
  expect(signedOut.headers.get('set-cookie')).toContain('tidings_session=; ');
  expect(signedOut.headers.get('set-cookie')).toContain('Max-Age=0');
});

test('over https the cookie is one that no other host can set, and the other name does not count', async () => {
  await using guarded = await bootGuarded(
    `roles:
  reader: { grants: [{ actions: [READ] }] }
  other: { grants: [{ actions: [READ] }] }
  anonymous: { grants: [{ actions: [READ], namespaces: [public] }] }
${tokensFor('reader', 'other')}`,
    { TIDINGS_PUBLIC_URL: 'https://tidings.example.org' },
  );
  const signedIn = await sessionOf(guarded, '{"token":"reader"}');
  expect(signedIn.headers.get('set-cookie')).toBe(
    '__Host-tidings_session=reader; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure',
  );
  const signedOut = await sessionOf(guarded, null, 'DELETE');
  expect(signedOut.headers.get('set-cookie')).toMatch(/^__Host-tidings_session=; .*Max-Age=0/);
  const named = async (cookie: string) => {
    const response = await fetch(guarded.booted.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: '{"query":"{ viewer { name } }"}',
    });
    return response.ok ? (await response.json()).data.viewer.name : response.status;
  };
  const own = '__Host-tidings_session=reader';
  expect(await named(own)).toBe('reader');
  // Another host of the domain has set these.
  for (const planted of [
    'tidings_session=other',
    'tidings_session=wrong',
    ' tidings_session = other',
  ]) {
    expect(await named(`${planted}; ${own}; x=y`), planted).toBe('reader');
    expect(await named(`x=y; ${own}; ${planted}`), planted).toBe('reader');
    expect(await named(planted), planted).toBe('anonymous');
  }
  expect(await named('__Host-tidings_session=wrong; tidings_session=other')).toBe(401);
  const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws', {
    headers: { cookie: 'tidings_session=wrong' },
  });
  const opened = await new Promise((resolve) => {
    socket.on('open', () => resolve(true)).on('error', () => resolve(false));
  });
  expect(opened).toBe(true);
  socket.terminate();
});

test('a page of another site cannot sign anybody in', async () => {
  const response = await fetch(`${gateway.origin}/console/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
    body: '{"token":"reader"}',
  });
  expect(response.status).toBe(403);
});

const tokenOf = (length: number) => JSON.stringify({ token: 'x'.repeat(length) });

const sessionOf = ({ booted }: GuardedGateway, body: string | null, method = 'POST') =>
  fetch(`${booted.origin}/console/session`, {
    method,
    headers: { 'content-type': 'application/json' },
    body,
  });
