import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callerOf } from '../../../src/dialects/caller.ts';
import type { DialectContext } from '../../../src/dialects/dialect.ts';
import { createSkyWalkingHttp } from '../../../src/dialects/skywalking/http.ts';
import type { ReportResult } from '../../../src/intake/intake.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { everybody, everybodysSession } from '../../access/everybody.ts';
import { type SkyWalkingGateway, startGateway, withoutJournal } from './gateway.ts';
import { ingestCase } from './ingest-case.ts';
import { queryEvents } from './query-client.ts';

let gateway: SkyWalkingGateway;
beforeAll(async () => {
  gateway = await startGateway({ TIDINGS_MAX_BODY_BYTES: '1MiB' });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const json = { 'Content-Type': 'application/json' };
const send = (body: unknown, headers: Record<string, string> = json) =>
  fetch(`${gateway.url}/v3/events`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? Buffer.from(body) : JSON.stringify(body),
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

test('http-ok', async () => {
  const given = ingestCase('http-ok');
  const response = await send(given.body);
  expect(response.status).toBe(given.status);
  expect(response.headers.get('content-type')).toBe(given.response_content_type);
  expect(await response.arrayBuffer()).toHaveProperty('byteLength', given.response_body_bytes);
  expect(await found('u1')).toMatchObject([
    {
      source: { service: 'SERVICE-A', serviceInstance: 'INSTANCE-1', endpoint: '' },
      type: 'Error',
      parameters: [{ key: 'k', value: 'v' }],
      startTime: 1628044330000,
      endTime: 1628044331000,
    },
  ]);
});

test('http-empty-layer', async () => {
  const given = ingestCase('http-empty-layer');
  const response = await send(given.body);
  expect(response.status).toBe(given.status);
  expect(response.headers.get('content-type')).toBe(given.response_content_type);
  expect(await response.text()).toBe(given.response_body);
});

test('the events before an event without a layer are recorded', async () => {
  const response = await send([event('before'), event('bare', { layer: '' }), event('behind')]);
  expect(response.status).toBe(400);
  expect(await found('before')).toHaveLength(1);
  expect(await found('bare')).toEqual([]);
  expect(await found('behind')).toEqual([]);
});

test('http-not-post', async () => {
  for (const method of ['PUT', 'GET', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`${gateway.url}/v3/events`, { method });
    expect(response.status).toBe(ingestCase('http-not-post').status);
    expect(response.headers.get('allow')).toBe('POST');
  }
});

test('http-without-content-type', async () => {
  const response = await send(JSON.stringify([event('untyped')]), {});
  expect(response.status).toBe(ingestCase('http-without-content-type').status);
  expect(await found('untyped')).toEqual([]);
});

describe('statuses', () => {
  test.each([
    ['an empty array', [], 200],
    ['a charset', [event('charset')], 200, { 'Content-Type': 'application/json; charset=utf-8' }],
    ['another JSON', [event('plus')], 200, { 'Content-Type': 'application/x+json' }],
    ['another type', [event('form')], 400, { 'Content-Type': 'text/plain' }],
    ['no array', event('object'), 400],
    ['a string', '"text"', 400],
    ['nothing', '', 400],
    ['no JSON', '[{', 500],
    ['a wrong type', [event('fine'), event('odd', { startTime: 'soon' })], 500],
    ['no event', [1], 500],
  ])('%s', async (_name, body, status, headers = json) => {
    expect((await send(body, headers)).status).toBe(status);
  });

  test('where one value is wrong, nothing is recorded', async () => {
    await send([event('first'), event('second', { source: 1 })]);
    expect(await found('first')).toEqual([]);
  });

  test('too long', async () => {
    expect((await send(`[${' '.repeat(1024 * 1024)}]`)).status).toBe(413);
  });
});

test('an event outside the limits is rejected with the reason, and the others are recorded', async () => {
  const ahead = event('ahead', { startTime: Date.now() + 3_600_000 });
  const response = await send([event('one'), ahead, event('two')]);
  expect(response.status).toBe(400);
  expect(await response.text()).toMatch(
    /^Status: 400\nDescription: Bad Request\nMessage: event 1: time: .*future/,
  );
  expect(await found('one')).toHaveLength(1);
  expect(await found('ahead')).toEqual([]);
  expect(await found('two')).toHaveLength(1);
});

test('more events than one append takes', async () => {
  const events = Array.from({ length: 1_300 }, (_, at) => event(`many-${at}`));
  expect((await send(events)).status).toBe(200);
  expect(await found('many-0')).toHaveLength(1);
  expect(await found('many-1299')).toHaveLength(1);
});

describe('what is recorded', () => {
  const recorded = async (uuid: string, more: object) => {
    expect((await send([event(uuid, { startTime: 0, ...more })])).status).toBe(200);
    const [answer] = await found(uuid);
    return answer;
  };

  test.each(['only-start', 'only-end'])('%s', async (id) => {
    const { event: said, stored } = ingestCase(id);
    const { startTime, endTime } = stored as Record<string, unknown>;
    expect(await recorded(id, said)).toMatchObject({ startTime, endTime });
  });

  test('both-times-missing', async () => {
    const before = Date.now();
    const answer = await recorded('timeless', ingestCase('both-times-missing').event);
    expect(answer?.startTime).toBeGreaterThanOrEqual(before);
    expect(answer?.endTime).toBe(answer?.startTime);
  });

  test('layer-case', async () => {
    const { event: said, stored_layer: layer } = ingestCase('layer-case');
    expect(await recorded('layered', said)).toMatchObject({ layer });
  });

  test('parameters-empty', async () => {
    const { queried } = ingestCase('parameters-empty');
    expect(await recorded('bare', { parameters: {} })).toMatchObject({ parameters: queried });
  });
});

/** Sends a body to an endpoint of its own over a context, whose calls of the intake take two events. */
async function sendOver(context: DialectContext, body: unknown): Promise<Response> {
  const dialect = createSkyWalkingHttp(context, {
    maxBatch: 2,
    maxBodyBytes: 10_000,
    alarmSettings: { rules: new Map() },
  });
  const server = createServer((request, response) => {
    const caller = callerOf(everybody, () => context, everybodysSession);
    void dialect.handle(request, response, new URL('http://gateway/v3/events'), caller);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return await fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('without a journal the sender may send again', async () => {
  const response = await sendOver(await withoutJournal(gateway.context), [event('lost')]);
  expect(response.status).toBe(503);
  expect(await response.text()).toMatch(/^Status: 503\nDescription: Service Unavailable\n/);
});

test.each([
  ['the journal is down', () => Promise.reject(new Unavailable('The journal is down.'))],
  [
    'one event of it is not recorded',
    (_: unknown, recorded: Promise<ReportResult[]>) =>
      recorded.then(([first]) => [first as ReportResult, notRecorded]),
  ],
])(
  'a body of which a later call fails is answered 503, and sent again it doubles nothing: %s',
  async (_, fail) => {
    const uuids = Array.from({ length: 5 }, () => randomUUID());
    const body = uuids.map((uuid) => event(uuid));
    const { intake } = gateway.context;
    let calls = 0;
    const failing: DialectContext = {
      ...gateway.context,
      intake: {
        report(drafts, wait) {
          calls += 1;
          return calls === 2
            ? fail(drafts, intake.report(drafts.slice(0, 1), wait))
            : intake.report(drafts, wait);
        },
      },
    };
    const changes: string[] = [];
    const end = gateway.context.journal.follow((events) =>
      changes.push(...events.map(({ id }) => id)),
    );
    expect((await sendOver(failing, body)).status).toBe(503);
    expect(changes.slice(0, 2)).toEqual(uuids.slice(0, 2));
    expect((await sendOver(failing, body)).status).toBe(200);
    expect(changes).toEqual(uuids);
    end();
  },
);

const notRecorded: ReportResult = {
  status: 'REJECTED',
  errors: [{ path: [], code: 'UNAVAILABLE', message: 'The journal is down.' }],
};
