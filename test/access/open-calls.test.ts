import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../dialects/eventually.ts';
import { ask, OpenStream } from '../dialects/http-client.ts';
import { Agent } from '../dialects/skywalking/agent.ts';
import { freePort } from '../free-port.ts';
import { byVamp } from './callers.ts';
import { bootGuarded, type GuardedGateway, tokensFor } from './guarded-gateway.ts';
import { vampSocket } from './ways-out.ts';

const policyOf = (reports: string): string => `
roles:
  admin: { grants: [{ actions: [ADMIN] }] }
  agent: { grants: [{ actions: [REPORT], namespaces: [${reports}] }] }
  "source:skywalking": { grants: [{ actions: [REPORT], filter: { severities: [ERROR] } }] }
${tokensFor('admin', 'agent')}`;

let guarded: GuardedGateway;
let grpcPort = 0;
beforeAll(async () => {
  grpcPort = await freePort();
  guarded = await bootGuarded(policyOf('default'), {
    SKYWALKING_GRPC_PORT: String(grpcPort),
    TIDINGS_SKYWALKING_AUTHENTICATION: 'shared by all agents',
  });
});
afterAll(() => guarded[Symbol.asyncDispose]());

const newToken = async () => {
  const { data } = await guarded.ask(
    'admin',
    'mutation { createToken(input: { name: "short", roles: ["agent"] }) { secret token { id } } }',
  );
  return data.createToken as { secret: string; token: { id: string } };
};
const revoke = (id: string) =>
  guarded.ask('admin', 'mutation ($id: ID!) { revokeToken(id: $id) { id } }', { id });
const recorded = async (service: string): Promise<number> => {
  const { data } = await guarded.ask(
    'admin',
    'query ($service: String) { events(filter: { source: { service: $service } }) { totalCount } }',
    { service },
  );
  return data.events.totalCount;
};

const event = (service: string, type = 'Normal') => ({
  uuid: crypto.randomUUID(),
  source: { service },
  name: 'Restart',
  type,
  layer: 'GENERAL',
});

describe('SkyWalking by gRPC', () => {
  test.each([
    ['a token', 'agent', 'Normal', status.OK],
    ['the secret that all agents share', 'shared by all agents', 'Error', status.OK],
    [
      'that secret, beyond the rights of the source',
      'shared by all agents',
      'Normal',
      status.PERMISSION_DENIED,
    ],
    ['an unknown secret', 'unknown', 'Error', status.PERMISSION_DENIED],
    ['no secret', undefined, 'Error', status.PERMISSION_DENIED],
    ['the token of somebody who may do everything', 'admin', 'Normal', status.OK],
  ])('%s', async (name, secret, type, code) => {
    using agent = new Agent(grpcPort, secret);
    expect((await agent.report(event(name, type))).code).toBe(code);
    await eventually(async () => expect(await recorded(name)).toBe(code === status.OK ? 1 : 0));
  });

  test('a call ends with its token; what it brought before is recorded', async () => {
    const { secret, token } = await newToken();
    using agent = new Agent(grpcPort, secret);
    const { call, outcome } = agent.open();
    call.write(event('before'));
    await eventually(async () => expect(await recorded('before')).toBe(1));
    await revoke(token.id);
    expect((await outcome).code).toBe(status.PERMISSION_DENIED);
    expect((await agent.report(event('after'))).code).toBe(status.PERMISSION_DENIED);
    expect(await recorded('after')).toBe(0);
  });

  test('a call that is open reports with the rights of the moment', async () => {
    using agent = new Agent(grpcPort, 'agent');
    const { call, outcome } = agent.open();
    call.write(event('allowed'));
    await eventually(async () => expect(await recorded('allowed')).toBe(1));
    await guarded.replacePolicy(policyOf('elsewhere'));
    call.write(event('withdrawn'));
    call.end();
    expect((await outcome).code).toBe(status.PERMISSION_DENIED);
    expect(await recorded('withdrawn')).toBe(0);
    await guarded.replacePolicy(policyOf('default'));
  });
});

describe("Vamp's WebSocket", () => {
  const at = () => guarded.booted;
  const put = (tag: string) => ({ action: 'PUT', data: JSON.stringify({ tags: [tag] }) });

  test('reports with the rights of the moment', async () => {
    await using socket = await vampSocket(at(), 'agent');
    await socket.asked('/default/events', true, put('first'));
    expect(socket.text).toContain('"status":"OK"');
    await guarded.replacePolicy(policyOf('elsewhere'));
    await socket.asked('/default/events', true, put('second'));
    expect(socket.text).toMatch(/"status":"ERROR".*You may not report/);
    await guarded.replacePolicy(policyOf('default'));
  });

  test('is closed with its token', async () => {
    const { secret, token } = await newToken();
    await using socket = await vampSocket(at(), secret);
    let closed = false;
    socket.onClose(() => {
      closed = true;
    });
    await socket.asked('/default/events', true, put('third'));
    await revoke(token.id);
    await eventually(() => expect(closed).toBe(true));
  });
});

describe('a ticket', () => {
  const open = (path: string, accept = 'text/event-stream') =>
    OpenStream.open(`${guarded.booted.origin}${path}`, { headers: { accept } });
  const newTicket = async (): Promise<string> => {
    const { data } = await guarded.ask('admin', 'mutation { createStreamTicket { ticket } }');
    return data.createStreamTicket.ticket;
  };

  test.each(['/cloudevents/stream?after=0&ticket=', '/*/api/v1/events/stream?after=0&ticket='])(
    'opens %s once',
    async (path) => {
      const ticket = await newTicket();
      await using first = await open(`${path}${ticket}`);
      expect(first.status).toBe(200);
      await eventually(() => expect(first.text).toContain('Restart'));
      await using second = await open(`${path}${ticket}`);
      expect(second.status).toBe(401);
    },
  );

  test('is for streams of server-sent events alone', async () => {
    await using lines = await open(`/cloudevents/stream?ticket=${await newTicket()}`, '*/*');
    expect(lines.status).toBe(401);
  });
});

describe('a bad credential is answered in the system’s own form', () => {
  const challenged = async (path: string, headers: Record<string, string> = {}) => {
    const url = `${guarded.booted.origin}${path}`;
    const given = { accept: 'application/json', 'content-type': 'application/json', ...headers };
    const reply = await ask(url, {
      method: 'POST',
      headers: { ...given, ...byVamp('bad') },
      body: '{}',
    });
    return { ...reply, challenge: reply.headers['www-authenticate'] };
  };

  test.each([
    ['/v3/events', /^Status: 401\nDescription: Unauthorized\nMessage: .+\n$/, /^Bearer .*Basic/],
    ['/skywalking/graphql', /^\{"errors":\[\{"message":".+"\}\]\}$/, /^Bearer .*Basic/],
    ['/api/v1/events', /^\{"message":".+"\}$/, /^Bearer /],
    ['/v1/notifications', /^\{"error":".+"\}$/, /^Basic realm="tidings"$/],
    ['/cloudevents', /^\{"error":".+"\}$/, /^Bearer /],
    ['/v1/logs', /^\{"message":".+"\}$/, /^Bearer /],
  ])('%s', async (path, body, challenge) => {
    const answer = await challenged(path);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatch(body);
    expect(answer.challenge).toMatch(challenge);
  });
});
