import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { bootGateway, type TestGateway } from '../harness.ts';

const digits = '750727362669608961';
const value = `{"creatorID":${digits},"list":[-18446744073709551615],"float":1.5,"text":"${digits}"}`;
const literal = `{creatorID: ${digits}, list: [-18446744073709551615], float: 1.5, text: "${digits}"}`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function post(query: string, variables = 'null', headers = {}): Promise<string> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  });
  return await response.text();
}

async function get(query: string): Promise<string> {
  const address = new URL(gateway.url);
  address.searchParams.set('query', query);
  return await (await fetch(address, { headers: { accept: 'application/json' } })).text();
}

/** The first message of an operation over a WebSocket, as it came. */
async function overWebSocket(query: string, variables = 'null'): Promise<string> {
  const socket = new WebSocket(gateway.webSocketUrl, 'graphql-transport-ws');
  const payload = `{"query":${JSON.stringify(query)},"variables":${variables}}`;
  try {
    return await new Promise<string>((resolve, reject) => {
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('error', reject);
      socket.on('message', (data) => {
        const text = String(data);
        if (text.includes('"connection_ack"')) {
          socket.send(`{"id":"1","type":"subscribe","payload":${payload}}`);
        } else resolve(text);
      });
    });
  } finally {
    socket.terminate();
  }
}

async function overSse(query: string): Promise<string> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString();
    if (text.includes('creatorID')) break;
  }
  return text;
}

const withVariable =
  'mutation ($value: JSON) { reportEvent(event: {value: $value, raw: $value}) { __typename } }';
const withLiteral = `mutation { reportEvent(event: {value: ${literal}, raw: ${literal}}) { __typename } }`;
const variables = `{"value":${value}}`;

test.each<[string, () => Promise<string>]>([
  ['a literal by POST', () => post(withLiteral)],
  ['a variable by POST', () => post(withVariable, variables)],
  ['a literal over WebSocket', () => overWebSocket(withLiteral)],
  ['a variable over WebSocket', () => overWebSocket(withVariable, variables)],
])('every digit is kept of a number that is reported as %s', async (_, report) => {
  expect(await report()).toContain('"ReportedEvent"');

  const page = '{ events(orderBy: INDEX_DESC, first: 1) { nodes { value raw } } }';
  const feed = 'subscription { events(afterIndex: 0) { value raw } }';
  const node = `{"value":${value},"raw":${value}}`;
  // Before and after a report is read back from the store, whose JSON has another order of members.
  const sortedNode = `{"value":{"list":[-18446744073709551615],"text":"${digits}","float":1.5,"creatorID":${digits}},"raw":${value}}`;
  for (const read of [post, get, overWebSocket]) {
    expect(await read(page)).toContain(sortedNode);
  }
  for (const follow of [overWebSocket, overSse]) {
    const text = await follow(feed);
    expect(
      [node, sortedNode].some((each) => text.includes(each)),
      text,
    ).toBe(true);
  }
});

test('a number that is not a JSON value may have more digits than are kept', async () => {
  const query =
    'mutation ($f: Float!) { reportEvent(event: {traits: [{name: "f", value: {float: $f}}]}) { __typename } }';
  expect(await post(query, '{"f":12345678901234567891}')).toContain('"ReportedEvent"');
});
