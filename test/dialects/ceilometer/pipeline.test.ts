import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileEncoder, httpEncoder } from '../../../src/dialects/ceilometer/encode.ts';
import { readPipelines } from '../../../src/dialects/ceilometer/pipeline/pipeline.ts';
import { openPipelineFile } from '../../../src/dialects/ceilometer/pipeline/pipeline-file.ts';
import { parsePublisher } from '../../../src/dialects/ceilometer/pipeline/publisher.ts';
import { messageSignature } from '../../../src/dialects/ceilometer/pipeline/signature.ts';
import { readYaml, toValue } from '../../../src/dialects/ceilometer/yaml.ts';
import type { Event } from '../../../src/event/event.ts';
import { parseFilter } from '../../../src/event/filter-input.ts';
import { matchesFilter } from '../../../src/event/matcher.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import cases from '../../fixtures/ceilometer/pipeline-cases.json' with { type: 'json' };
import { bootGateway } from '../../harness.ts';
import { hasRabbitMq, startRabbitMq } from '../../rabbitmq.ts';
import { startReceiver, until } from '../../sinks/receiver.ts';
import { LogLines } from '../log-lines.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidings-pipeline-'));
const file = join(directory, 'event_pipeline.yaml');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const opened = (text: string, log = createLog('silent')) => {
  writeFileSync(file, text);
  return openPipelineFile({ file, secret: 's', brokers: null, durable: false, log });
};

const pipelineOf = (publishers: readonly string[], events = '*') =>
  `sources: [{name: s, events: ['${events}'], sinks: [k]}]
sinks: [{name: k, publishers: ${JSON.stringify(publishers)}}]`;

describe.each(cases.cases)("Ceilometer's own verdict: $name", (given) => {
  const text = given.event_pipeline_yaml;

  if (given.error) {
    test('the fault, in its words', () => {
      const wanted = given.error?.message ?? '';
      const read = () => readPipelines(toValue(readYaml(text)));
      // Python shows an object of its own there, with an address.
      const [start, end = ''] = wanted.split(/<.*>/);
      expect(read).toThrow(end === '' ? start : end);
      expect(() => opened(text)).toThrow(`${file}: Pipeline `);
    });
  }

  if (given.pipelines) {
    test('the pipelines, and which events each of them delivers', () => {
      const pipelines = readPipelines(toValue(readYaml(text)));
      expect(pipelines.map(({ name }) => name)).toEqual(given.pipelines);
      const { loaded: sinks } = opened(text);
      // Ceilometer counted what each publisher was given, and pipelines with one URL share their publisher.
      const publishers = new Map(pipelines.map((each) => [each.name, each.publishers.join()]));
      const publishersOf = (name: string) => publishers.get(name);
      for (const [type, counts] of Object.entries(given.delivered_per_pipeline ?? {})) {
        for (const [name, count] of Object.entries(counts as Record<string, number>)) {
          const delivering = sinks.filter(({ input }) => {
            const filter = parseFilter(input.filter ?? {}, { now: 0, path: [] });
            return (
              publishersOf(input.name) === publishersOf(name) &&
              matchesFilter(filter, { type } as Event)
            );
          });
          expect([type, name, delivering.length]).toEqual([type, name, count]);
        }
      }
    });
  }
});

test.each([
  ['{}', 'Pipeline {}: Both sources & sinks are required'],
  ['sources: []', "Pipeline {'sources': []}: Both sources & sinks are required"],
  [
    'sources: [{events: ["*"], sinks: [k]}]\nsinks: []',
    "Pipeline {'events': ['*'], 'sinks': ['k']}: Required field name not specified",
  ],
  [
    'sources: [{name: s, events: ["*"], sinks: []}]\nsinks: []',
    "Pipeline {'name': 's', 'events': ['*'], 'sinks': []}: No sink defined in source s",
  ],
  [
    'sources: [{name: s, events: ["*"], sinks: [zzz]}]\nsinks: [{name: k, publishers: [test]}]',
    "Pipeline {'name': 's', 'events': ['*'], 'sinks': ['zzz']}: Dangling sink zzz from source s",
  ],
  [
    'sources: []\nsinks: [{name: k, publishers: []}]',
    "Pipeline {'name': 'k', 'publishers': []}: No publisher specified",
  ],
  [
    'sources: []\nsinks: [{publishers: [test]}]',
    "Pipeline {'publishers': ['test']}: Required field name not specified",
  ],
  [
    'sources: [{name: s, events: ["*", a], sinks: [k]}]\nsinks: []',
    "Pipeline {'name': 's', 'events': ['*', 'a'], 'sinks': ['k']}: Included events specified with wildcard",
  ],
  ['sources: []\nsinks: [{name: k, publishers: [test]}, {name: k}]', ': Duplicated sink names: k'],
])('%s', (text, message) => {
  expect(() => opened(text)).toThrow(message);
});

