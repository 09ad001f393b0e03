import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NomadSource } from '../../../src/dialects/nomad/source.ts';
import { parseTopics } from '../../../src/dialects/nomad/stream-query.ts';
import cases from '../../fixtures/nomad-filter-cases.json' with { type: 'json' };
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, OpenStream } from '../http-client.ts';
import { GoClient } from './go-client.ts';
import { type ClusterEvent, NomadCluster } from './nomad-cluster.ts';

/** A case of the file, whose members differ from group to group. */
// biome-ignore lint/suspicious/noExplicitAny: the file is the schema.
type Case = any;

const named = (list: readonly Case[]): [string, Case][] =>
  list.map((each, at) => [each.id ?? String(at), each]);
const caseOf = (list: readonly Case[], id: string): Case => list.find((each) => each.id === id);

/** Cases of the file that are not about this interface. */
const elsewhere: Readonly<Record<string, string>> = {
  operator_debug_topic_parse: 'how the nomad command reads its own options',
  acl: 'in rights.test.ts, with grants that say the same',
  ndjson: 'a function within Nomad',
  event_construction: 'what Nomad’s state store makes events of',
  'buffer: slow-reader': 'nothing is dropped: a slow reader is served from the store',
  'buffer: fuzz': 'a function within Nomad; many readers at once are in load.long.test.ts',
  'broker: delete-token-closes-stream': 'in rights.test.ts',
  'broker: token-expiry-lazy': 'in rights.test.ts: a stream does not outlive its token here',
  'http: QUIRK-denied-since-1.11.2': 'a stream that is denied is 403: rights.test.ts',
  'http: broker-disabled': 'there is no such setting',
};
const covered: Readonly<Record<string, readonly string[]>> = {
  buffer: ['start-with-gaps'],
  broker: ['publish-subscribe', 'empty-token-independent', 'close-all', 'backlog-then-live'],
  http: ['stream-ok', 'bad-index', 'bad-topic'],
};

test('every case is run here or is not of this interface', () => {
  const whole = ['about', 'filter', 'query_parse', 'go_client_requests', 'go_client_decode'];
  const missing = Object.entries(cases).flatMap(([group, list]) => {
    if (whole.includes(group) || group in elsewhere) return [];
    return named(list as Case[])
      .filter(([id]) => !covered[group]?.includes(id) && !(`${group}: ${id}` in elsewhere))
      .map(([id]) => `${group}: ${id}`);
  });
  expect(missing).toEqual([]);
});

let gateway: TestGateway;
let cluster: NomadCluster;
let source: NomadSource;
let clusterIndex = 100;
let stream: string;

