import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { EventSource } from 'eventsource';
import { createClient } from 'graphql-sse';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Harness, type Harnesses, openHarnesses } from '../../live/harness.ts';

let harnesses: Harnesses;
let harness: Harness;
beforeAll(async () => {
  harnesses = await openHarnesses();
  harness = await harnesses.open({
    maxConnections: 5,
    queueBytes: 256 * 1024,
    keepAliveMs: 1_200,
    limits: { checkpointAfterMs: 200 },
  });
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
  await harnesses[Symbol.asyncDispose]();
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.request.destroy();
  await vi.waitFor(() => {
    expect(harness.streams.stats().connections).toBe(0);
    expect(harness.live.stats()).toMatchObject({ subscriptions: 0, channels: 0, indexEntries: 0 });
  });
});

const all = 'subscription { events { index message } }';
/** The id of a server-sent event. */
const idOf = (index: number | undefined) => `${harness.journal.id}-${index}`;
const subscriptions = (count: number) =>
  vi.waitFor(() => expect(harness.live.stats().subscriptions).toBe(count));

interface Stream {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
  /** All that has come. */
  text(): string;
  ended: boolean;
}
const streams: Stream[] = [];

/** What comes over the wire, as it comes. */
async function open(
  query: string,
  {
    variables = {},
    headers = {},
    url = harness.url,
  }: { variables?: object; headers?: object; url?: string } = {},
): Promise<Stream> {
  const sent = request(url, {
    method: 'POST',
    agent: false,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      ...headers,
    },
  });
  sent.on('error', () => {});
  sent.end(JSON.stringify({ query, variables }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  const stream: Stream = { request: sent, response, text: () => text, ended: false };
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('end', () => {
    stream.ended = true;
  });
  response.on('error', () => {});
  streams.push(stream);
  return stream;
}

describe('subscriptions over server-sent events', () => {
  test('have the journal and the index as id, and results of any selection', async () => {
    const stream = await open('subscription { events { message category { description } } }');
    expect(stream.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
    });
    await subscriptions(1);
    const begun = await harness.journal.lastIndex();
    const [appended] = await harness.report({ message: 'é\n', category: 'Volume' });
    await vi.waitFor(() => expect(stream.text()).toContain('event: next'));
    // Comments come between.
    expect(stream.text().replaceAll(':\n\n', '')).toBe(
      `: ${begun}\nid: ${idOf(begun)}\n\n` +
        `id: ${idOf(appended?.index)}\nevent: next\ndata: {"data":{"events":{"message":"é\\n",` +
        `"category":{"description":"${catalogued(stream.text())}"}}}}\n\n`,
    );
  });

  test('share channels with those over WebSocket and with each other', async () => {
    await open(all);
    await open('subscription{events{index message}}');
    await subscriptions(2);
    expect(harness.live.stats().channels).toBe(1);
  });

  test('are sent checkpoints while nothing matches', async () => {
    const events = await open('subscription { events(filter: { keys: ["nobody"] }) { index } }');
    const batches = await open(
      'subscription { eventBatches(filter: { keys: ["nobody"] }) { index events { index } } }',
    );
    await subscriptions(2);
    const [appended] = await harness.report({});
    const index = appended?.index;
    await vi.waitFor(
      () => expect(events.text()).toContain(`: ${index}\nid: ${idOf(index)}\n\n`),
      4_000,
    );
    await vi.waitFor(() => {
      expect(batches.text()).toContain(
        `id: ${idOf(index)}\nevent: next\ndata: {"data":{"eventBatches":{"index":${index},"events":[]}}}\n\n`,
      );
    }, 4_000);
  });

  test.each([
    ['the id of an event', (index: number) => idOf(index)],
    ['the id of an event in upper case', (index: number) => idOf(index).toUpperCase()],
    ['an index', String],
  ])('resume after %s in Last-Event-ID, which overrides afterIndex', async (_, idAt) => {
    const [a, b] = await harness.report({ message: 'a' }, { message: 'b' });
    const query = 'subscription { events(afterIndex: 0) { index message } }';
    const headers = { 'last-event-id': idAt(a?.index ?? 0) };
    const stream = await open(query, { headers });
    await vi.waitFor(() => expect(stream.text()).toContain(`id: ${idOf(b?.index)}\nevent: next`));
    expect(stream.text()).not.toContain('"message":"a"');
  });

  test('are sent comments while nothing happens', async () => {
    const stream = await open(all);
    await vi.waitFor(() => expect(stream.text()).toMatch(/:\n\n$/), 5_000);
  });
});

