import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { now } from '../../../src/event/instant.ts';
import { eventually } from '../eventually.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask, OpenStream } from '../http-client.ts';
import { Wire } from '../wire.ts';
import { json, report, type VampAnswer } from './client.ts';

let gateway: TestGateway;
let unique = 0;
const freshApi = () => `${gateway.url}/stream${++unique}/api/v1`;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

describe('the stream', () => {
  test('writes data before event, without a space and without an id', async () => {
    const api = freshApi();
    await using stream = await OpenStream.open(`${api}/events/stream`);
    expect(stream.status).toBe(200);
    expect(stream.headers['content-type']).toBe('text/event-stream');
    const value = { responseTime: 5, text: 'a\nb' };
    const event = { tags: ['a:b'], value, type: 'metrics', timestamp: '2026-01-01T12:00:00.500Z' };
    const { id } = await report(api, event);
    await eventually(() => expect(stream.text).toMatch(/\n\n$/));
    expect(stream.text).toBe(
      `data:{"id":"${id}","tags":["a","a:b"],"value":{"responseTime":5,"text":"a\\nb"},` +
        '"timestamp":"2026-01-01T12:00:00.5Z","type":"metrics"}\nevent:metrics\n\n',
    );
  });

  test('needs no Accept, and takes its filter from a body too', async () => {
    const api = freshApi();
    const body = 'tags: [a, b]\ntype: metrics\ntimestamp: {gt: now}\naggregator: {type: count}\n';
    await using stream = await OpenStream.open(`${api}/events/stream/`, { body });
    await report(api, { tags: ['a'], type: 'metrics' });
    await report(api, { tags: ['a', 'b:c'], type: 'event' });
    const { id } = await report(api, { tags: ['a', 'b:c'], type: 'metrics' });
    await eventually(() => expect(stream.text).toContain(id));
    expect(stream.text.match(/^data:/gm)).toHaveLength(1);
  });

  test('rejects a body that is not a query before it begins', async () => {
    const reply = await ask(`${freshApi()}/events/stream`, { body: 'tags: [5]' });
    expect(reply).toMatchObject({
      status: 400,
      body: '{"message":"Unexpected type for path \'tags\'."}',
    });
    expect(
      await ask(`${freshApi()}/events/stream`, { method: 'POST', headers: json }),
    ).toMatchObject({
      status: 405,
    });
  });

  test('says where a client may resume that asks to, and goes on there without a gap', async () => {
    const api = freshApi();
    const first = await report(api, { tags: ['x'] });
    const second = await report(api, { tags: ['x'] });
    await using all = await OpenStream.open(`${api}/events/stream?after=0`);
    await eventually(() => expect(all.text).toContain(second.id));
    const [, from, index] = /^id:([0-9a-f-]{36}-(\d+))\ndata:/.exec(all.text) ?? [];
    await using rest = await OpenStream.open(`${api}/events/stream?after=0`, {
      headers: { 'Last-Event-ID': String(from) },
    });
    const third = await report(api, { tags: ['x'] });
    await eventually(() => expect(rest.text).toContain(third.id));
    expect(rest.text).toContain(second.id);
    expect(rest.text).not.toContain(first.id);
    const other = `${crypto.randomUUID()}-${index}`;
    for (const [id, status] of [
      [other, 410],
      [`${other}x`, 400],
    ] as const) {
      const headers = { 'Last-Event-ID': id };
      expect(await ask(`${api}/events/stream?after=0`, { headers })).toMatchObject({ status });
    }
  });

  test.each([
    ['nonsense', 400],
    ['99999999', 400],
  ])('answers after=%s with %d', async (after, status) => {
    expect(await ask(`${freshApi()}/events/stream?after=${after}`)).toMatchObject({ status });
  });

  test('is ended with the gateway, and frees what it held when a client goes', async () => {
    await using own = await startGateway();
    const stream = await OpenStream.open(`${own.url}/api/v1/events/stream`);
    {
      await using gone = await OpenStream.open(`${own.url}/api/v1/events/stream`);
      expect(gone.status).toBe(200);
      await eventually(async () => expect(await own.feeds()).toBe(2));
    }
    await eventually(async () => expect(await own.feeds()).toBe(1));
    await own[Symbol.asyncDispose]();
    await eventually(() => expect(stream.ended).toBe(true));
  });

  test('answers 410 with the oldest index when what was asked for is gone', async () => {
    await using own = await startGateway();
    const api = `${own.url}/api/v1`;
    for (let at = 0; at < 3; at++) await report(api, { tags: ['x'] });
    await own.store.expire(now() + 1_000_000);
    const reply = await ask(`${api}/events/stream?after=1`);
    expect(reply.status).toBe(410);
    expect(JSON.parse(reply.body).message).toContain('3');
    await using stream = await OpenStream.open(`${api}/events/stream?after=3`);
    const { id } = await report(api, { tags: ['x'] });
    await eventually(() => expect(stream.text).toContain(id));
  });
});

/** What the runner does: EventSource on the stream, and the event's type as the event's name. */
describe('eventsource', () => {
  test('hears events by their type, and heartbeats as messages', async () => {
    await using own = await startGateway({ heartbeat: 50 });
    const api = `${own.url}/api/v1`;
    const source = new EventSource(`${api}/events/stream?tag=a`);
    const events: VampAnswer[] = [];
    const heartbeats: string[] = [];
    source.addEventListener('metrics', ({ data }) => events.push(JSON.parse(data)));
    source.onmessage = ({ data }) => heartbeats.push(data);
    await eventually(() => expect(heartbeats).toContain(''));
    const reported = await report(api, { tags: ['a:b'], value: { x: 1 }, type: 'metrics' });
    await eventually(() => expect(events).toEqual([reported]));
    source.close();
  });

  test('resumes by itself where it asked for places', async () => {
    await using own = await startGateway();
    await using wire = await Wire.open(own.url);
    const api = `${own.url}/api/v1`;
    const source = new EventSource(`${wire.url}/api/v1/events/stream?after=0`);
    const ids: string[] = [];
    source.addEventListener('event', ({ data }) => ids.push(JSON.parse(data).id));
    const reported = [await report(api, { tags: ['a'] })];
    await eventually(() => expect(ids).toHaveLength(1));
    wire.cut();
    for (let at = 0; at < 5; at++) reported.push(await report(api, { tags: ['a'] }));
    await eventually(() => expect(ids).toEqual(reported.map(({ id }) => id)));
    expect(wire.connections).toBe(2);
    source.close();
  });
});
