import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readQueryBody } from '../../../src/dialects/vamp/query-reader.ts';
import { parseInstant } from '../../../src/event/instant.ts';
import cases from '../../fixtures/vamp-cases.json' with { type: 'json' };
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, OpenStream } from '../http-client.ts';
import { found, json, query, report, yaml } from './client.ts';

/** A case of the file, whose members differ from group to group. */
// biome-ignore lint/suspicious/noExplicitAny: the file is the schema.
type Case = any;

const inGroup = (group: string): [string, Case][] =>
  cases.cases.filter((each) => each.group === group).map((each) => [each.name, each]);

/** Cases of the file that are not about these interfaces. */
const elsewhere: Readonly<Record<string, string>> = {
  'workflow-event-schedule': 'workflows are Vamp’s own: they follow the stream of this gateway',
  'node-client: normalizeEvent': 'written to Elasticsearch directly, past the API',
};
const covered = [
  'event-reader',
  'query-reader',
  'tag-expansion',
  'query',
  'aggregation',
  'query-params',
  'stream-match',
  'rendering',
  'node-client',
  'date-math',
];

test('every group of cases is run here or is not of these interfaces', () => {
  const groups = new Set(cases.cases.map(({ group }) => group));
  expect([...groups].filter((group) => !covered.includes(group) && !(group in elsewhere))).toEqual(
    [],
  );
});

let gateway: TestGateway;
let strict: TestGateway;
let api: string;
let unique = 0;
/** A namespace of a test's own. */
const freshApi = () => `${gateway.url}/space${++unique}/api/v1`;

beforeAll(async () => {
  gateway = await startGateway();
  strict = await startGateway({ environment: { TIDINGS_VAMP_STRICT: 'true' } });
  api = `${gateway.url}/api/v1`;
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await strict[Symbol.asyncDispose]();
});

const bodyOf = ({ body, body_yaml }: Case): string => body_yaml ?? JSON.stringify(body);
const headersOf = ({ body_yaml }: Case) => (body_yaml === undefined ? json : yaml);

describe('event-reader', () => {
  test.each(inGroup('event-reader'))('%s', async (_name, each) => {
    const reply = await ask(`${api}/events`, {
      method: 'POST',
      headers: headersOf(each),
      body: bodyOf(each),
    });
    const { ok, message, http_status: status } = each.expect;
    if (ok === undefined) {
      // Where Vamp itself fails, it is the client's mistake all the same.
      expect(reply.status).toBe(status === '5xx' ? 400 : status);
      if (message) expect(reply.body).toBe(JSON.stringify({ message }));
      return;
    }
    expect(reply.status).toBe(201);
    const { timestamp_rendered: timestamp, ...fields } = ok;
    expect(JSON.parse(reply.body)).toMatchObject({ ...fields, ...(timestamp && { timestamp }) });
  });
});

describe('query-reader', () => {
  test.each(inGroup('query-reader'))('%s', async (_name, each) => {
    const reply = await query(`${strict.url}/api/v1`, bodyOf(each));
    const { ok, message, http_status: status } = each.expect;
    if (ok === undefined) {
      expect(reply.status).toBe(status);
      if (message) expect(reply.body).toBe(JSON.stringify({ message }));
      return;
    }
    expect(reply).toMatchObject({ status: 200 });
    const read = readQueryBody(bodyOf(each), { strict: true });
    expect(JSON.parse(JSON.stringify(read))).toMatchObject(ok);
  });
});

describe('tag-expansion', () => {
  test.each(inGroup('tag-expansion'))('%s', async (_name, { tags, expanded }) => {
    const { tags: recorded } = await report(api, { tags });
    expect(new Set(recorded)).toEqual(new Set(expanded));
  });
});