const catalogued = (text: string): string => /"description":"([^"]*)"/.exec(text)?.[1] ?? 'none';

const otherJournal = '7f0c6c1e-3a52-4c55-9d0b-2f6f0b1f7a11';

describe('errors', () => {
  test.each([
    ['of the document', 'subscription { nothing }', {}, 'BAD_USER_INPUT'],
    [
      'of an argument',
      'subscription { events(filter: { ids: ["x"] }) { id } }',
      {},
      'BAD_USER_INPUT',
    ],
    ['of Last-Event-ID', all, { 'last-event-id': 'x' }, 'BAD_USER_INPUT'],
    ['of an id without an index', all, { 'last-event-id': `${otherJournal}-` }, 'BAD_USER_INPUT'],
    ['of an index', all, { 'last-event-id': '9007199254740991' }, 'INDEX_AHEAD'],
    ['of another journal', all, { 'last-event-id': `${otherJournal}-1` }, 'OTHER_JOURNAL'],
  ])('%s come as a result, and complete the stream', async (_, query, headers, code) => {
    const stream = await open(query, { headers });
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    expect(stream.text()).toMatch(
      new RegExp(
        `event: next\ndata: {"errors":.*"code":"${code}".*}\n\nevent: complete\ndata:\n\n$`,
      ),
    );
    expect(stream.text()).not.toContain('"http"');
  });

  test('too many connections are rejected', async () => {
    for (let n = 0; n < 5; n++) await open(all);
    const late = await open(all);
    expect(late.response.statusCode).toBe(503);
    await vi.waitFor(() => expect(late.text()).toContain('at most 5'));
  });

  test('a reader that is too slow gets SLOW_CONSUMER, and resumes with nothing missing', async () => {
    const begun = await harness.journal.lastIndex();
    const stream = await open(all);
    await subscriptions(1);
    stream.response.pause();
    const filler = 'x'.repeat(20_000);
    while (harness.streams.stats().slowConsumers === 0) {
      await harness.report(...Array.from({ length: 40 }, () => ({ message: filler })));
    }
    stream.response.resume();
    await vi.waitFor(() => expect(stream.ended).toBe(true));
    const ids = [...stream.text().matchAll(/^id: \S+-(\d+)\nevent: next/gm)].map(([, id]) =>
      Number(id),
    );
    const lastIndex = ids.at(-1);
    expect(stream.text()).toMatch(new RegExp(`"code":"SLOW_CONSUMER","lastIndex":${lastIndex}}`));
    const again = await open(all, { headers: { 'last-event-id': idOf(lastIndex) } });
    const last = await harness.journal.lastIndex();
    await vi.waitFor(
      () => expect(again.text()).toContain(`id: ${idOf(last)}\nevent: next`),
      10_000,
    );
    const more = [...again.text().matchAll(/^id: \S+-(\d+)\nevent: next/gm)].map(([, id]) =>
      Number(id),
    );
    expect([...ids, ...more]).toEqual(
      Array.from({ length: last - begun }, (_, n) => begun + 1 + n),
    );
  });

  test('a reader that does not read the error either is disconnected', async () => {
    await using own = await openHarnesses();
    await using gateway = await own.open({ queueBytes: 256 * 1024, graceMs: 100 });
    const stream = await open(all, { url: gateway.url });
    await vi.waitFor(() => expect(gateway.live.stats().subscriptions).toBe(1));
    stream.response.pause();
    const filler = 'x'.repeat(20_000);
    while (gateway.streams.stats().slowConsumers === 0) {
      await gateway.report(...Array.from({ length: 40 }, () => ({ message: filler })));
    }
    await vi.waitFor(() => expect(gateway.streams.stats().connections).toBe(0), 3_000);
  });
});

