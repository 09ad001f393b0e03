import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventId } from '../../../src/dialects/skywalking/event-id.ts';
import { LogLines } from '../log-lines.ts';
import { Agent, serialised } from './agent.ts';
import { type SkyWalkingGateway, startGateway } from './gateway.ts';
import { eventsDocument, post, queryEvents } from './query-client.ts';

const log = new LogLines();
let gateway: SkyWalkingGateway;
let agent: Agent;
beforeAll(async () => {
  gateway = await startGateway({}, { log: log.log });
  agent = new Agent(gateway.grpc.port);
});
afterAll(async () => {
  agent[Symbol.dispose]();
  await gateway[Symbol.asyncDispose]();
});
afterEach(() => expect(log.errors).toEqual([]));

const send = (body: string) =>
  fetch(`${gateway.url}/v3/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
const ask = (body: string) =>
  fetch(`${gateway.url}/skywalking/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  });
const found = (uuid: string) => queryEvents(gateway.url, { uuid, paging: { pageSize: 10 } });
const event = (uuid: string, more: object = {}) => ({
  uuid,
  source: { service: 's' },
  name: 'n',
  layer: 'GENERAL',
  startTime: 1_700_000_000_000,
  ...more,
});

describe('depth', () => {
  const nest = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  test.each([5_000, 100_000])('an unknown field %d levels deep by HTTP', async (levels) => {
    const response = await send(`[{"uuid":"deep","layer":"GENERAL","more":${nest(levels)}}]`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('nested more than 500 levels deep');
    expect(await found('deep')).toEqual([]);
  });

  test.each([5_000, 100_000])('variables %d levels deep in a query', async (levels) => {
    const variables = `{"condition":{"uuid":"u","paging":${nest(levels)}}}`;
    const response = await ask(
      `{"query":${JSON.stringify(eventsDocument)},"variables":${variables}}`,
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/levels deep|characters/);
  });

  test.each([200, 1_800, 2_000, 2_500, 20_000])('a query with %d brackets', async (count) => {
    for (const open of ['[', '{a:', '(a:[']) {
      const query = `{ findService(serviceName: ${open.repeat(count)}`;
      const response = await ask(JSON.stringify({ query }));
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/levels deep|characters|Syntax Error/);
    }
  });

  test('groups of protobuf 100,000 levels deep by gRPC are skipped', async () => {
    const skipped = gateway.grpc.skipped;
    const startGroup = (15 << 3) | 3;
    const groups = Buffer.alloc(100_000, startGroup);
    const within = (field: number) =>
      Buffer.concat([Buffer.from([(field << 3) | 2, 0xa0, 0x8d, 0x06]), groups]);
    const bare = Buffer.concat([serialised(event('groups')), groups]);
    expect(await agent.report(bare, within(2), within(6), event('after-groups'))).toMatchObject({
      code: status.OK,
    });
    expect(await found('groups')).toEqual([]);
    expect(await found('after-groups')).toHaveLength(1);
    expect(gateway.grpc.skipped).toBe(skipped + 3);
  });
});

describe('the answer to bad variables', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, { a: [at] }]));

  test.each<[string, unknown]>([
    ['an object of 5,000 members for a string', { layer: many(5_000), paging: { pageSize: 1 } }],
    ['5,000 unknown members', { ...many(5_000), paging: { pageSize: 1 } }],
    ['a list of 10,000 for a string', { uuid: Array(10_000).fill('a'), paging: { pageSize: 1 } }],
    ['a string of 100,000 characters for an enum', { type: 'x'.repeat(100_000) }],
    ['5,000 members for the page', { paging: many(5_000) }],
    ['a list of 5,000 conditions', Array(5_000).fill({ a: 1 })],
  ])('is short: %s', async (_name, condition) => {
    const { status: answered, body } = await ask(
      JSON.stringify({ query: eventsDocument, variables: { condition } }),
    ).then(async (response) => ({ status: response.status, body: await response.text() }));
    expect(answered).toBe(200);
    const { errors } = JSON.parse(body) as { errors: readonly { readonly message: string }[] };
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThanOrEqual(20);
    for (const { message } of errors) expect(message.length).toBeLessThanOrEqual(300);
    expect(body.length).toBeLessThan(20 * 500);
  });
});

