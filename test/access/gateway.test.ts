import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { bearer, bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';

const policy = `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  reader: { grants: [{ actions: [READ] }] }
  a: { grants: [{ actions: [READ, REPORT], namespaces: [a] }] }
  b: { grants: [{ actions: [READ, REPORT], namespaces: ["b*"] }, { actions: [READ], namespaces: [b-secret], effect: DENY }] }
  blind: { grants: [{ actions: [READ], namespaces: [a], hide: [VALUE, TRAITS, RAW, MESSAGE] }] }
  errors: { grants: [{ actions: [READ], filter: { severities: [ERROR] } }] }
  lamps: { grants: [{ actions: [READ], topics: ["Lamp:l1"] }] }
  sender: { grants: [{ actions: [REPORT], namespaces: [a], filter: { types: ["Lamp.*"] } }] }
  keeper: { grants: [{ actions: [MANAGE_TOKENS] }] }
  nobody: {}
${tokensFor('admin', 'reader', 'a', 'b', 'blind', 'errors', 'lamps', 'sender', 'keeper', 'nobody')}`;

interface Made {
  readonly namespace: string;
  readonly type: string;
  readonly key: string;
  readonly severity: string;
}

const made: readonly Made[] = [
  { namespace: 'a', type: 'Lamp.On', key: 'l1', severity: 'NORMAL' },
  { namespace: 'a', type: 'Lamp.Off', key: 'l2', severity: 'ERROR' },
  { namespace: 'a', type: 'Fan.On', key: 'f1', severity: 'NORMAL' },
  { namespace: 'b', type: 'Lamp.On', key: 'l1', severity: 'ERROR' },
  { namespace: 'b-2', type: 'Door.Open', key: 'd1', severity: 'NORMAL' },
  { namespace: 'b-secret', type: 'Vault.Open', key: 'v1', severity: 'ERROR' },
  { namespace: 'default', type: 'Fan.Off', key: 'f1', severity: 'NORMAL' },
];

/** The events that each role may read, in words of this test's own. */
const reads: Readonly<Record<string, (event: Made) => boolean>> = {
  admin: () => true,
  reader: () => true,
  a: ({ namespace }) => namespace === 'a',
  b: ({ namespace }) => namespace.startsWith('b') && namespace !== 'b-secret',
  blind: ({ namespace }) => namespace === 'a',
  errors: ({ severity }) => severity === 'ERROR',
  lamps: ({ type, key }) => type.startsWith('Lamp.') && key === 'l1',
};
const cannotRead = ['sender', 'keeper', 'nobody'];

let guarded: GuardedGateway;
let minIndex = 0;
const ids = new Map<Made, string>();
beforeAll(async () => {
  guarded = await bootGuarded(policy);
  const events = made.map((event) => ({
    ...event,
    value: { watts: 5 },
    message: 'secret',
    tags: [`kind:${event.type}`],
    traits: [{ name: `size-${event.namespace}`, value: { int: 3 } }],
  }));
  const { data } = await guarded.ask(
    'admin',
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { ... on ReportedEvent { id index } } } }',
    { events },
  );
  for (const [place, { id, index }] of data.reportEvents.results.entries()) {
    ids.set(made[place] as Made, id);
    minIndex = Math.max(minIndex, index);
  }
});
afterAll(() => guarded[Symbol.asyncDispose]());

const shown = ({ namespace, type, key }: Made): string => `${namespace} ${type} ${key}`;
const wanted = (role: string): readonly string[] =>
  made.filter((event) => reads[role]?.(event)).map(shown);

