import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const protoFile = fileURLToPath(
  new URL('../../../proto/opentelemetry/logs.proto', import.meta.url),
);
// biome-ignore lint/suspicious/noExplicitAny: what the loader makes of a file has no types.
const { Export } = loadSync(protoFile)['tidings.otlp.Logs'] as any;

const json = { 'Content-Type': 'application/json' };
const protobuf = { 'Content-Type': 'application/x-protobuf' };

const post = (body: string | Buffer, headers: Record<string, string> = json) =>
  fetch(`${gateway.url}/v1/logs`, {
    method: 'POST',
    headers,
    body: new Uint8Array(Buffer.from(body)),
  });

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

const requestOf = (logRecords: object[]) => ({
  resourceLogs: [
    {
      resource: {
        attributes: [
          text('service.name', 'shop'),
          text('service.instance.id', 'shop-1'),
          text('host.name', 'n1'),
          text('deployment.environment', 'prod'),
        ],
      },
      scopeLogs: [{ scope: { name: 'orders' }, logRecords }],
    },
  ],
});

const record = (eventName: string) => ({
  timeUnixNano: '1795162530123456789',
  severityNumber: 17,
  severityText: 'ERROR',
  body: { stringValue: 'It failed.' },
  eventName,
  attributes: [
    text('order.id', 'o-1'),
    { key: 'count', value: { intValue: '5' } },
    { key: 'large', value: { intValue: '9223372036854775807' } },
    { key: 'ratio', value: { doubleValue: 0.5 } },
    { key: 'paid', value: { boolValue: true } },
    { key: 'lines', value: { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'a' }] } } },
  ],
});
const traceId = '5b8efff798038103d269b633813fc60c';

async function recorded(category: string) {
  const { events } = await gateway.gql(`{ events(filter: { categories: ["${category}"] }) { nodes {
    type severity message value time dialect source { service instance node } traits { name type value }
  } } }`);
  return events.nodes;
}

const expected = {
  severity: 'ERROR',
  message: 'It failed.',
  value: null,
  time: '2026-11-20T08:15:30.123456Z',
  dialect: 'TIDINGS',
  source: { service: 'shop', instance: 'shop-1', node: 'n1' },
  traits: [
    { name: 'order.id', type: 'TEXT', value: 'o-1' },
    { name: 'count', type: 'INT', value: 5 },
    { name: 'large', type: 'TEXT', value: '9223372036854775807' },
    { name: 'ratio', type: 'FLOAT', value: 0.5 },
    { name: 'paid', type: 'TEXT', value: 'true' },
    { name: 'lines', type: 'TEXT', value: '[1,"a"]' },
    { name: 'resource.deployment.environment', type: 'TEXT', value: 'prod' },
    { name: 'otlp.traceId', type: 'TEXT', value: traceId },
    { name: 'otlp.severityText', type: 'TEXT', value: 'ERROR' },
    { name: 'otlp.scope', type: 'TEXT', value: 'orders' },
  ],
};

describe('records with an event name are events', () => {
  test('in JSON, compressed or not; a request that is sent again repeats nothing', async () => {
    const body = JSON.stringify(requestOf([{ ...record('json.order.failed'), traceId }]));
    const reply = await post(gzipSync(body), { ...json, 'Content-Encoding': 'gzip' });
    expect([reply.status, await reply.json()]).toEqual([200, {}]);
    expect((await post(body)).status).toBe(200);
    await expect.poll(() => recorded('json')).toEqual([{ ...expected, type: 'json.order.failed' }]);
  });

  test('in protobuf', async () => {
    const bytes = Export.requestSerialize(
      requestOf([{ ...record('proto.order.failed'), traceId: Buffer.from(traceId, 'hex') }]),
    );
    const reply = await post(bytes, protobuf);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/x-protobuf');
    expect((await reply.arrayBuffer()).byteLength).toBe(0);
    await expect
      .poll(() => recorded('proto'))
      .toEqual([{ ...expected, type: 'proto.order.failed' }]);
  });

  test('by the attribute event.name as well, with a structured body as the value', async () => {
    const kvlistValue = { values: [{ key: 'a', value: { intValue: 1 } }] };
    const body = requestOf([
      { attributes: [text('event.name', 'old.name')], body: { kvlistValue } },
    ]);
    expect((await post(JSON.stringify(body))).status).toBe(200);
    await expect
      .poll(() => recorded('old'))
      .toMatchObject([{ type: 'old.name', value: { a: 1 }, message: null, severity: 'NORMAL' }]);
  });
});