test('a source and a sink of one name, and several publishers of a sink', () => {
  const { loaded: sinks } = opened(`sources: [{name: k, events: ['*'], sinks: [k]}]
sinks: [{name: k, publishers: [test, 'file:///tmp/e?json', 'notifier://h?topic=a&topic=b']}]`);
  expect(sinks.map(({ input }) => [input.name, Object.keys(input.target)])).toEqual([
    ['event:k', ['file']],
    ['event:k:2', ['file']],
    ['event:k:3', ['amqp']],
    ['event:k:4', ['amqp']],
  ]);
});

test.each(['gnocchi://', 'zaqar://?queue=q'])('%s is rejected at load by its name', (url) => {
  expect(() => opened(pipelineOf([url]))).toThrow(
    new RegExp(`Pipeline .*: Publisher ${url.slice(0, 5)}.*:// is not supported`),
  );
});

test.each(['udp://h:1', 'tcp://h:1', 'nosuch://', 'http://', 'file://', 'notifier://'])(
  '%s is only logged',
  (url) => {
    const lines = new LogLines();
    const { loaded: sinks } = opened(pipelineOf([url, 'test']), lines.log);
    expect(sinks).toHaveLength(1);
    expect(lines.errors).toEqual(['error Unable to load publisher.']);
  },
);

test("an HTTP publisher's own parameters are taken out of its URL", () => {
  const url =
    'https://u%40:p@h:1/a?x=1&timeout=2&timeout=3.5&max_retries=9&batch=False&verify_ssl=no&raw_only=yes&y=';
  expect(parsePublisher(url)).toEqual({
    kind: 'HTTP',
    url: 'https://h:1/a?x=1&y=',
    credentials: 'u%40:p',
    timeoutMs: 3_500,
    batch: false,
    rawOnly: true,
    verify: false,
    authorities: null,
    certificate: null,
    key: null,
  });
});

test('a bad file changes nothing when it is read again', () => {
  const lines = new LogLines();
  const pipeline = opened(pipelineOf(['test']), lines.log);
  writeFileSync(file, '{}');
  pipeline.reload();
  expect(pipeline.loaded).toHaveLength(1);
  expect(lines.errors).toHaveLength(1);
  writeFileSync(file, pipelineOf(['test', 'test']));
  pipeline.reload();
  expect(pipeline.loaded).toHaveLength(2);
});

describe('signatures', () => {
  const message = {
    message_id: 'm1',
    event_type: 'floatingip.delete.end',
    generated: '2026-01-01T00:00:00.500000',
    traits: [
      ['service', 1, 'network.ctl'],
      ['memory_mb', 2, 512],
    ],
    raw: {},
  };
  const signature = '16996f5115e8904c957edec916a6422eba3a8d9938d3985db34137e245ce5fd2';

  test("that of Ceilometer's own function", () => {
    const secret = 'change this for valid signing';
    expect(messageSignature(message, secret)).toBe(signature);
    expect(messageSignature({ ...message, message_signature: 'x' }, secret)).toBe(signature);
    expect(messageSignature(message, 'other')).not.toBe(signature);
    expect(messageSignature(message, '')).toBe('');
  });
});

const event = {
  id: '0192f0c1-0000-7000-8000-000000000001',
  index: 7,
  type: 'a.b',
  time: 1_767_225_600_500_000,
  recordedAt: 1_767_225_600_000_000,
  dialect: 'CEILOMETER',
  traits: [
    { name: "it's", type: 'TEXT', value: 'x' },
    { name: 'at', type: 'DATETIME', value: 1_767_225_600_000_000 },
  ],
  raw: { payload: { a: 1 } },
} as unknown as Event;
const context = { sinkId: 's', replay: false, routingKey: null };

test('lines of a file: text of a Python dict, or JSON', () => {
  expect(fileEncoder(false).encode([event], context)?.body).toBe(
    "{'message_id': '0192f0c1-0000-7000-8000-000000000001', 'event_type': 'a.b', " +
      "'generated': datetime.datetime(2026, 1, 1, 0, 0, 0, 500000), " +
      `'traits': [{'name': "it's", 'dtype': 1, 'value': 'x'}, ` +
      "{'name': 'at', 'dtype': 4, 'value': datetime.datetime(2026, 1, 1, 0, 0)}], 'raw': {'payload': {'a': 1}}}",
  );
  expect(fileEncoder(true).encode([event], context)?.body).toContain(
    '"generated": "2026-01-01 00:00:00.500000"',
  );
});

