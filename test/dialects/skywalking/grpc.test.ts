import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, type AgentEvent } from './agent.ts';
import { openPort, type SkyWalkingGateway, startGateway, withoutJournal } from './gateway.ts';
import { ingestCase } from './ingest-case.ts';
import { queryEvents } from './query-client.ts';

let gateway: SkyWalkingGateway;
let agent: Agent;
beforeAll(async () => {
  gateway = await startGateway();
  agent = new Agent(gateway.grpc.port);
});
afterAll(async () => {
  agent[Symbol.dispose]();
  await gateway[Symbol.asyncDispose]();
});

const found = (uuid: string) => queryEvents(gateway.url, { uuid, paging: { pageSize: 10 } });
const ok = { code: status.OK, details: '', commands: {} };
const noEvent = Buffer.from('ffff', 'hex');
const event = (uuid: string, more: AgentEvent = {}): AgentEvent => ({
  uuid,
  source: { service: 's' },
  name: 'n',
  layer: 'GENERAL',
  startTime: 1_700_000_000_000,
  ...more,
});

describe('one bad event', () => {
  test('does not end the call', async () => {
    const skipped = gateway.grpc.skipped;
    const ahead = event('ahead', { startTime: Date.now() + 3_600_000 });
    expect(await agent.report(event('first'), noEvent, ahead, event('last'))).toEqual(ok);
    expect(await found('first')).toHaveLength(1);
    expect(await found('ahead')).toHaveLength(1);
    expect(await found('last')).toHaveLength(1);
    expect(gateway.grpc.skipped).toBe(skipped + 1);
  });

  test('is not one that has no layer', async () => {
    const { event: bare } = ingestCase('grpc-empty-layer');
    expect(await agent.report({ ...bare, uuid: 'bare' })).toEqual(ok);
    expect(await found('bare')).toMatchObject([{ layer: 'UNDEFINED' }]);
  });
});

test('grpc-empty-layer, where the gateway is strict', async () => {
  const given = ingestCase('grpc-empty-layer');
  await using strict = await openPort(gateway.context, { strict: true });
  using client = new Agent(strict.port);
  const outcome = await client.report(event('before'), given.event, event('after'));
  expect(outcome).toMatchObject({
    code: status[given.grpc_status as keyof typeof status],
    details: given.message,
  });
  expect(await found('before')).toHaveLength(1);
  expect(await found('u')).toEqual([]);
  expect(await found('after')).toEqual([]);
});

test('empty-uuid-accepted: each is an event of its own', async () => {
  const source = { service: 'nameless' };
  const { event: given } = ingestCase('empty-uuid-accepted');
  await agent.report(event('', { ...given, source }), event('', { ...given, source }));
  const events = await queryEvents(gateway.url, {
    source,
    time: { start: '2023-11-14', end: '2023-11-14', step: 'DAY' },
    paging: { pageSize: 10 },
  });
  expect(new Set(events.map(({ uuid }) => uuid)).size).toBe(2);
});

test('events are recorded while the call goes on', async () => {
  const { call, outcome } = agent.open();
  call.write(event('early'));
  await expect.poll(() => found('early')).toHaveLength(1);
  call.end();
  expect(await outcome).toEqual(ok);
});

test('a client that gives up keeps what was recorded', async () => {
  const { call, outcome } = agent.open();
  call.write(event('given-up'));
  await expect.poll(() => found('given-up')).toHaveLength(1);
  call.cancel();
  expect(await outcome).toMatchObject({ code: status.CANCELLED });
  expect(await agent.report(event('next'))).toEqual(ok);
});

test('a call without events is answered', async () => {
  expect(await agent.report()).toEqual(ok);
});

test('many events in one call and in many', async () => {
  const calls = Array.from({ length: 4 }, (_, call) =>
    agent.report(
      ...Array.from({ length: 1_500 }, (_unused, at) =>
        event(`many-${call}-${at}`, { source: { service: 'many' } }),
      ),
    ),
  );
  expect(await Promise.all(calls)).toEqual([ok, ok, ok, ok]);
  expect(await gateway.context.store.count({ source: { service: 'many' } })).toBe(6_000);
});

test.each([
  ['secret', status.OK, 1],
  ['wrong', status.PERMISSION_DENIED, 0],
  [undefined, status.PERMISSION_DENIED, 0],
])('the authentication %s is answered %d', async (authentication, code, events) => {
  await using guarded = await openPort(gateway.context, { authentication: 'secret' });
  using client = new Agent(guarded.port, authentication);
  expect(await client.report(event(`by-${authentication}`))).toMatchObject({ code });
  expect(await found(`by-${authentication}`)).toHaveLength(events);
});

test('without a journal the call ends with UNAVAILABLE, and not with OK', async () => {
  await using lost = await openPort(await withoutJournal(gateway.context));
  using client = new Agent(lost.port);
  expect(await client.report(event('lost'))).toMatchObject({ code: status.UNAVAILABLE });
});

test('stopping records what was received, and ends the calls', async () => {
  const stopping = await openPort(gateway.context);
  using client = new Agent(stopping.port);
  const { call, outcome } = client.open();
  call.write(event('received'));
  await expect.poll(() => found('received')).toHaveLength(1);
  await stopping[Symbol.asyncDispose]();
  expect(await outcome).toMatchObject({ code: status.UNAVAILABLE });
});

test('a port that is taken is an error with its name', async () => {
  const { port } = gateway.grpc;
  await expect(openPort(gateway.context, { port })).rejects.toThrow(`127.0.0.1:${port}`);
});

test('the gateway opens the configured port, and takes events in batches of the configured size', async () => {
  await using free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  await free[Symbol.asyncDispose]();
  await using small = await startGateway({
    SKYWALKING_GRPC_PORT: String(port),
    TIDINGS_SKYWALKING_AUTHENTICATION: 'told',
    TIDINGS_MAX_EVENTS: '3',
  });
  using client = new Agent(port, 'told');
  expect(await client.report(...['1', '2', '3', '4', '5'].map((uuid) => event(uuid)))).toEqual(ok);
  expect(await small.context.store.count({})).toBe(5);
  using stranger = new Agent(port, 'guessed');
  expect(await stranger.report()).toMatchObject({ code: status.PERMISSION_DENIED });
});