describe('the data set', () => {
  const names = new Map<string, string>();
  let dataset: string;

  beforeAll(async () => {
    dataset = freshApi();
    for (const { id, ...event } of cases.dataset_for_query_aggregation_and_query_params) {
      names.set((await report(dataset, event)).id, id);
    }
  });

  const parameters = (given: object = {}): string => {
    const text = new URLSearchParams(
      Object.entries(given).map(([name, value]) => [name, String(value)]),
    ).toString();
    return text === '' ? '' : `?${text}`;
  };
  const idsIn = (body: string) => JSON.parse(body).map(({ id }: { id: string }) => names.get(id));

  describe('query', () => {
    test.each(inGroup('query'))('%s', async (_name, { request, expect: expected }) => {
      const reply = await query(dataset, request.body, parameters(request.query_params));
      expect(reply.status).toBe(expected.status);
      expect(idsIn(reply.body)).toEqual(expected.ids_in_order);
      expect(reply.headers['x-total-count']).toBe(expected.headers['X-Total-Count']);
      const { searchParams } = new URL(`${dataset}/events${parameters(request.query_params)}`);
      const link = (rel: string) => {
        searchParams.set('per_page', expected.link_per_page);
        searchParams.set('page', expected.link_pages[rel]);
        return `<${dataset}/events?${searchParams}>; rel=${rel}`;
      };
      const links = ['first', 'prev', 'next', 'last'].map(link).join(', ');
      expect(reply.headers.link).toBe(links);
    });
  });

  describe('aggregation', () => {
    test.each(inGroup('aggregation'))('%s', async (_name, { request, expect: expected }) => {
      const reply = await query(dataset, request.body, parameters(request.query_params));
      expect(reply.status).toBe(expected.status);
      const { value } = expected.body;
      const isCount = request.body.aggregator.type === 'count';
      expect(reply.body).toBe(`{"value":${isCount ? value : value.toFixed(1)}}`);
      for (const name of expected.no_headers ?? ['Link', 'X-Total-Count']) {
        expect(reply.headers).not.toHaveProperty(name.toLowerCase());
      }
    });
  });

  describe('query-params', () => {
    test.each(inGroup('query-params'))('%s', async (_name, { request, expect: expected }) => {
      const path = request.url.replace('/api/v1', '');
      const reply = await ask(`${dataset}${path}`, { headers: json });
      expect(idsIn(reply.body)).toEqual(expected.ids_in_order);
    });
  });
});

describe('stream-match', () => {
  test.each(inGroup('stream-match'))('%s', async (_name, { filter, event, match }) => {
    const space = freshApi();
    const search = new URLSearchParams(filter.tags.map((tag: string) => ['tag', tag]));
    if (filter.type !== null) search.set('type', filter.type);
    await using stream = await OpenStream.open(`${space}/events/stream?${search}`);
    const { id } = await report(space, event);
    // An event that matches for certain, and comes after the others.
    const last = await report(space, { tags: [...filter.tags, 'x'], type: filter.type ?? 'event' });
    await eventually(() => expect(stream.text).toContain(last.id));
    expect(stream.text.includes(id)).toBe(match);
  });
});

describe('rendering', () => {
  const rendered = inGroup('rendering').filter(([, each]) => 'get_value' in each);

  test.each(rendered)('%s', async (_name, { stored_value, get_value }) => {
    const space = freshApi();
    await report(space, { tags: ['x'], value: stored_value });
    expect(await found(space, { tags: ['x'] })).toMatchObject([{ value: get_value }]);
  });

  test('SSE heartbeat', async () => {
    const heartbeat = cases.cases.find(({ name }) => name === 'SSE heartbeat');
    const bytes = heartbeat?.expect?.bytes ?? '';
    await using quick = await startGateway({ heartbeat: 60 });
    await using stream = await OpenStream.open(`${quick.url}/api/v1/events/stream`);
    await eventually(() => expect(stream.text).toBe(`${bytes}${bytes}`));
  });
});

describe('node-client', () => {
  const requests = inGroup('node-client').filter(
    ([name]) => !(`node-client: ${name}` in elsewhere),
  );

  test.each(requests)('%s', async (_name, { expect: expected }) => {
    const reply = await ask(`${gateway.url}${expected.path}`, {
      method: expected.method,
      headers: expected.headers,
      body: JSON.stringify(expected.body),
    });
    expect(reply.status).toBe(201);
    const { tags, ...fields } = expected.body;
    expect(JSON.parse(reply.body)).toMatchObject(fields);
    expect(JSON.parse(reply.body).tags).toEqual(expect.arrayContaining(tags));
  });
});

describe('date-math', () => {
  const moments = new Set(inGroup('date-math').map(([, each]) => each.now));
  let clocked: TestGateway;

  beforeAll(async () => {
    const [now, ...others] = [...moments];
    expect(others).toEqual([]);
    clocked = await startGateway({
      environment: { TIDINGS_MAX_FUTURE: '7d' },
      overrides: { now: () => parseInstant(now) },
    });
  });
  afterAll(() => clocked[Symbol.asyncDispose]());

  const included: Readonly<Record<string, readonly number[]>> = {
    gt: [1],
    gte: [0, 1],
    lt: [-1],
    lte: [-1, 0],
  };

  test.each(inGroup('date-math'))('%s', async (name, { op, expr, bound }) => {
    const space = `${clocked.url}/${encodeURIComponent(name)}/api/v1`;
    for (const offset of [-1, 0, 1]) {
      const timestamp = new Date(Date.parse(bound) + offset).toISOString();
      await report(space, { tags: ['x'], value: offset, timestamp });
    }
    const events = await found(space, { tags: ['x'], timestamp: { [op]: expr } });
    expect(events.map(({ value }) => Number(value)).sort()).toEqual(
      [...(included[op] ?? [])].sort(),
    );
  });
});