beforeAll(async () => {
  gateway = await startGateway({ heartbeat: 50 });
  cluster = await NomadCluster.start();
  source = new NomadSource(gateway.context, {
    address: cluster.address,
    token: null,
    cluster: 'cases',
    namespace: '*',
    topics: [],
  });
  stream = `${gateway.url}/v1/event/stream`;
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** Publishes events, each in a transaction of its own, and answers the index after which they come. */
async function brought(events: readonly ClusterEvent[]): Promise<number> {
  const before = await gateway.context.journal.lastIndex();
  for (const event of events) cluster.publish(++clusterIndex, event);
  const last = before + events.length;
  await eventually(async () => expect(gateway.context.journal.position).toBe(last));
  return before;
}

const queryOf = ({ topics, namespaces = ['default'] }: Case): URLSearchParams => {
  const query = new URLSearchParams({ namespace: namespaces[0] ?? 'nowhere' });
  for (const [topic, keys] of Object.entries<string[]>(topics)) {
    for (const key of keys) query.append('topic', `${topic}:${key}`);
  }
  return query;
};

/** Events that a stream delivers before its second heartbeat: those recorded before it was opened. */
async function backlog(query: URLSearchParams | string): Promise<GoClient> {
  const client = await GoClient.open(`${stream}?${query}`);
  await eventually(() => expect(client.heartbeats).toBeGreaterThan(2));
  await client[Symbol.asyncDispose]();
  return client;
}

describe('filter', () => {
  test.each(named(cases.filter))('%s', async (_id, each) => {
    const events: Case[] = each.events;
    const after = await brought(events.map((event) => ({ ...event, Payload: { Name: event.id } })));
    const query = queryOf(each.subscription);
    query.set('after', String(after));
    const client = await backlog(query);
    const expected: string[] = each.recommended ?? each.expected;
    expect(client.events.map(({ Payload }) => Payload?.Name)).toEqual(expected);
    expect(client.error).toBeNull();
    for (const [at, delivered] of client.events.entries()) {
      const {
        id: _,
        Index: __,
        Payload: ___,
        ...fields
      } = events.find(({ id }) => id === expected[at]);
      expect(delivered).toMatchObject(fields);
    }
  });
});

describe('query_parse', () => {
  test.each(named(cases.query_parse))('%s', async (_id, { query, topics, error }) => {
    if (error) {
      const { status, headers, body } = await ask(`${stream}${query}`);
      expect({ status, body }).toEqual({ status: error.status, body: error.body });
      expect(headers['content-type']).toBe('text/plain');
      return;
    }
    await using taken = await OpenStream.open(`${stream}${query}`);
    expect(taken.status).toBe(200);
    const parsed = parseTopics(new URLSearchParams(query).getAll('topic'));
    const expected = Object.entries<string[]>(topics).flatMap(([category, keys]) =>
      keys.map((key) => ({ category, key: key === '*' ? null : key })),
    );
    expect(parsed).toEqual(expected);
  });
});

describe('buffer', () => {
  describe('start-with-gaps', () => {
    const { buffer, cases: requests } = caseOf(cases.buffer, 'start-with-gaps');
    let own: TestGateway;

    beforeAll(async () => {
      own = await startGateway({ heartbeat: 50 });
      // Each further report of an event moves it: that leaves gaps.
      for (const index of buffer.appended_batch_indexes) {
        const id = `00000000-0000-4000-8000-0000000000${String(index).padStart(2, '0')}`;
        for (let at = await own.context.journal.lastIndex(); at < index; at++) {
          await own.context.intake.report([{ dialect: 'TIDINGS', id, message: `${at}` }], 'STORED');
        }
      }
    });
    afterAll(() => own[Symbol.asyncDispose]());

    test.each<[string, Case]>(requests.map((each: Case) => [String(each.request_index), each]))(
      'index %s',
      async (_index, { request_index: index, batches_delivered_immediately: expected }) => {
        // The file's largest index is that of a 64 bit integer.
        const asked = index > Number.MAX_SAFE_INTEGER ? '9223372036854775807' : String(index);
        const client = await GoClient.open(`${own.url}/v1/event/stream?index=${asked}`);
        await eventually(() => expect(client.heartbeats).toBeGreaterThan(2));
        expect(client.batches.map(({ Index }) => Index)).toEqual(expected);
        await client[Symbol.asyncDispose]();
      },
    );
  });
});

describe('broker', () => {
  test('publish-subscribe', async () => {
    const { subscription, steps } = caseOf(cases.broker, 'publish-subscribe');
    const after = await brought([]);
    const query = queryOf(subscription);
    query.set('after', String(after));
    await using client = await GoClient.open(`${stream}?${query}`);
    const published: Case[] = steps.filter((step: Case) => 'publish' in step);
    for (const [at, { publish }] of published.entries()) {
      await brought(publish.Events);
      await eventually(() => expect(client.events).toHaveLength(at + 1));
      // A payload that is no object is wrapped.
      expect(client.events[at]).toMatchObject({
        Topic: 'Test',
        Key: 'sub-key',
        Payload: { Value: publish.Events[0].Payload },
      });
    }
  });

  test('empty-token-independent', async () => {
    await using stays = await GoClient.open(`${stream}?topic=Independent`);
    {
      await using _goes = await GoClient.open(`${stream}?topic=Independent`);
    }
    await brought([{ Topic: 'Independent' }]);
    await eventually(() => expect(stays.events).toHaveLength(1));
    expect(stays.error).toBeNull();
  });

  test('close-all', async () => {
    await using own = await startGateway();
    await own.context.intake.report([{ dialect: 'TIDINGS', category: 'Job' }], 'STORED');
    await using client = await GoClient.open(`${own.url}/v1/event/stream`);
    await eventually(() => expect(client.events).toHaveLength(1));
    await own[Symbol.asyncDispose]();
    // Without the bare error that Nomad writes after the last line, which clients cannot decode.
    await eventually(() => expect(client.error).toBe('EOF'));
  });

  test('backlog-then-live', async () => {
    await brought([{ Topic: 'Backlog', Key: '1' }]);
    await using client = await GoClient.open(`${stream}?topic=Backlog`);
    await brought([
      { Topic: 'Backlog', Key: '2' },
      { Topic: 'Backlog', Key: '3' },
    ]);
    await eventually(() => expect(client.events.map(({ Key }) => Key)).toEqual(['1', '2', '3']));
  });
});

describe('http', () => {
  test('stream-ok', async () => {
    const { body_contains: text } = caseOf(cases.http, 'stream-ok');
    const after = await brought([{ Topic: 'Http', Payload: { ID: '123' } }]);
    await using open = await OpenStream.open(`${stream}?after=${after}`);
    await eventually(() => expect(open.text).toContain(text));
    expect(open.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-cache',
    });
    expect(open.text).toMatch(/^\{\}\n/);
  });

  test.each(['bad-index', 'bad-topic'])('%s', async (id) => {
    const { request, status, body } = caseOf(cases.http, id);
    const reply = await ask(`${gateway.url}${request.replace('GET ', '')}`);
    expect({ status: reply.status, body: reply.body }).toEqual({ status, body });
    expect(reply.headers['content-type']).toBe('text/plain');
  });
});

describe('go_client_requests', () => {
  test('topic-without-keys', async () => {
    const { request_query } = caseOf(cases.go_client_requests, 'topic-without-keys');
    await brought([{ Topic: 'Evaluation' }, { Topic: 'Other' }]);
    const client = await backlog(new URLSearchParams(request_query));
    expect(client.batches[0]).toMatchObject({ Events: [{ Topic: 'Evaluation' }] });
    expect(new Set(client.events.map(({ Topic }) => Topic))).toEqual(new Set(['Evaluation']));
  });

  test('topic-with-keys', async () => {
    const { request_query: asked } = caseOf(cases.go_client_requests, 'topic-with-keys');
    const after = await brought(['web', 'db', 'api'].map((Key) => ({ Topic: 'Job', Key })));
    const query = new URLSearchParams(asked.topic.map((topic: string) => ['topic', topic]));
    query.set('index', String(after + 1));
    expect((await backlog(query)).events.map(({ Key }) => Key)).toEqual(['web', 'api']);
  });

  test('cancel', async () => {
    const feeds = (count: number) =>
      eventually(async () => expect(await gateway.feeds()).toBe(count));
    await feeds(0);
    {
      await using _client = await GoClient.open(`${stream}?topic=Evaluation:*`);
      await feeds(1);
    }
    await feeds(0);
  });
});

describe('go_client_decode', () => {
  test.each(named(cases.go_client_decode))('%s', async (_id, { line }) => {
    const after = await brought([line]);
    const [event] = (await backlog(`after=${after}`)).events;
    expect(event).toMatchObject({ Topic: line.Topic, Payload: line.Payload });
  });
});