test('bodies of HTTP: an array, one event, or the payload alone', () => {
  const body = (batch: boolean, rawOnly: boolean, of = event) =>
    httpEncoder({ batch, rawOnly }).encode([of], context)?.body;
  expect(body(true, false)).toMatch(/^\[\{"message_id": /);
  expect(body(false, false)).toMatch(/^\{"message_id": /);
  expect(body(true, true)).toBe('[{"a": 1}]');
  expect(body(true, true, { ...event, raw: null })).toBeUndefined();
});

describe('a gateway with PIPELINE_FILE', () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver[Symbol.asyncDispose]());

  const boot = (environment: Record<string, string> = {}) =>
    bootGateway({
      environment: { PIPELINE_FILE: file, TIDINGS_SINK_NETWORKS: '127.0.0.0/8', ...environment },
    });
  const report = (gateway: Awaited<ReturnType<typeof boot>>, ...types: string[]) =>
    gateway.gql(
      `mutation ($events: [EventInput!]!) { reportEvents(events: $events) { results { ... on ReportedEvent { id } } } }`,
      { events: types.map((type) => ({ type })) },
    );

  test('publishes by HTTP and to a file, and declares anew on reload', async () => {
    const lines = join(directory, 'events');
    const { port } = new URL(receiver.url);
    writeFileSync(
      file,
      pipelineOf([`http://u:p@127.0.0.1:${port}/x?timeout=3&k=v`, `file://${lines}?json`], 'a.*'),
    );
    await using gateway = await boot();
    const names = async () =>
      (await gateway.gql('{ sinks { name origin } }')).sinks.map(
        ({ name, origin }: Record<string, string>) => `${name} ${origin}`,
      );
    await until(async () => (await names()).length === 2);
    expect(await names()).toEqual(['event:s:k FILE', 'event:s:k:2 FILE']);
    await report(gateway, 'a.one', 'b.two', 'a.three');
    await until(() => receiver.received.length === 2);
    expect(receiver.received.map(({ json }) => json[0].event_type).sort()).toEqual([
      'a.one',
      'a.three',
    ]);
    expect(receiver.received[0]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('u:p').toString('base64')}`,
      'content-type': 'application/json',
    });
    await until(() => readFileSync(lines, 'utf8').split('\n').length === 3);
    const types = readFileSync(lines, 'utf8').trim().split('\n');
    expect(types.map((line) => JSON.parse(line).event_type)).toEqual(['a.one', 'a.three']);
    writeFileSync(file, pipelineOf(['test'], 'a.*'));
    await gateway.gateway.reload();
    await until(async () => (await names()).join() === 'event:s:k FILE');
  });

  test.skipIf(!hasRabbitMq)(
    'publishes signed notifications to RabbitMQ',
    async () => {
      await using broker = await startRabbitMq();
      const url = new URL(broker.url);
      writeFileSync(
        file,
        pipelineOf([
          `notifier://${url.username ? `${url.username}:${url.password}@` : ''}${url.host}${url.pathname}`,
        ]),
      );
      await using gateway = await boot({ TIDINGS_TELEMETRY_SECRET: 'secret' });
      await until(async () => (await gateway.gql('{ sinks { id } }')).sinks.length === 1);
      await report(gateway, 'compute.instance.create.end');
      const connection = await connect(broker.url);
      try {
        const channel = await connection.createChannel();
        await until(
          async () =>
            (await gateway.gql('{ sinks { deliveredCount } }')).sinks[0].deliveredCount === 1,
        );
        const message = await channel.get('event.sample', { noAck: true });
        if (message === false) throw new Error('there is no message');
        expect(message.fields).toMatchObject({
          exchange: 'ceilometer',
          routingKey: 'event.sample',
        });
        expect(message.properties).toMatchObject({
          contentType: 'application/json',
          contentEncoding: 'utf-8',
        });
        const outer = JSON.parse(message.content.toString());
        expect(outer['oslo.version']).toBe('2.0');
        const { payload, ...inner } = JSON.parse(outer['oslo.message']);
        expect(inner).toMatchObject({ event_type: 'event', priority: 'SAMPLE' });
        expect(inner._unique_id).toMatch(/^[0-9a-f]{32}$/);
        const [{ message_signature, ...published }] = payload;
        expect(published.event_type).toBe('compute.instance.create.end');
        expect(message_signature).toBe(messageSignature(published, 'secret'));
      } finally {
        await connection.close();
      }
    },
    120_000,
  );
});