describe('a time of 64 bits', () => {
  /** What is kept of each, with its digits, and the trait of a time that cannot be one. */
  const times: readonly [string, object][] = [
    ['253402300799999', { type: 'DATETIME', value: '9999-12-31T23:59:59.999Z' }],
    ['253402300800000', { type: 'TEXT', value: '253402300800000' }],
    ['9007199254740991', { type: 'TEXT', value: '9007199254740991' }],
    ['9007199254740993', { type: 'TEXT', value: '9007199254740993' }],
    ['1700000000000000001', { type: 'TEXT', value: '1700000000000000001' }],
    ['9223372036854775807', { type: 'TEXT', value: '9223372036854775807' }],
  ];

  test.each(times)(
    '%s by gRPC keeps its digits and gets the time of arrival',
    async (digits, trait) => {
      const before = Date.now();
      const uuid = `start-${digits}`;
      const ended = { uuid: `end-${digits}`, endTime: digits, parameters: { large: digits } };
      const outcome = await agent.report(
        event(uuid, { startTime: digits }),
        event(ended.uuid, ended),
        event(`both-${digits}`, { startTime: digits, endTime: digits }),
      );
      expect(outcome.code).toBe(status.OK);
      const [started] = storedIn(await storedText(uuid));
      expect(Date.parse(String(started?.time))).toBeGreaterThanOrEqual(before);
      expect(started?.traits).toEqual([{ name: 'reportedTime', ...trait }]);
      const [end] = storedIn(await storedText(ended.uuid));
      expect(end).toMatchObject({ time: '2023-11-14T22:13:20.000Z' });
      expect(Date.parse(String(end?.endTime))).toBeGreaterThanOrEqual(before);
      expect(end?.traits).toContainEqual({ name: 'reportedEndTime', ...trait });
      expect(end?.traits).toContainEqual({ name: 'large', type: 'TEXT', value: digits });
      const [both] = storedIn(await storedText(`both-${digits}`));
      expect(both?.endTime).toBe(both?.time);
      expect(await storedText(uuid)).toContain(`"startTime":${digits}`);
      expect(await found(uuid)).toHaveLength(1);
    },
  );

  test.each(times)('%s by HTTP is rejected, where the sender can correct it', async (digits) => {
    for (const startTime of [digits, `"${digits}"`]) {
      const given = JSON.stringify(event(`http-${digits}`, { startTime: 0 }));
      const response = await send(
        `[${given.replace('"startTime":0', `"startTime":${startTime}`)}]`,
      );
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/event 0: time: .*(?:future|outside the years 0001)/);
    }
  });

  test('beyond 64 bits is not an Event', async () => {
    const response = await send('[{"layer":"GENERAL","startTime":9223372036854775809}]');
    expect(response.status).toBe(500);
    expect(await response.text()).toContain('startTime must be a whole number of milliseconds.');
  });
});

interface StoredEvent {
  readonly time: string;
  readonly endTime: string | null;
  readonly traits: readonly object[];
}

const storedIn = (answer: string): readonly StoredEvent[] => JSON.parse(answer).data.events.nodes;

/** The answer of the gateway's own GraphQL: JSON.parse would round the digits in `raw`. */
async function storedText(uuid: string): Promise<string> {
  const query =
    'query ($ids: [ID!]) { events(filter: { ids: $ids }) { nodes { time endTime raw traits { name type value } } } }';
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query, variables: { ids: [eventId(uuid)] } }),
  });
  return response.text();
}

describe('NUL and half of a surrogate pair', () => {
  const id = (...names: string[]): string =>
    names
      .map((name, at) => Buffer.from(name).toString('base64') + (at === 0 ? '.1' : ''))
      .join('_');
  const day = { start: '2023-11-14', end: '2023-11-14', step: 'DAY' };
  const evil = ['a\0b', '\0', 'a\ud800b', '\udc00'];

  const questions: readonly [string, (text: string) => [string, object]][] = [
    ['uuid', (uuid) => condition({ uuid })],
    ['name', (name) => condition({ name, time: day })],
    ['layer', (layer) => condition({ layer, time: day })],
    ['service', (service) => condition({ source: { service }, time: day })],
    ['serviceInstance', (serviceInstance) => condition({ source: { serviceInstance }, time: day })],
    ['endpoint', (endpoint) => condition({ source: { endpoint }, time: day })],
    ['start of a time', (start) => condition({ time: { ...day, start } })],
    ['listServices', (layer) => ['query($v:String){r:listServices(layer:$v){id}}', { v: layer }]],
    [
      'getService',
      (name) => ['query($v:String!){r:getService(serviceId:$v){id}}', { v: id(name) }],
    ],
    ['getService, as it is', (v) => ['query($v:String!){r:getService(serviceId:$v){id}}', { v }]],
    ['findService', (v) => ['query($v:String!){r:findService(serviceName:$v){id}}', { v }]],
    [
      'listInstances',
      (name) => [
        'query($v:ID!,$d:Duration!){r:listInstances(serviceId:$v,duration:$d){id}}',
        { v: id(name), d: day },
      ],
    ],
    [
      'getInstance',
      (name) => ['query($v:String!){r:getInstance(instanceId:$v){id}}', { v: id(name, name) }],
    ],
    [
      'keyword of findEndpoint',
      (v) => [
        'query($v:String,$s:ID!){r:findEndpoint(keyword:$v,serviceId:$s,limit:5){id}}',
        { v, s: id('s') },
      ],
    ],
    [
      'service of findEndpoint',
      (v) => ['query($s:ID!){r:findEndpoint(serviceId:$s,limit:5){id}}', { s: id(v) }],
    ],
    [
      'getEndpointInfo',
      (v) => ['query($v:ID!){r:getEndpointInfo(endpointId:$v){id}}', { v: id(v, v) }],
    ],
  ];

  function condition(of: object): [string, object] {
    return [eventsDocument, { condition: { ...of, paging: { pageSize: 1 } } }];
  }

  test.each(questions)('in %s', async (_where, questionOf) => {
    for (const text of evil) {
      const { status: answered, errors = [] } = await post(gateway.url, ...questionOf(text));
      expect(answered).toBe(200);
      for (const { message } of errors) expect(message).not.toContain('Internal error');
    }
  });

  test('in every text of a reported event', async () => {
    for (const [at, text] of evil.entries()) {
      const uuid = `evil-${at}`;
      const parameters = { [text]: text, plain: text };
      const source = { service: text, serviceInstance: text, endpoint: text };
      const given = event(uuid, {
        source,
        name: text,
        message: text,
        layer: `L${text}`,
        parameters,
      });
      expect((await send(JSON.stringify([given]))).status).toBe(200);
      expect(await found(uuid)).toHaveLength(1);
    }
  });
});

