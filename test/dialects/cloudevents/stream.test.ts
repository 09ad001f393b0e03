import { CloudEvent, HTTP } from 'cloudevents';
import { EventSource } from 'eventsource';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { draftOf } from '../../../src/dialects/cloudevents/decode.ts';
import { structuredText } from '../../../src/dialects/cloudevents/encode.ts';
import { parseDocument, readEnvelope } from '../../../src/dialects/cloudevents/read-message.ts';
import type { EventDraft } from '../../../src/event/draft.ts';
import { now } from '../../../src/event/instant.ts';
import { defaultLimits } from '../../../src/intake/limits.ts';
import { validate } from '../../../src/intake/validate.ts';
import { events } from '../../event/arbitraries.ts';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, OpenStream } from '../http-client.ts';

let gateway: TestGateway;
let stream: string;

beforeAll(async () => {
  gateway = await startGateway();
  stream = `${gateway.url}/cloudevents/stream`;
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function report(draft: Partial<EventDraft>): Promise<number> {
  const [result] = await gateway.context.intake.report(
    [{ dialect: 'TIDINGS', ...draft }],
    'STORED',
  );
  if (result === undefined || result.status === 'REJECTED') throw new Error('it was rejected');
  return result.index;
}

const id = '0192f0c1-0000-7000-8000-000000000001';
const volume: Partial<EventDraft> = {
  id,
  type: 'Volume.Create',
  key: 'Euro € 😀',
  namespace: 'prod/eu',
  source: { service: 'web', instance: 'web 1', node: 'n1' },
  tags: ['a:b'],
  traits: [{ name: 'size', type: 'INT', value: 5 }],
  value: { size: 2n ** 70n },
  time: '2026-11-20T08:15:30.123Z',
};

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

test('a line is a CloudEvent of the JSON format, as the SDK reads it', async () => {
  const index = await report(volume);
  await using open = await OpenStream.open(`${stream}?after=${index - 1}`);
  await eventually(() => expect(open.text).toMatch(/\n/));
  expect(open.headers['content-type']).toBe('application/x-ndjson');
  const [line = ''] = linesOf(open.text);
  expect(line).toContain('"value":{"size":1180591620717411303424}');
  const event = HTTP.toEvent<{ id: string }>({
    headers: { 'content-type': 'application/cloudevents+json' },
    body: line,
  });
  if (!(event instanceof CloudEvent)) throw new Error('the SDK reads no event');
  expect(event.validate()).toBe(true);
  const { data, ...attributes } = event.toJSON();
  expect(attributes).toEqual({
    specversion: '1.0',
    id: `${id}:${index}`,
    source: '/tidings/prod%2Feu/web/web%201',
    type: 'Volume.Create',
    subject: 'Euro € 😀',
    time: '2026-11-20T08:15:30.123Z',
    datacontenttype: 'application/json',
    sequence: String(index).padStart(16, '0'),
    recordedtime: expect.stringMatching(/Z$/),
    partitionkey: 'Euro € 😀',
    severitytext: 'NORMAL',
    severitynumber: 9,
    tidingsid: id,
  });
  expect(data).toMatchObject({
    id,
    index,
    category: 'Volume',
    action: 'Create',
    tags: ['a', 'a:b'],
    source: { service: 'web', node: 'n1', plane: null },
  });
});

test('a completion has another id and the end; a receiver completes its event with it', async () => {
  const start = { id: '0192f0c1-0000-7000-8000-000000000002', type: 'Job.Run', key: 'j' };
  const first = await report({ ...start, time: '2026-11-20T08:00:00Z' });
  await using open = await OpenStream.open(`${stream}?after=${first - 1}&type=Job.*`);
  await eventually(() => expect(linesOf(open.text)).toHaveLength(1));
  const second = await report({ ...start, severity: 'ERROR', endTime: '2026-11-20T09:00:00Z' });
  await eventually(() => expect(linesOf(open.text)).toHaveLength(2));
  const [begun, ended] = linesOf(open.text).map((line) => JSON.parse(line));
  expect(begun.id).toBe(`${start.id}:${first}`);
  expect(ended).toMatchObject({
    id: `${start.id}:${second}`,
    severitytext: 'ERROR',
    severitynumber: 17,
    tidingsid: start.id,
    tidingsend: '2026-11-20T09:00:00.000Z',
  });

  await using other = await startGateway();
  for (const event of [begun, ended]) {
    const reply = await ask(`${other.url}/cloudevents?wait=stored`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/cloudevents+json' },
      body: JSON.stringify(event),
    });
    expect(reply).toMatchObject({ status: 204 });
  }
  const answer = await other.gql('{ events { nodes { id key severity time endTime dialect } } }');
  expect(answer.events.nodes).toEqual([
    {
      id: start.id,
      key: 'j',
      severity: 'ERROR',
      time: '2026-11-20T08:00:00.000Z',
      endTime: '2026-11-20T09:00:00.000Z',
      dialect: 'CLOUDEVENTS',
    },
  ]);
});

test('an event out and in again is the same event', () => {
  fc.assert(
    fc.property(events, (event) => {
      const json = parseDocument(Buffer.from(structuredText(event)), 'The event');
      const report = validate(draftOf(readEnvelope(json), 'REJECT'), event.recordedAt, {
        // Its times may lie ahead of the clock that it is given.
        limits: { ...defaultLimits, futureMicros: Number.MAX_SAFE_INTEGER },
        storeRaw: true,
      });
      const { type, index, ...expected } = event;
      expect(report).toEqual({ ...expected, dialect: 'CLOUDEVENTS', generatedId: false });
    }),
  );
});

test.each([
  [{ category: 5 }, /data.category must be a string/],
  [{ tags: 'a' }, /data.tags must be a list/],
  [{ source: 'a' }, /data.source must be an object/],
  [{ severity: 'BAD' }, /data.severity must be one of/],
  [{ traits: [{ name: 'a', type: 'INT', value: 'x' }] }, /trait a in data must have a type/],
  [[], /data must be an object/],
])('an event that says that it is one of Tidings and is not is rejected: %j', (data, message) => {
  const envelope = { specversion: '1.0', id: 'a', source: '/s', type: 't', tidingsid: id, data };
  expect(() => draftOf(readEnvelope(envelope), 'REJECT')).toThrow(message);
});

describe('server-sent events', () => {
  test('resume where a browser has lost them', async () => {
    const after = await report({ type: 'Sse.Start' });
    const source = new EventSource(`${stream}?after=${after}&type=Sse.*`, {
      fetch: (input, init) => fetch(input, init),
    });
    const received: { id: string; data: { subject: string } }[] = [];
    source.addEventListener('message', ({ lastEventId, data }) =>
      received.push({ id: lastEventId, data: JSON.parse(data) }),
    );
    const indexes = [
      await report({ type: 'Sse.A', key: 'a' }),
      await report({ type: 'Sse.A', key: 'b' }),
    ];
    await eventually(() => expect(received).toHaveLength(2));
    source.close();
    const journalId = gateway.context.journal.id;
    expect(received.map(({ id }) => id)).toEqual(indexes.map((index) => `${journalId}-${index}`));

    await using open = await OpenStream.open(`${stream}?type=Sse.*`, {
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': received[0]?.id ?? '' },
    });
    await eventually(() => expect(open.text).toContain('data: '));
    expect(open.text).toMatch(/^:\n\nid: .{36}-\d+\ndata: \{.*"subject":"b".*\}\n\n$/s);
  });

  test('of another journal do not resume', async () => {
    const reply = await ask(stream, {
      headers: { Accept: 'text/event-stream', 'Last-Event-ID': `${id}-1` },
    });
    expect(reply).toMatchObject({ status: 410 });
    expect(reply.body).toContain('another journal');
  });
});

test('parameters select events; the sequence of one is where to go on', async () => {
  const after = await report({ type: 'Filter.Start' });
  await report({ type: 'Filter.A', key: 'k1', namespace: 'n1', source: { service: 's1' } });
  await report({ type: 'Filter.B', key: 'k2', tags: ['t1', 't2'], severity: 'ERROR' });
  await report({ type: 'Filter.C', key: 'k3', source: { service: 's 3', instance: 'i' } });
  const last = await report({ type: 'Filter.End', key: 'end' });
  const subjects = async (query: string) => {
    const sequence = String(after).padStart(16, '0');
    // The last event shows that the others were left out.
    await using open = await OpenStream.open(`${stream}?after=${sequence}&${query}`);
    const lines = () => linesOf(open.text).map((line) => JSON.parse(line));
    const marker = await report({ type: 'Marker.X', key: 'marker', namespace: 'n1' });
    await eventually(() =>
      expect(gateway.context.store.storedIndex).toBeGreaterThanOrEqual(marker),
    );
    await eventually(() => expect(lines().length).toBeGreaterThan(0));
    return lines().map(({ subject }) => subject);
  };
  expect(last).toBeGreaterThan(after);
  expect(await subjects('type=Filter.*&type=!Filter.B')).toEqual(['k1', 'k3', 'end']);
  expect(await subjects('subject=k1&subject=k2')).toEqual(['k1', 'k2']);
  expect(await subjects('namespace=n1&type=Filter.*')).toEqual(['k1']);
  expect(await subjects('source=s1')).toEqual(['k1']);
  expect(await subjects('source=/tidings/default/s%25203/i&source=/tidings/n1')).toContain('k3');
  expect(await subjects('tag=t1&tag=t2')).toEqual(['k2']);
  expect(await subjects('severity=error&dialect=TIDINGS')).toEqual(['k2']);
});

describe('a request for the stream is rejected', () => {
  test.each([
    ['after=x', 400, /after must be an index/],
    ['after=999999', 400, /after lies beyond the last index/],
    ['types=a', 400, /no parameter .*types.*: use type, subject/],
    ['severity=bad', 400, /severity must be one of NORMAL, ERROR/],
    ['subject=%00', 400, /NUL/],
    ['type=[', 400, /./],
    ['source=/tidings/%25zz', 400, /source is not percent-encoded/],
  ])('?%s', async (query, status, message) => {
    const reply = await ask(`${stream}?${query}`);
    expect(reply.body).toMatch(message);
    expect(reply.status).toBe(status);
  });

  test('whose client takes neither form', async () => {
    const reply = await ask(stream, { headers: { Accept: 'application/json' } });
    expect(reply).toMatchObject({ status: 406 });
  });

  test('that resumes before the oldest event that is kept', async () => {
    await using own = await startGateway({
      overrides: { live: { ringChanges: 1, warmChanges: 0 } },
    });
    const drafts = Array.from(
      { length: 5 },
      (_, at): EventDraft => ({ dialect: 'TIDINGS', key: `${at}` }),
    );
    await own.context.intake.report(drafts.slice(0, 3), 'STORED');
    await own.store.expire(now() + 1_000_000);
    await own.context.intake.report(drafts.slice(3), 'STORED');
    const reply = await ask(`${own.url}/cloudevents/stream?after=1`);
    expect(reply).toMatchObject({ status: 410, headers: { 'x-tidings-first-index': '3' } });
  });
});