describe.each(Object.keys(reads))('%s sees by every way what it may read, and no more', (role) => {
  const expected = wanted(role);
  const mine = made.filter((event) => reads[role]?.(event));

  test('events, and their count', async () => {
    const { data, errors } = await guarded.ask(
      role,
      '{ events(first: 100, orderBy: INDEX_ASC) { totalCount nodes { namespace type key } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.events.nodes.map(shown)).toEqual(expected);
    expect(data.events.totalCount).toBe(expected.length);
  });

  test('one event', async () => {
    for (const event of made) {
      const { data } = await guarded.ask(role, 'query ($id: ID!) { event(id: $id) { id } }', {
        id: ids.get(event),
      });
      expect(data.event !== null, shown(event)).toBe(mine.includes(event));
    }
  });

  test('aggregates', async () => {
    const { data } = await guarded.ask(
      role,
      '{ aggregateEvents(groupBy: [{ field: NAMESPACE }]) { rows { count group { value } } } }',
    );
    const counts = new Map<string, number>();
    for (const { namespace } of mine) counts.set(namespace, (counts.get(namespace) ?? 0) + 1);
    const rows = data.aggregateEvents.rows.map(
      ({ count, group }: { count: number; group: { value: string }[] }) => [group[0]?.value, count],
    );
    expect(new Map(rows)).toEqual(counts);
  });

  test('tags and the catalogue', async () => {
    const { data } = await guarded.ask(
      role,
      '{ tags(first: 100) { nodes { tag count } } categories { name actions { name } } }',
    );
    const tags = new Set(data.tags.nodes.map(({ tag }: { tag: string }) => tag));
    const known = new Set(
      data.categories.flatMap((category: { name: string; actions: { name: string }[] }) =>
        category.actions.map(({ name }) => `${category.name}.${name}`),
      ),
    );
    for (const { type } of made) {
      const mayKnow = mine.some((event) => event.type === type);
      expect(known.has(type), type).toBe(mayKnow);
      expect(tags.has(`kind:${type}`), type).toBe(mayKnow);
    }
  });

  test('traits', async () => {
    const query = '{ traitDescriptors { name eventType } }';
    const { data, errors } = await guarded.ask(role, query);
    if (role === 'blind') {
      expect(errors?.[0]?.extensions.code).toBe('FORBIDDEN');
      return;
    }
    const names = data.traitDescriptors.map(({ name }: { name: string }) => name);
    expect(new Set(names)).toEqual(new Set(mine.map(({ namespace }) => `size-${namespace}`)));
  });

  test.each(['events', 'eventBatches'])('the resumed feed %s', async (field) => {
    const query =
      field === 'events'
        ? 'subscription { events(afterIndex: 0) { namespace type key } }'
        : 'subscription { eventBatches(afterIndex: 0) { events { namespace type key } } }';
    const received: Made[] = [];
    const client = createClient({
      url: guarded.booted.webSocketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${role}` },
    });
    const feed = client.iterate<Record<string, Made & { events?: Made[] }>>({ query });
    for await (const { data } of feed) {
      const root = data?.[field] as Made & { events?: Made[] };
      received.push(...(root.events ?? [root]));
      if (received.length >= expected.length) break;
    }
    await client.dispose();
    expect(received.map(shown)).toEqual(expected);
  });
});

describe.each(cannotRead)('%s reads nothing', (role) => {
  test.each([
    '{ events { totalCount } }',
    '{ event(id: "00000000-0000-4000-8000-000000000000") { id } }',
    '{ aggregateEvents { truncated } }',
    '{ tags { truncated } }',
    '{ traitDescriptors { name } }',
  ])('%s', async (query) => {
    const { status, errors } = await guarded.ask(role, query);
    expect(status).toBe(200);
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN']);
  });
});

describe('reports', () => {
  const report = async (secret: string, event: object) => {
    const { data } = await guarded.ask(
      secret,
      `mutation ($event: EventInput!) {
        reportEvent(event: $event) { __typename ... on RejectedEvent { errors { code } } }
      }`,
      { event },
    );
    return data.reportEvent.errors?.[0]?.code ?? 'RECORDED';
  };
  // Where nobody else counts.
  const category = 'Reported';

  test.each([
    ['a', { namespace: 'a', category }, 'RECORDED'],
    ['a', { namespace: 'b', category }, 'FORBIDDEN'],
    ['a', { category }, 'FORBIDDEN'],
    ['b', { namespace: 'b-secret', category }, 'RECORDED'],
    ['reader', { namespace: 'a', category }, 'FORBIDDEN'],
    ['sender', { namespace: 'a', type: 'Lamp.Broken' }, 'RECORDED'],
    ['sender', { namespace: 'a', type: 'Fan.Broken' }, 'FORBIDDEN'],
    ['admin', { namespace: 'z', category }, 'RECORDED'],
    ['admin', { namespace: 'tidings', category: 'Audit' }, 'FORBIDDEN'],
    ['admin', { namespace: 'tidings', type: 'Audit.Forged' }, 'FORBIDDEN'],
  ])('%s reports %j: %s', async (secret, event, outcome) => {
    expect(await report(secret, event)).toBe(outcome);
  });
});

describe('hidden fields', () => {
  test.each([
    ['value', ['events', 'nodes', 'value'], '{ events { nodes { id value } } }'],
    ['under another name', ['events', 'nodes', 'v'], '{ events { nodes { v: value } } }'],
    ['raw', ['events', 'nodes', 'raw'], '{ events { nodes { raw } } }'],
    ['message', ['events', 'nodes', 'message'], '{ events { nodes { message } } }'],
    [
      'one trait',
      ['events', 'nodes', 'trait'],
      '{ events { nodes { trait(name: "size-a") { int } } } }',
    ],
    [
      'in a fragment',
      ['traits'],
      'query { events { nodes { ...f } } } fragment f on Event { traits { name } }',
    ],
    [
      'in a filter',
      ['events'],
      '{ events(filter: { not: { traits: [{ name: "size-a", op: EXISTS }] } }) { totalCount } }',
    ],
    [
      'in groups',
      ['aggregateEvents'],
      '{ aggregateEvents(groupBy: [{ trait: "size-a" }]) { truncated } }',
    ],
    [
      'in statistics of a trait',
      ['aggregateEvents'],
      '{ aggregateEvents(measure: { trait: "size-a" }) { rows { max } } }',
    ],
    [
      'in statistics of the value',
      ['aggregateEvents'],
      '{ aggregateEvents(measure: { value: "watts" }) { rows { max } } }',
    ],
  ])('%s', async (_name, path, query) => {
    const { status, data, errors } = await guarded.ask('blind', query);
    expect({ status, data }).toEqual({ status: 200, data: null });
    expect(errors).toMatchObject([{ path, extensions: { code: 'FORBIDDEN' } }]);
  });

  test.each([
    'subscription { events { value } }',
    'subscription { events(afterIndex: 0) { trait(name: "size-a") { int } } }',
    'subscription { eventBatches(afterIndex: 0) { events { trait(name: "size-a") { int } } } }',
  ])('of a feed: %s', async (query) => {
    const response = await fetch(`${guarded.booted.url}?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream', ...bearer('blind') },
    });
    expect(await response.text()).toMatch(/FORBIDDEN/);
  });
});

describe('credentials', () => {
  const query = '{ viewer { name kind roles } }';
  const viewer = { name: 'a', kind: 'TOKEN', roles: ['a'] };
  const basic = (name: string, secret: string) =>
    `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

  test.each([
    ['authorization', 'Bearer a'],
    ['authorization', 'bearer   a '],
    ['authorization', 'token a'],
    ['authorization', 'a'],
    ['authorization', basic('a', 'a')],
    ['x-nomad-token', 'a'],
    ['authentication', 'a'],
    ['cookie', 'x=y; tidings_session=a'],
    ['cookie', 'tidings_session=; tidings_session=a; tidings_session=a'],
  ])('%s: %s', async (name, value) => {
    const headers = { 'content-type': 'application/json', [name]: value };
    const body = JSON.stringify({ query });
    const response = await fetch(guarded.booted.url, { method: 'POST', headers, body });
    expect(await response.json()).toEqual({ data: { viewer } });
  });

  test.each([
    ['authorization', 'Bearer wrong'],
    ['authorization', 'Bearer'],
    ['authorization', basic('b', 'a')],
    ['authorization', `Bearer tds_${'x'.repeat(43)}`],
    ['authorization', 'Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.'],
    ['x-nomad-token', 'wrong'],
    ['cookie', 'tidings_session=wrong'],
    ['cookie', 'tidings_session=a; tidings_session=b'],
    ['cookie', 'tidings_session=wrong; x=y; tidings_session=a'],
  ])('a bad one is 401 and never anonymous: %s: %s', async (name, value) => {
    const headers = { 'content-type': 'application/json', [name]: value };
    const body = JSON.stringify({ query });
    const response = await fetch(guarded.booted.url, { method: 'POST', headers, body });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/error="invalid_token"/);
    const { errors } = (await response.json()) as { errors: { extensions: object }[] };
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(errors[0]?.extensions).not.toHaveProperty('http');
  });

  test('one that is too long is bad as well', async () => {
    expect((await guarded.ask('a'.repeat(10_000), query)).status).toBe(401);
  });

  test('without one, and without the role anonymous, 401 says that one is missing', async () => {
    const { status, challenge, errors } = await guarded.ask(null, query);
    expect(status).toBe(401);
    const { origin } = guarded.booted;
    expect(challenge).toBe(
      `Bearer realm="tidings", resource_metadata="${origin}/.well-known/oauth-protected-resource"`,
    );
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test('a cookie does not count for a page of another origin', async () => {
    const headers = {
      'content-type': 'application/json',
      cookie: 'tidings_session=a',
      origin: 'https://evil.example.org',
    };
    const body = JSON.stringify({ query });
    const response = await fetch(guarded.booted.url, { method: 'POST', headers, body });
    expect(response.status).not.toBe(200);
  });

  test('health needs none, metrics need the right to read everything', async () => {
    const status = async (path: string, secret: string | null) =>
      (await fetch(`${guarded.booted.origin}${path}`, { headers: bearer(secret) })).status;
    expect(await status('/healthz', null)).toBe(200);
    expect(await status('/readyz', null)).toBe(200);
    expect(await status('/metrics', null)).toBe(401);
    expect(await status('/metrics', 'a')).toBe(403);
    expect(await status('/metrics', 'errors')).toBe(403);
    expect(await status('/metrics', 'reader')).toBe(200);
  });

  test('a socket is closed with 4403 for a bad one, and for none', async () => {
    for (const payload of [{ authorization: 'Bearer wrong' }, {}]) {
      const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws');
      socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
      const code = await new Promise((resolve) => socket.on('close', resolve));
      expect(code).toBe(4403);
    }
  });

  test('an upgrade with a bad one is 401', async () => {
    const options = { headers: bearer('wrong') };
    const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws', options);
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toMatch(/401/);
  });
});

describe('tokens', () => {
  const create = (secret: string, roles: readonly string[]) =>
    guarded.ask(
      secret,
      'mutation ($roles: [String!]!) { createToken(input: { name: "made", roles: $roles }) { secret token { id name roles createdBy } } }',
      { roles },
    );
  const revoke = (id: string) =>
    guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { revokedAt } }', { id });

  test('one is created, used, listed without its secret, and revoked', async () => {
    const { data } = await create('admin', ['a']);
    const { secret, token } = data.createToken;
    expect(token).toMatchObject({ name: 'made', roles: ['a'], createdBy: 'admin' });
    expect((await guarded.ask(secret, '{ viewer { name roles } }')).data.viewer).toEqual({
      name: 'made',
      roles: ['a'],
    });
    const listed = await guarded.ask('admin', '{ tokens { id } }');
    expect(listed.data.tokens).toContainEqual({ id: token.id });
    expect((await revoke(token.id)).data.revokeToken.revokedAt).toBeTruthy();
    expect((await guarded.ask(secret, '{ viewer { name } }')).status).toBe(401);
  });

  test('nobody gives rights that they do not have', async () => {
    const codes = async (secret: string, roles: readonly string[]) =>
      (await create(secret, roles)).errors?.map(({ extensions }) => extensions.code);
    expect(await codes('a', ['a'])).toEqual(['FORBIDDEN']);
    expect(await codes('keeper', ['admin'])).toEqual(['FORBIDDEN']);
    expect(await codes('keeper', ['keeper'])).toBeUndefined();
    expect(await codes('admin', ['no-such-role'])).toEqual(['BAD_USER_INPUT']);
    expect((await guarded.ask('a', '{ tokens { id } }')).errors).toHaveLength(1);
  });

  test('a stream ticket opens one stream', async () => {
    const { data } = await guarded.ask('a', 'mutation { createStreamTicket { ticket } }');
    const { ticket } = data.createStreamTicket;
    const query = encodeURIComponent('query { viewer { name } }');
    const open = () =>
      fetch(`${guarded.booted.url}?ticket=${ticket}&query=${query}`, {
        headers: { accept: 'text/event-stream' },
      });
    const first = await open();
    expect(await first.text()).toMatch(/"viewer":\{"name":"a"\}/);
    expect((await open()).status).toBe(401);
  });
});

describe('what is open ends when it must', () => {
  interface Message {
    type: string;
    payload?: unknown;
  }

  /** A socket that follows a feed, and what it was sent. */
  async function follower(secret: string, namespace = 'a') {
    const socket = new WebSocket(guarded.booted.webSocketUrl, 'graphql-transport-ws', {
      headers: bearer(secret),
    });
    const messages: Message[] = [];
    let closed: number | null = null;
    socket.on('message', (data) => messages.push(JSON.parse(String(data))));
    socket.on('close', (code) => {
      closed = code;
    });
    await new Promise((resolve) => socket.on('open', resolve));
    const send = (message: object) => socket.send(JSON.stringify(message));
    const until = (type: string) =>
      vi.waitFor(() => {
        const found = messages.find((message) => message.type === type);
        expect(found, `${type} among ${JSON.stringify(messages)}`).toBeDefined();
        return found as Message;
      }, 10_000);
    send({ type: 'connection_init' });
    const { payload: acknowledged } = await until('connection_ack');
    const query = `subscription { events(afterIndex: 0, filter: { namespaces: ["${namespace}"] }) { index } }`;
    send({ id: '1', type: 'subscribe', payload: { query } });
    return { socket, messages, send, until, acknowledged, closed: () => closed };
  }

  const token = async (roles: readonly string[], expiresInMs?: number) => {
    const expiresAt =
      expiresInMs === undefined ? null : new Date(Date.now() + expiresInMs).toISOString();
    const { data } = await guarded.ask(
      'admin',
      'mutation ($input: TokenInput!) { createToken(input: $input) { secret token { id } } }',
      { input: { name: 'short', roles, expiresAt } },
    );
    return data.createToken as { secret: string; token: { id: string } };
  };

  test('a socket whose credential has expired, with 4403', async () => {
    const { secret } = await token(['a'], 2_500);
    const followed = await follower(secret);
    expect(followed.acknowledged).toMatchObject({ principal: 'short' });
    await followed.until('next');
    await vi.waitFor(() => expect(followed.closed()).toBe(4403), 10_000);
    expect(followed.messages.map(({ type }) => type)).not.toContain('error');
  });

  test('not one that a ping gave a newer credential', async () => {
    const short = await token(['a'], 2_500);
    const longer = await token(['a'], 60_000);
    const followed = await follower(short.secret);
    followed.send({ type: 'ping', payload: { authorization: `Bearer ${longer.secret}` } });
    const { payload } = await followed.until('pong');
    expect(payload).toEqual({ expiresAt: expect.any(String) });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    expect(followed.closed()).toBeNull();
    followed.socket.terminate();
  });

  test('feeds and socket of a revoked token, with the index to resume after', async () => {
    const { secret, token: made } = await token(['a']);
    const followed = await follower(secret);
    await followed.until('next');
    const stranger = await follower('a');
    await stranger.until('next');
    await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
      id: made.id,
    });
    const { payload } = await followed.until('error');
    expect(payload).toMatchObject([
      { extensions: { code: 'FORBIDDEN', lastIndex: expect.any(Number) } },
    ]);
    await vi.waitFor(() => expect(followed.closed()).toBe(4403), 5_000);
    expect(stranger.closed()).toBeNull();
    stranger.socket.terminate();
  });

  test('a stream of server-sent events, without completing', async () => {
    const { secret, token: made } = await token(['a']);
    const query = encodeURIComponent('subscription { events(afterIndex: 0) { index } }');
    const response = await fetch(`${guarded.booted.url}?query=${query}`, {
      headers: { accept: 'text/event-stream', ...bearer(secret) },
    });
    const text = response.text();
    await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
      id: made.id,
    });
    const body = await text;
    expect(body).toMatch(/"code":"FORBIDDEN","lastIndex":\d+/);
    expect(body).not.toMatch(/event: complete/);
  });

  test('feeds whose rights a new policy changes, and no others', async () => {
    const [changed, same] = [await follower('a'), await follower('b', 'b')];
    await changed.until('next');
    await same.until('next');
    await guarded.replacePolicy(
      policy.replace(
        '  a: { grants: [{ actions: [READ, REPORT], namespaces: [a] }] }',
        '  a: { grants: [{ actions: [READ, REPORT], namespaces: [a, c] }] }',
      ),
    );
    const { payload } = await changed.until('error');
    expect(payload).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect(changed.closed()).toBeNull();
    expect(same.messages.map(({ type }) => type)).not.toContain('error');
    await guarded.replacePolicy('roles: [');
    expect((await guarded.ask('a', '{ viewer { grants { namespaces } } }')).data.viewer).toEqual({
      grants: [{ namespaces: ['a', 'c'] }],
    });
    await guarded.replacePolicy(policy);
    changed.socket.terminate();
    same.socket.terminate();
  });

  test("graphql-ws's own client resumes after expiry, without gap or repeat", async () => {
    let connections = 0;
    const client = createClient({
      url: guarded.booted.webSocketUrl,
      webSocketImpl: WebSocket,
      retryWait: async () => {},
      connectionParams: async () => {
        connections += 1;
        const { secret } = await token(['a'], connections === 1 ? 2_500 : 60_000);
        return { authorization: `Bearer ${secret}` };
      },
    });
    const received: number[] = [];
    const variables: Record<string, unknown> = { after: minIndex };
    const unsubscribe = client.subscribe<{ events: { index: number } }>(
      {
        query: 'subscription ($after: SafeInt) { events(afterIndex: $after) { index } }',
        variables,
      },
      {
        next({ data }) {
          if (!data) return;
          received.push(data.events.index);
          variables.after = data.events.index;
        },
        error: () => {},
        complete: () => {},
      },
    );
    const reported: number[] = [];
    await vi.waitFor(
      async () => {
        const { data } = await guarded.ask(
          'a',
          'mutation { reportEvent(event: { namespace: "a", category: "Tick" }) { ... on ReportedEvent { index } } }',
        );
        reported.push(data.reportEvent.index);
        expect(connections).toBe(2);
      },
      { timeout: 20_000, interval: 100 },
    );
    await vi.waitFor(() => expect(received).toContain(reported.at(-1)), 10_000);
    const earlier = received.filter((index) => index < (reported[0] ?? 0));
    expect(received).toEqual([...earlier, ...reported]);
    unsubscribe();
    await client.dispose();
  });
});
