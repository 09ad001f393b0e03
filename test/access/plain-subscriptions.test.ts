import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { OpenStream } from '../dialects/http-client.ts';
import { patienceMs } from '../patience.ts';
import { bearer, bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';
import { followBySocket } from './socket-follower.ts';

const policyOf = (a: string): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  a: { grants: [{ actions: [READ, MANAGE_SINKS], namespaces: [${a}] }] }
  b: { grants: [{ actions: [READ, MANAGE_SINKS], namespaces: [b], hide: [VALUE] }] }
${tokensFor('admin', 'a', 'b')}`;
const policy = policyOf('a');

let guarded: GuardedGateway;
beforeAll(async () => {
  guarded = await bootGuarded(policy);
});
afterAll(() => guarded[Symbol.asyncDispose]());
afterEach(() => guarded.replacePolicy(policy));

const asStream = (query: string, secret: string) =>
  OpenStream.open(guarded.booted.url, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...bearer(secret),
    },
    body: JSON.stringify({ query }),
  });

const forbidden = { code: 'FORBIDDEN' };

describe.each([
  ['alarms', 'subscription { alarms { id } }'],
  ['sinkChanges', 'subscription { sinkChanges { id } }'],
  ['alarms in a fragment', 'subscription { ...F } fragment F on Subscription { alarms { id } }'],
])('%s', (_name, query) => {
  test('over a socket it ends when its caller’s rights change, and others go on', async () => {
    const changed = await followBySocket(guarded.booted, 'a', query);
    const same = await followBySocket(guarded.booted, 'b', query);
    await guarded.replacePolicy(policyOf('a, c'));
    const { payload } = await changed.until('error');
    expect(payload).toMatchObject([{ extensions: forbidden }]);
    expect(changed.closed()).toBeNull();
    expect(same.messages.map(({ type }) => type)).toEqual(['connection_ack']);
    expect(same.closed()).toBeNull();
    changed.socket.terminate();
    same.socket.terminate();
  });

  test('a right that has nothing to do with reading ends it as well', async () => {
    const changed = await followBySocket(guarded.booted, 'b', query);
    await guarded.replacePolicy(
      policy.replace('MANAGE_SINKS], namespaces: [b]', 'REPORT], namespaces: [b]'),
    );
    await changed.until('error');
    changed.socket.terminate();
  });

  test('as server-sent events it ends without completing', async () => {
    await using changed = await asStream(query, 'a');
    await using same = await asStream(query, 'b');
    await guarded.replacePolicy(policyOf('a, c'));
    await vi.waitFor(() => expect(changed.ended).toBe(true), patienceMs);
    expect(changed.text).toContain('"code":"FORBIDDEN"');
    expect(changed.text).not.toContain('event: complete');
    expect(same.ended).toBe(false);
    expect(same.text).not.toContain('FORBIDDEN');
  });

  test('it ends with its token', async () => {
    const { data } = await guarded.ask(
      'admin',
      'mutation { createToken(input: { name: "short", roles: ["a"] }) { secret token { id } } }',
    );
    const { secret, token } = data.createToken;
    const overSocket = await followBySocket(guarded.booted, secret, query);
    await using streamed = await asStream(query, secret);
    await guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', {
      id: token.id,
    });
    await vi.waitFor(() => expect(overSocket.closed()).toBe(4403), patienceMs);
    expect(overSocket.messages.at(-1)).toMatchObject({
      type: 'error',
      payload: [{ extensions: forbidden }],
    });
    await vi.waitFor(() => expect(streamed.ended).toBe(true), patienceMs);
    expect(streamed.text).toContain('"code":"FORBIDDEN"');
  });
});

describe('what follows events alone is never taken for something else', () => {
  test.each([
    'subscription { ...F } fragment F on Subscription { alarms { value } }',
    'subscription { ... on Subscription { alarms { value } } }',
    'subscription { ... { sinkChanges { name } } }',
  ])('%s shows no event', async (query) => {
    await using streamed = await asStream(query, 'b');
    await guarded.ask(
      'admin',
      'mutation { reportEvent(event: { namespace: "b", category: "Test", value: 7 }) { __typename } }',
    );
    const feed = await followBySocket(
      guarded.booted,
      'b',
      'subscription { events(afterIndex: 0) { index } }',
    );
    await feed.until('next');
    feed.socket.terminate();
    expect(streamed.status).toBe(200);
    expect(streamed.text).not.toContain('event: next');
  });
});
