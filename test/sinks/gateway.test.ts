import { createClient } from 'graphql-sse';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type Receiver, startReceiver, status, until } from './receiver.ts';

let gateway: TestGateway;
let receiver: Receiver;
let names = 0;

beforeAll(async () => {
  gateway = await bootGateway({
    environment: {
      TIDINGS_SECRET_KEY: 'a key for the tests only',
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    },
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

/** Creates a sink for one category of events. */
async function createSink(more: Record<string, unknown> = {}, webhook: object = {}) {
  names += 1;
  const category = `Kind${names}`;
  const input = {
    name: `sink ${names}`,
    filter: { categories: [category] },
    target: { webhook: { url: receiver.url, ...webhook } },
    ...more,
  };
  const { createSink: made } = await gateway.gql(
    `mutation ($input: SinkInput!) {
       createSink(input: $input) { secret sink { id state version cursor target { ... on WebhookTarget { url signed headerNames timeout } } } }
     }`,
    { input },
  );
  return { ...made, id: made.sink.id as string, category, input };
}

const report = async (category: string, ...events: object[]) => {
  const { reportEvents } = await gateway.gql(
    `mutation ($events: [EventInput!]!) {
       reportEvents(events: $events) { results { ... on ReportedEvent { id index } } }
     }`,
    { events: events.map((event) => ({ category, action: 'Made', ...event })) },
  );
  return reportEvents.results as { id: string; index: number }[];
};

const sink = async (id: string, fields: string) =>
  (await gateway.gql(`query ($id: ID!) { sink(id: $id) { ${fields} } }`, { id })).sink;

describe('a sink', () => {
  test('delivers what matches, signed, under an id that names the event and its index', async () => {
    const { category, secret, id } = await createSink();
    expect(secret).toMatch(/^whsec_/);
    await report('Other', {});
    const [first] = await report(category, { key: 'a', message: 'hello', value: { n: 1 } });
    await until(() => receiver.received.length === 1);
    const [{ headers, json }] = receiver.received as [Receiver['received'][number]];
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': `evt_${first?.id}_${first?.index}`,
      'tidings-index': String(first?.index),
      'tidings-sink': id,
      'tidings-attempt': '1',
    });
    expect(json).toMatchObject({
      type: `${category}.Made`,
      data: {
        id: first?.id,
        category,
        action: 'Made',
        key: 'a',
        message: 'hello',
        value: { n: 1 },
      },
    });
    await until(async () => (await sink(id, 'deliveredCount')).deliveredCount === 1);
    const shown = await sink(id, 'state cursor attempts { succeeded status indexes response }');
    expect(shown).toMatchObject({
      state: 'ACTIVE',
      attempts: [{ succeeded: true, status: 200, indexes: [first?.index], response: 'ok' }],
    });
  });

  test('keeps the order of each key', async () => {
    const { category } = await createSink({ parallel: 8 });
    receiver.answer = async (_, response) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      response.end();
    };
    const events = Array.from({ length: 60 }, (_, n) => ({ key: `key ${n % 7}`, value: n }));
    await report(category, ...events);
    await until(() => receiver.received.length >= events.length);
    for (let key = 0; key < 7; key++) {
      const values = receiver.received
        .filter(({ json }) => json.data.key === `key ${key}`)
        .map(({ json }) => json.data.value);
      expect(values).toEqual(
        events.filter((each) => each.key === `key ${key}`).map(({ value }) => value),
      );
    }
  });

  test('lists a hundred failed deliveries with their events', async () => {
    const { category, id } = await createSink();
    receiver.answer = status(422);
    const events = Array.from({ length: 100 }, (_, n) => ({ key: `key ${n}` }));
    const reported = await report(category, ...events);
    const selection = 'failedDeliveries(first: 200) { totalCount nodes { key event { id } } }';
    const failed = async () => (await sink(id, selection)).failedDeliveries;
    await until(async () => (await failed()).totalCount === events.length);
    expect((await failed()).nodes).toEqual(
      reported.map((event, n) => ({ key: `key ${n}`, event: { id: event.id } })),
    );
  });

  test('keeps what the target rejects, with the later events of its key, and goes on with the others', async () => {
    const { category, id } = await createSink();
    receiver.answer = ({ json }, response) =>
      status(json.data.key === 'bad' ? 422 : 200, 'no thanks')({} as never, response);
    const reported = await report(category, { key: 'bad' }, { key: 'good' }, { key: 'bad' });
    const failed = async () =>
      await sink(
        id,
        `cursor failedCount failedDeliveries { totalCount pageInfo { hasNextPage endCursor }
           nodes { id index key status attempts lastStatus lastError body event { id } nextAttemptAt } }`,
      );
    await until(async () => (await failed()).failedDeliveries.totalCount === 2);
    expect((await failed()).failedDeliveries.nodes).toMatchObject([
      {
        index: reported[0]?.index,
        key: 'bad',
        status: 'RETRYING',
        attempts: 1,
        lastStatus: 422,
        lastError: 'no thanks',
        event: { id: reported[0]?.id },
      },
      {
        index: reported[2]?.index,
        attempts: 0,
        lastStatus: null,
        lastError: 'It waits for an earlier event of its key.',
      },
    ]);
    await until(async () => (await failed()).cursor >= (reported[2]?.index ?? 0));

    receiver.answer = status(200);
    const before = receiver.received.length;
    const { retryFailedDeliveries } = await gateway.gql(
      'mutation ($id: ID!) { retryFailedDeliveries(sinkId: $id) }',
      { id },
    );
    expect(retryFailedDeliveries).toBe(2);
    await until(async () => (await failed()).failedDeliveries.totalCount === 0);
    const again = receiver.received.slice(before).map(({ headers }) => headers);
    expect(again.map((headers) => headers['webhook-id'])).toEqual(
      [reported[0], reported[2]].map((event) => `evt_${event?.id}_${event?.index}`),
    );
    expect(again[0]?.['tidings-attempt']).toBe('2');
  });

  test('waits for a target that fails, says so as an event, and catches up in order', async () => {
    const { category, id } = await createSink({ parallel: 1 });
    receiver.answer = status(503, 'down', { 'retry-after': '0' });
    const reported = await report(category, { value: 1 }, { value: 2 }, { value: 3 });
    await until(async () => (await sink(id, 'state')).state === 'FAILING');
    expect(await sink(id, 'stateReason failedCount cursor lag { seconds }')).toMatchObject({
      stateReason: 'The target answered 503.',
      failedCount: 0,
    });
    const events = () =>
      gateway.gql(
        `query ($id: String!) {
           events(filter: { categories: ["Sink"], keys: [$id] }, orderBy: INDEX_ASC) { nodes { type endTime severity } }
         }`,
        { id },
      );
    await until(async () => (await events()).events.nodes.length === 1);
    expect((await events()).events.nodes).toEqual([
      { type: 'Sink.Failing', endTime: null, severity: 'ERROR' },
    ]);

    receiver.answer = status(200);
    await until(async () => (await sink(id, 'state')).state === 'ACTIVE');
    await until(async () => (await sink(id, 'cursor')).cursor >= (reported[2]?.index ?? 0));
    await until(async () => (await events()).events.nodes[0].endTime !== null);
    const delivered = receiver.received.map(({ json }) => json.data.value);
    expect([...new Set(delivered)]).toEqual([1, 2, 3]);
  });

  test('is disabled by a target that is gone, and goes on when it is resumed', async () => {
    const { category, id } = await createSink();
    receiver.answer = status(410);
    await report(category, { value: 1 });
    await until(async () => (await sink(id, 'state')).state === 'DISABLED');
    receiver.answer = status(200);
    await gateway.gql('mutation ($id: ID!) { resumeSink(id: $id) { state } }', { id });
    await until(async () => (await sink(id, 'deliveredCount')).deliveredCount === 1);
  });

  test('pauses, and goes on from where it is resumed', async () => {
    const { category, id } = await createSink();
    const pause =
      'mutation ($id: ID!) { pauseSink(id: $id, reason: "lunch") { state stateReason } }';
    expect((await gateway.gql(pause, { id })).pauseSink).toEqual({
      state: 'PAUSED',
      stateReason: 'lunch',
    });
    const [first, second] = await report(category, { value: 1 }, { value: 2 });
    await gateway.gql(
      'mutation ($id: ID!, $index: SafeInt!) { resumeSink(id: $id, from: { index: $index }) { state } }',
      { id, index: second?.index },
    );
    await until(() => receiver.received.length === 1);
    expect(receiver.received[0]?.json.data.index).toBe(second?.index);
    expect(first?.index).toBeLessThan(second?.index ?? 0);
  });

  test('delivers a part of the past again under the same ids', async () => {
    const { category, id } = await createSink();
    const reported = await report(category, { value: 1 }, { value: 2 }, { value: 3 });
    await until(() => receiver.received.length === 3);
    const { replaySink } = await gateway.gql(
      `mutation ($id: ID!, $range: ReplayRange!) { replaySink(id: $id, range: $range) { id state from to } }`,
      { id, range: { indexes: { from: reported[1]?.index, to: reported[2]?.index } } },
    );
    expect(replaySink).toMatchObject({ state: 'RUNNING', from: reported[1]?.index });
    await until(() => receiver.received.length === 5);
    expect(receiver.received.slice(3).map(({ headers }) => headers)).toMatchObject(
      reported.slice(1).map((event) => ({
        'webhook-id': `evt_${event.id}_${event.index}`,
        'tidings-replay': '1',
      })),
    );
    const replays = 'replays { state cursor deliveredCount }';
    await until(async () => (await sink(id, replays)).replays[0].state === 'DONE');
    await until(async () => (await sink(id, replays)).replays[0].deliveredCount === 2);
  });

  test('publishes its changes to sinkChanges', async () => {
    const { category, id } = await createSink();
    const client = createClient({ url: gateway.url });
    const changes = client.iterate<{ sinkChanges: { deliveredCount: number } }>({
      query: 'subscription ($ids: [ID!]) { sinkChanges(ids: $ids) { id state deliveredCount } }',
      variables: { ids: [id] },
    });
    const seen: unknown[] = [];
    const reporting = setInterval(() => void report(category, {}), 500);
    for await (const { data } of changes) {
      seen.push(data?.sinkChanges);
      if ((data?.sinkChanges.deliveredCount ?? 0) > 0) break;
    }
    clearInterval(reporting);
    client.dispose();
    expect(seen.at(-1)).toMatchObject({ id, state: 'ACTIVE' });
  });

  test('is updated for who has seen its version, and keeps its secrets', async () => {
    const { id, input, secret } = await createSink(
      {},
      { headers: [{ name: 'X-Key', value: 'k' }] },
    );
    const update = `mutation ($id: ID!, $input: SinkInput!, $version: Int) {
      updateSink(id: $id, input: $input, version: $version) { version name target { ... on WebhookTarget { headerNames } } }
    }`;
    const changed = {
      ...input,
      name: `${input.name} again`,
      target: { webhook: { url: receiver.url } },
    };
    expect((await gateway.gql(update, { id, input: changed, version: 1 })).updateSink).toEqual({
      version: 2,
      name: changed.name,
      target: { headerNames: ['X-Key'] },
    });
    const { errors } = await gateway.run(update, { id, input: changed, version: 1 });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT' });
    await gateway.gql('mutation ($id: ID!) { testSink(id: $id) { succeeded status } }', { id });
    expect(receiver.received.at(-1)?.headers).toMatchObject({ 'x-key': 'k' });
    expect(secret).not.toBeNull();
  });

  test('shows how it was given, without secrets, and is tested as it would be changed, with them', async () => {
    const headers = [{ name: 'X-Key', value: 'k' }];
    const more = { format: 'TEMPLATE', template: '{type}', disableAfter: '1h' };
    const { id, input } = await createSink(more, { headers });
    const { definition } = await sink(id, 'definition');
    expect(definition).toMatchObject({
      ...more,
      name: input.name,
      filter: input.filter,
      target: { webhook: { url: receiver.url, headers: [{ name: 'X-Key', value: '' }] } },
    });
    expect(JSON.stringify(definition)).not.toContain('whsec_');

    const testIt =
      'mutation ($id: ID, $input: SinkInput) { testSink(id: $id, input: $input) { succeeded } }';
    const changed = { ...input, template: 'changed {type}' };
    await gateway.gql(testIt, { id, input: changed });
    expect(receiver.received.at(-1)).toMatchObject({
      body: expect.stringContaining('changed '),
      headers: { 'x-key': 'k', 'webhook-signature': expect.any(String) },
    });
    expect((await sink(id, 'definition')).definition.template).toBe('{type}');
    const count = receiver.received.length;
    const elsewhere = { webhook: { url: 'http://127.0.0.1:1/hook' } };
    const { errors } = await gateway.run(testIt, { id, input: { ...input, target: elsewhere } });
    expect(errors?.[0]?.message).toContain('give the headers again');
    expect((await gateway.run(testIt, {})).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
    expect(receiver.received.length).toBe(count);
  });

  test('is deleted with everything of it', async () => {
    const { id, category } = await createSink();
    await gateway.gql('mutation ($id: ID!) { deleteSink(id: $id) }', { id });
    expect(await sink(id, 'id')).toBeNull();
    await report(category, {});
    const { errors } = await gateway.run('mutation ($id: ID!) { pauseSink(id: $id) { id } }', {
      id,
    });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
    expect(receiver.received).toEqual([]);
  });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'a private address',
    { target: { webhook: { url: 'http://10.0.0.1/' } } },
    'input.target.webhook.url',
  ],
  [
    'an address in disguise',
    { target: { webhook: { url: 'http://[::ffff:a00:1]/' } } },
    'input.target.webhook.url',
  ],
  [
    'a URL that is none',
    { target: { webhook: { url: 'ftp://example.org' } } },
    'input.target.webhook.url',
  ],
  [
    'a header of the gateway',
    {
      target: { webhook: { url: 'https://example.org', headers: [{ name: 'Host', value: 'x' }] } },
    },
    'input.target.webhook.headers.0.name',
  ],
  [
    'a secret that is short',
    { target: { webhook: { url: 'https://example.org', secret: 'abc' } } },
    'input.target.webhook.secret',
  ],
  [
    'a template that names what does not exist',
    {
      format: 'TEMPLATE',
      template: 'a {nothing}',
      target: { webhook: { url: 'https://example.org' } },
    },
    'input.template',
  ],
  [
    'a template without its format',
    { template: 'a', target: { webhook: { url: 'https://example.org' } } },
    'input.template',
  ],
  [
    'NATS where there is none',
    { target: { nats: { subject: 'out.{type}' } } },
    'input.target.nats',
  ],
  [
    'too many at a time',
    { parallel: 65, target: { webhook: { url: 'https://example.org' } } },
    'input.parallel',
  ],
  [
    'a batch of a format that takes one',
    { batch: 2, target: { webhook: { url: 'https://example.org' } } },
    'input.batch',
  ],
])('%s is bad input', async (_, more, argument) => {
  const { errors } = await gateway.run(
    'mutation ($input: SinkInput!) { createSink(input: $input) { secret } }',
    { input: { name: 'bad', ...more } },
  );
  expect(errors?.[0]?.extensions).toEqual({
    code: 'BAD_USER_INPUT',
    argument: argument.split('.'),
  });
});

test('only operators write files', async () => {
  const { errors } = await gateway.run(
    'mutation { createSink(input: { name: "f", target: { file: { path: "/tmp/x" } } }) { secret } }',
  );
  expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN' });
});