test('equal records of one request are as many events', async () => {
  await post(JSON.stringify(requestOf([record('equal.x'), record('equal.x')])));
  await expect.poll(() => recorded('equal')).toHaveLength(2);
});

test('other records and those outside the limits are rejected, and counted', async () => {
  const body = requestOf([
    { body: { stringValue: 'a log line' } },
    record('mixed.good'),
    record(`mixed.${'x'.repeat(300)}`),
  ]);
  const reply = await post(JSON.stringify(body));
  expect(reply.status).toBe(200);
  expect(await reply.json()).toEqual({
    partialSuccess: {
      rejectedLogRecords: '2',
      errorMessage:
        'event 1: type: It has 300 characters: give 256 at most.; 1 records have no event name, and are not events',
    },
  });
  const bytes = await post(Export.requestSerialize(body), protobuf);
  const answer = Export.responseDeserialize(Buffer.from(await bytes.arrayBuffer()));
  expect(String(answer.partialSuccess.rejectedLogRecords)).toBe('2');
});

test('doubles are numbers or, as protobuf has them in JSON, strings', async () => {
  const attributes = ['1.5', 2.5, 'NaN', '-Infinity'].map((doubleValue, at) => ({
    key: `d${at}`,
    value: { doubleValue },
  }));
  const request = requestOf([{ eventName: 'Doubles.Read', attributes }]);
  expect((await post(JSON.stringify(request))).status).toBe(200);
  const [event] = await recorded('Doubles');
  expect(event.traits).toEqual(
    expect.arrayContaining([
      { name: 'd0', type: 'FLOAT', value: 1.5 },
      { name: 'd1', type: 'FLOAT', value: 2.5 },
      { name: 'd2', type: 'TEXT', value: 'NaN' },
      { name: 'd3', type: 'TEXT', value: '-Infinity' },
    ]),
  );
});

test('an empty request is a success', async () => {
  expect((await post('{}')).status).toBe(200);
  expect((await post(Buffer.alloc(0), protobuf)).status).toBe(200);
});

describe('bad input', () => {
  test.each<[string, number, string | Buffer, Record<string, string>]>([
    ['no JSON', 400, '{', json],
    ['a list', 400, '[]', json],
    ['deep JSON', 400, '['.repeat(100_000), json],
    ['records that are no list', 400, '{"resourceLogs":5}', json],
    [
      'a time that is none',
      400,
      JSON.stringify(requestOf([{ eventName: 'a', timeUnixNano: 'x' }])),
      json,
    ],
    ['a value that is none', 400, JSON.stringify(requestOf([{ eventName: 'a', body: 5 }])), json],
    ...[
      { stringValue: 1.5 },
      { boolValue: 'yes' },
      { doubleValue: 'x' },
      { doubleValue: true },
      { bytesValue: 7 },
      { intValue: 1.5 },
    ].map((value): [string, number, string, Record<string, string>] => [
      `an attribute of ${JSON.stringify(value)}`,
      400,
      JSON.stringify(requestOf([{ eventName: 'a', attributes: [{ key: 'a', value }] }])),
      json,
    ]),
    ['no protobuf', 400, Buffer.from('ffff', 'hex'), protobuf],
    ['deep protobuf', 400, deepProtobuf(), protobuf],
    ['another type', 415, 'a', { 'Content-Type': 'text/plain' }],
    ['no gzip', 400, 'a', { ...json, 'Content-Encoding': 'gzip' }],
    [
      'a body that inflates too far',
      413,
      gzipSync(Buffer.alloc(17 * 2 ** 20)),
      { ...json, 'Content-Encoding': 'gzip' },
    ],
    ['too many records', 413, JSON.stringify(requestOf(Array(10_001).fill({}))), json],
  ])('%s is answered %d', async (_, status, body, headers) => {
    expect((await post(body, headers)).status).toBe(status);
  });

  test('another method is answered 405', async () => {
    expect((await fetch(`${gateway.url}/v1/logs`)).status).toBe(405);
  });
});

/** A body whose value is a list in a list, 5,000 times. */
function deepProtobuf(): Buffer {
  const field = (number: number, content: Buffer): Buffer => {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>>= 7) {
      length.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) break;
    }
    return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), content]);
  };
  let value = Buffer.alloc(0) as Buffer;
  for (let level = 0; level < 5_000; level++) value = field(5, field(1, value));
  return field(1, field(2, field(2, field(5, value))));
}