describe('a time that is not in the calendar', () => {
  test.each([
    [{ start: '0000-01-01', end: '2023-11-14', step: 'DAY' }],
    [{ start: '0000-12-31 23', end: '2023-11-14 01', step: 'HOUR' }],
    [{ start: '2023-11-14', end: '0000-01-01', step: 'DAY' }],
  ])('%j is a mistake in the query', async (time) => {
    const { errors } = await post(gateway.url, eventsDocument, {
      condition: { time, paging: { pageSize: 1 } },
    });
    expect(errors?.[0]?.message).toMatch(/time must lie within the years 0001 to 9999\.$/);
  });

  test('the last day of all is one', async () => {
    const time = { start: '0001-01-01', end: '9999-12-31', step: 'DAY' };
    const { errors } = await post(gateway.url, eventsDocument, {
      condition: { time, paging: { pageSize: 1 } },
    });
    expect(errors).toBeUndefined();
  });
});

describe('lengths', () => {
  test('100,000 events in one body are counted before they are read', async () => {
    const response = await send(JSON.stringify(Array.from({ length: 100_000 }, () => event('x'))));
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('The body has 100000 events: send 10000 at most');
  });

  test('variables with many unknown keys are answered briefly', async () => {
    const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, 1]));
    const response = await ask(
      JSON.stringify({ query: eventsDocument, variables: { condition: keys } }),
    );
    const text = await response.text();
    expect(text.length).toBeLessThan(10_000);
    expect(JSON.parse(text).errors[0].message).toContain('got invalid value');
  });

  test.each([
    ['unknown fields', `{${Array.from({ length: 900 }, (_, at) => `f${at} `).join('')}}`],
    ['a long name', `{${'x'.repeat(100_000)}}`],
    ['brackets', '{a'.repeat(100_000)],
  ])('a document of %s is answered briefly', async (_name, query) => {
    const response = await ask(JSON.stringify({ query }));
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(20_000);
  });
});

test('an integer beyond 2^53 keeps its digits in raw', async () => {
  const given =
    '{"uuid":"big","layer":"GENERAL","startTime":1700000000000,"more":750727362669608961}';
  expect((await send(`[${given}]`)).status).toBe(200);
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"query":"{ events(filter: { keys: [\\"big\\"] }) { nodes { raw } } }"}',
  });
  expect(await response.text()).toContain('"more":750727362669608961');
});

test('an event an hour ahead by gRPC is kept with the time of its arrival', async () => {
  const ahead = Date.now() + 3_600_000;
  const before = Date.now();
  await agent.report(event('hour-ahead', { startTime: ahead }));
  const [kept] = await found('hour-ahead');
  expect(kept?.startTime).toBeGreaterThanOrEqual(before);
  expect(kept?.startTime).toBeLessThan(ahead);
  expect(kept?.parameters).toEqual([{ key: 'reportedTime', value: new Date(ahead).toISOString() }]);
});

test.each(['/v3/events', '/skywalking/graphql'])(
  'a client that breaks off its POST to %s is not an error of the gateway',
  async (path) => {
    const { port, hostname } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    socket.end(`${head}Content-Length: 100\r\n\r\n[{"uuid":`);
    socket.resume();
    await once(socket, 'close');
    expect((await send('[]')).status).toBe(200);
  },
);
