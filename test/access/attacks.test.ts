import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bearer, bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, REPORT], namespaces: [a] }] }
  keeper: { grants: [{ actions: [MANAGE_TOKENS] }] }
  anonymous: { grants: [{ actions: [READ], namespaces: [public] }] }
${tokensFor('admin', 'a', 'keeper')}`;

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policy);
});
afterAll(() => guarded[Symbol.asyncDispose]());

const viewer = '{ viewer { name } }';
const byGet = (query: string, headers: Record<string, string>, parameters = '') =>
  fetch(`${guarded.booted.url}?query=${encodeURIComponent(query)}${parameters}`, { headers });

describe('somebody with a bad credential is never taken for anonymous', () => {
  test.each<readonly [string, Record<string, string>]>([
    ['a bad bearer', bearer('wrong')],
    ['a scheme alone', { authorization: 'Bearer' }],
    ['a name without a secret', { authorization: `Basic ${btoa('a:')}` }],
    ['two tokens in one header', { 'x-nomad-token': 'a, a' }],
    ['a bad cookie', { cookie: 'tidings_session=wrong' }],
  ])('%s', async (_name, headers) => {
    expect((await byGet(viewer, headers)).status).toBe(401);
    expect((await fetch(`${guarded.booted.origin}/metrics`, { headers })).status).toBe(401);
    const vamp = await fetch(`${guarded.booted.origin}/api/v1/events?tag=x`, {
      headers: { accept: 'application/json', ...headers },
    });
    expect(vamp.status).toBe(401);
  });

  test.each<readonly [string, object]>([
    ['a bad string', { authorization: 'Bearer wrong' }],
    ['a list', { authorization: ['Bearer a'] }],
    ['a number', { token: 7 }],
    ['an object', { headers: { Authorization: { Bearer: 'a' } } }],
    ['a good one next to one that is not a string', { authorization: {}, token: 'a' }],
  ])('over a socket: %s', async (_name, payload) => {
    const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws');
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
    expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(4403);
  });

  test('nobody at all is', async () => {
    expect(await (await byGet(viewer, {})).json()).toEqual({
      data: { viewer: { name: 'anonymous' } },
    });
  });
});

describe('a page of another site', () => {
  const cookie = { cookie: 'tidings_session=a' };
  const named = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await byGet(viewer, { ...cookie, ...headers });
    return response.ok ? (await response.json()).data.viewer.name : response.status;
  };

  test("does not use the visitor's cookie", async () => {
    expect(await named({})).toBe('a');
    expect(await named({ origin: guarded.booted.origin })).toBe('a');
    expect(await named({ 'sec-fetch-site': 'same-origin' })).toBe('a');
    expect(await named({ 'sec-fetch-site': 'cross-site' })).toBe('anonymous');
    expect(await named({ 'sec-fetch-site': 'same-site' })).toBe('anonymous');
    expect(await named({ origin: 'https://evil.example.org' })).toBe(403);
    expect(await named({ origin: 'null' })).toBe(403);
  });

  test('does not open a socket with it', async () => {
    const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws', {
      headers: { ...cookie, origin: 'https://evil.example.org' },
    });
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toMatch(/403/);
  });

  test.each(['GET', 'HEAD'])('causes no mutation by %s', async (method) => {
    const query = encodeURIComponent(
      'mutation { reportEvent(event: { namespace: "a", category: "Forged" }) { __typename } }',
    );
    for (const accept of ['*/*', 'text/event-stream']) {
      const response = await fetch(`${guarded.booted.url}?query=${query}`, {
        method,
        headers: { ...bearer('a'), accept },
      });
      await response.text();
    }
    const { data } = await guarded.ask(
      'a',
      '{ events(filter: { categories: ["Forged"] }) { totalCount } }',
    );
    expect(data.events.totalCount).toBe(0);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'causes none by a form either: %s',
    async (type) => {
      const response = await fetch(guarded.booted.url, {
        method: 'POST',
        headers: { ...bearer('a'), 'content-type': type },
        body: JSON.stringify({ query: viewer }),
      });
      expect(response.status).toBe(415);
    },
  );
});

test('of two Authorization headers the first counts, and of two kinds Authorization', async () => {
  const answer = (headers: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(guarded.booted.origin);
      const socket = createConnection(Number(port), '127.0.0.1');
      let text = '';
      socket.on('data', (data) => {
        text += String(data);
      });
      socket.on('end', () => resolve(text)).on('error', reject);
      socket.write(
        `GET /graphql?query=%7Bviewer%7Bname%7D%7D HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`,
      );
    });
  const bad = 'Authorization: Bearer wrong\r\n';
  const good = 'Authorization: Bearer a\r\n';
  expect(await answer(good)).toMatch(/"name":"a"/);
  expect(await answer(`${bad}${good}`)).toMatch(/ 401 /);
  expect(await answer(`${bad}X-Nomad-Token: a\r\n`)).toMatch(/ 401 /);
  expect(await answer(`${good}X-Nomad-Token: admin\r\n`)).toMatch(/"name":"a"/);
  expect(await answer('X-Forwarded-User: admin\r\nX-Roles: admin\r\n')).toMatch(/anonymous/);
});

describe('tickets', () => {
  const create = async (secret: string): Promise<string> =>
    (await guarded.ask(secret, 'mutation { createStreamTicket { ticket } }')).data
      .createStreamTicket.ticket;
  const stream = { accept: 'text/event-stream' };
  const open = async (ticket: string, headers: Record<string, string> = stream) => {
    const response = await byGet(viewer, headers, `&ticket=${ticket}`);
    await response.text();
    return response.status;
  };

  test('open one stream each, however many ask at once', async () => {
    const ticket = await create('a');
    const statuses = await Promise.all(Array.from({ length: 8 }, () => open(ticket)));
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 401)).toHaveLength(7);
  });

  test('are no credential for anything else', async () => {
    const ticket = await create('a');
    expect(await open(ticket, { accept: 'application/json' })).toBe(401);
    expect((await guarded.ask(ticket, viewer)).status).toBe(401);
    expect(await open('')).toBe(401);
  });

  test('end with the credential that they were made with', async () => {
    const { data } = await guarded.ask(
      'admin',
      'mutation { createToken(input: { name: "made", roles: ["a"] }) { secret token { id } } }',
    );
    const ofRevoked = await create(data.createToken.secret);
    await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
      id: data.createToken.token.id,
    });
    expect(await open(ofRevoked)).toBe(401);
    const ofRemoved = await create('a');
    await guarded.replacePolicy(
      policy.replace(tokensFor('admin', 'a', 'keeper'), tokensFor('admin')),
    );
    expect(await open(ofRemoved)).toBe(401);
    await guarded.replacePolicy(policy);
  });
});

test('whoever manages tokens sees and revokes those alone whose roles they have', async () => {
  const create = async (by: string, role: string): Promise<string> => {
    const { data } = await guarded.ask(
      by,
      'mutation ($roles: [String!]!) { createToken(input: { name: "made", roles: $roles }) { token { id } } }',
      { roles: [role] },
    );
    return data.createToken.token.id;
  };
  const [strong, own] = [await create('admin', 'admin'), await create('keeper', 'keeper')];
  const { data } = await guarded.ask('keeper', '{ tokens { id } }');
  expect(data.tokens).toEqual([{ id: own }]);
  const revoke = 'mutation ($id: ID!) { revokeToken(id: $id) { revokedAt } }';
  const refused = await guarded.ask('keeper', revoke, { id: strong });
  expect(refused.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  expect((await guarded.ask('keeper', revoke, { id: own })).errors).toBeUndefined();
  expect((await guarded.ask('admin', revoke, { id: strong })).errors).toBeUndefined();
});
