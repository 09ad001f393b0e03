import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { inOneLine } from '../../src/dialects/line.ts';
import { eventually } from './eventually.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { OpenStream } from './http-client.ts';

/** Every character that a reader may take for a line end, and a forged line after it. */
const breaks = ['\n', '\r', '\r\n', '\u2028', '\u2029', '\u0085', '\v', '\f', '\u001c', '\u001e'];
const forged = 'data: {"injected":1}';
const hostile = (lineBreak: string): string =>
  `evil${lineBreak}${forged}${lineBreak}${lineBreak}event: pwn${lineBreak}- pwn${lineBreak}pwn: 1${lineBreak}id: 9`;

/** Every member of an event that may be any string. */
const fields: readonly [string, (text: string) => object][] = [
  ['category', (category) => ({ category })],
  ['action', (action) => ({ category: 'c', action })],
  ['key', (key) => ({ key })],
  ['filterKeys', (key) => ({ filterKeys: [key] })],
  ['message', (message) => ({ message })],
  ['tags', (tag) => ({ tags: [tag] })],
  ['the name of a trait', (name) => ({ traits: [{ name, value: { text: 'x' } }] })],
  ['the value of a trait', (text) => ({ traits: [{ name: 'vamp.version', value: { text } }] })],
  ['value', (value) => ({ value })],
  ['a name in the value', (name) => ({ value: { [name]: 1 } })],
  ['source', (text) => ({ source: { service: text, instance: text, endpoint: text, node: text } })],
  ['namespace', (namespace) => ({ namespace })],
];

const events = fields.flatMap(([, eventOf]) => breaks.map((end) => eventOf(hostile(end))));

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function reportAll(): Promise<void> {
  const { reportEvents } = await gateway.gql(
    'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { rejected } }',
    { events },
  );
  expect(reportEvents).toEqual({ rejected: 0 });
}

/** As the strictest reader takes them apart. */
const linesOf = (text: string): string[] => text.split(/\r\n|[\p{Cc}\u2028\u2029]/u);
const isFrame = (line: string): boolean => /^(?:data:\{.*\}|event:.*|)$/.test(line);

describe('strings with line breaks forge nothing', () => {
  test("in Vamp's server-sent events", async () => {
    await using stream = await OpenStream.open(`${gateway.url}/*/api/v1/events/stream`);
    await reportAll();
    await eventually(() => expect(stream.text.match(/\n\n/g)).toHaveLength(events.length));
    const lines = linesOf(stream.text);
    expect(lines).toHaveLength(events.length * 3 + 1);
    expect(lines.filter((line) => !isFrame(line))).toEqual([]);
    for (const line of lines.filter((each) => each.startsWith('data:'))) {
      expect(() => JSON.parse(line.slice(5))).not.toThrow();
    }
  });

  test("in Nomad's lines", async () => {
    await using stream = await OpenStream.open(
      `${gateway.url}/v1/event/stream?namespace=*&after=0`,
    );
    const isEvent = (line: string): boolean => line.startsWith('{"Index":');
    await eventually(() =>
      expect(stream.text.split('\n').filter(isEvent).length).toBeGreaterThanOrEqual(events.length),
    );
    for (const line of linesOf(stream.text.slice(0, stream.text.lastIndexOf('\n')))) {
      expect(() => JSON.parse(line)).not.toThrow();
    }
    const indexes = linesOf(stream.text).filter(isEvent);
    expect(indexes.length % events.length).toBe(0);
  });

  test("in GraphQL's server-sent events", async () => {
    const query = `subscription { events(afterIndex: 0) {
      namespace type action key filterKeys message tags value
      traits { name value } source { service instance endpoint node }
    } }`;
    await using stream = await OpenStream.open(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    });
    await reportAll();
    const frames = () => stream.text.split('\n\n').filter((frame) => /^event: next$/m.test(frame));
    await eventually(() => expect(frames().length).toBeGreaterThanOrEqual(events.length * 2));
    for (const line of stream.text.slice(0, stream.text.lastIndexOf('\n\n')).split(/\r\n|[\r\n]/)) {
      expect(line).toMatch(
        /^(?:|:.*|id: [\da-f-]{36}-\d+|event: next|data: \{"data":\{"events":\{.*\}\}\})$/s,
      );
    }
    for (const frame of frames()) {
      expect(() => JSON.parse(frame.slice(frame.indexOf('data: ') + 6))).not.toThrow();
    }
  });

  test.each(['YAML', 'JSON'])("in the %s of Vamp's WebSocket", async (accept) => {
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/*/websocket`);
    await new Promise((resolve) => socket.once('open', resolve));
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    const request = { api: 'v1', content: 'JSON', transaction: hostile('\n'), parameters: {} };
    const follow = { ...request, accept, path: '/events/stream', action: 'PEEK' };
    socket.send(JSON.stringify(follow));
    socket.send(JSON.stringify({ ...request, accept: 'JSON', path: '/stats', action: 'PEEK' }));
    await eventually(() => expect(messages).toHaveLength(1));
    await reportAll();
    await eventually(() => expect(messages).toHaveLength(events.length + 1));
    socket.terminate();
    for (const message of messages.slice(1)) {
      expect(accept === 'JSON' || !/[\u2028\u2029\u0085]/.test(message)).toBe(true);
      const read = parse(message);
      expect(Object.keys(read)).not.toContain('pwn');
      expect(Object.keys(parse(read.data)).sort()).not.toContain('pwn');
      expect(accept === 'JSON' || !/[\u2028\u2029\u0085]/.test(read.data)).toBe(true);
    }
  });
});

test('JSON in one line is the same JSON', () => {
  const json = JSON.stringify(breaks.map(hostile));
  expect(JSON.parse(inOneLine(json))).toEqual(JSON.parse(json));
  expect(linesOf(inOneLine(json))).toHaveLength(1);
});