describe("graphql-sse's own client", () => {
  test('follows, and stops when it has enough', async () => {
    const client = createClient({ url: harness.url });
    const iterator = client.iterate<{ events: { message: string } }>({ query: all });
    const first = iterator.next();
    await subscriptions(1);
    await harness.report({ message: 'it' });
    expect((await first).value).toMatchObject({ data: { events: { message: 'it' } } });
    await iterator.return?.();
    await subscriptions(0);
    client.dispose();
  });

  test('is answered queries, and errors', async () => {
    const client = createClient({ url: harness.url });
    const results: unknown[] = [];
    for (const query of ['{ journal { kind } }', '{ nothing }', 'subscription { nothing }']) {
      await new Promise<void>((resolve, reject) => {
        client.subscribe(
          { query },
          { next: (result) => results.push(result), error: reject, complete: resolve },
        );
      });
    }
    expect(results).toEqual([
      { data: { journal: { kind: 'EMBEDDED' } } },
      { errors: [expect.objectContaining({ message: expect.stringContaining('nothing') })] },
      { errors: [expect.objectContaining({ message: expect.stringContaining('nothing') })] },
    ]);
    client.dispose();
  });

  test('follows across a restart of the gateway', async () => {
    const own = await openHarnesses();
    let gateway = await own.open();
    const client = createClient({
      url: gateway.url,
      retryAttempts: Number.POSITIVE_INFINITY,
      retry: () => pause(50),
    });
    const got: string[] = [];
    const ended: unknown[] = [];
    client.subscribe<{ events: { message: string } }>(
      { query: all },
      {
        next: ({ data }) => got.push(data?.events.message ?? ''),
        error: (error) => ended.push(error),
        complete: () => ended.push('complete'),
      },
    );
    const subscribed = () => vi.waitFor(() => expect(gateway.live.stats().subscriptions).toBe(1));
    await subscribed();
    await gateway.report({ message: 'before' });
    await vi.waitFor(() => expect(got).toEqual(['before']));
    await gateway[Symbol.asyncDispose]();
    gateway = await own.open();
    await subscribed();
    await gateway.report({ message: 'after' });
    await vi.waitFor(() => expect(got).toEqual(['before', 'after']));
    expect(ended).toEqual([]);
    client.dispose();
    await gateway[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });
});

describe('EventSource', () => {
  test('resumes by itself with nothing missing', async () => {
    const own = await openHarnesses();
    let gateway = await own.open();
    const query = 'subscription { events(filter: { keys: ["k"] }) { index message } }';
    const got: string[] = [];
    const source = new EventSource(`${gateway.url}?query=${encodeURIComponent(query)}`);
    source.addEventListener('next', ({ data }) => got.push(JSON.parse(data).data.events.message));
    const subscribed = () => vi.waitFor(() => expect(gateway.live.stats().subscriptions).toBe(1));
    await subscribed();
    // The package, unlike browsers, remembers ids of events with data only.
    await gateway.report({ key: 'k', message: 'first' });
    await vi.waitFor(() => expect(got).toEqual(['first']));
    for (let round = 0; round < 2; round++) {
      await gateway[Symbol.asyncDispose]();
      gateway = await own.open();
      await gateway.report({ key: 'k', message: `${round} while down` }, { key: 'other' });
      await subscribed();
      await gateway.report({ key: 'k', message: `${round} live` });
      await vi.waitFor(() => expect(got).toHaveLength(1 + 2 * (round + 1)));
    }
    expect(got.slice(1)).toEqual(['0 while down', '0 live', '1 while down', '1 live']);
    source.close();
    await gateway[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  test('is answered OTHER_JOURNAL when it reconnects to a gateway of another journal', async () => {
    const own = await openHarnesses();
    const other = await own.open();
    // Enough for the index to exist in both journals.
    await other.report({ message: 'theirs' }, { message: 'theirs' });
    let target = other.url;
    const results: unknown[] = [];
    const source = new EventSource(`${other.url}?query=${encodeURIComponent(all)}`, {
      fetch: (url, init) => fetch(String(url).replace(other.url, target), init),
    });
    source.addEventListener('next', ({ data }) => results.push(JSON.parse(data)));
    await vi.waitFor(() => expect(other.live.stats().subscriptions).toBe(1));
    await other.report({ message: 'last' });
    await vi.waitFor(() => expect(results).toHaveLength(1));
    await harness.report({}, {}, {}, {});
    target = harness.url;
    await other[Symbol.asyncDispose]();
    await vi.waitFor(
      () =>
        expect(results[1]).toMatchObject({ errors: [{ extensions: { code: 'OTHER_JOURNAL' } }] }),
      20_000,
    );
    source.close();
    await own[Symbol.asyncDispose]();
  });
});
