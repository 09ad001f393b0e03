import { httpBytes, type Input, type Surface } from '../input.ts';
import { mutatedBytes, mutatedText } from '../mutate.ts';
import type { Random } from '../random.ts';

const body = '{"query":"{ journal { kind } }"}';
const post = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n`;
const get = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';

/** Requests whose framing is wrong: nobody has to answer them, and the next client must not notice. */
export const framingSurface: Surface = {
  name: 'HTTP framing',
  weight: 9,
  make: (random) => ({ over: 'tcp', port: 'http', until: 'silence', bytes: framed(random) }),
};

function framed(random: Random): Buffer {
  if (random.chance(0.15)) return random.bytes(random.size(4_000));
  const whole = httpBytes({
    method: 'POST',
    target: random.pick(['/graphql', '/v3/events', '/v1/notifications', '/api/v1/events']),
    headers: [
      ['Accept', '*/*'],
      ['Content-Type', 'application/json'],
    ],
    body,
  });
  if (random.chance(0.25)) return mutatedBytes(random, whole);
  const text = random.pick(forms)(random.size(random.chance(0.1) ? 100_000 : 1_000));
  return Buffer.from(random.chance(0.3) ? mutatedText(random, text) : text, 'latin1');
}

const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;

const forms: readonly ((size: number) => string)[] = [
  () => get.repeat(20),
  () => `${get}${post}Content-Length: ${body.length}\r\n\r\n${body}`,
  (size) => `GET /${'a'.repeat(size)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (size) => `GET / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(size)}\r\n\r\n`,
  (size) => `GET / HTTP/1.1\r\nHost: a\r\n${'X: a\r\n'.repeat(size)}\r\n`,
  () => 'GET / HTTP/9.9\r\n\r\n',
  () => 'GET / HTTP/1.0\r\n\r\n',
  () => 'GET /\r\n\r\n',
  () => 'GET  /  HTTP/1.1\r\nHost: a\r\n\r\n',
  () => 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n',
  () => 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
  () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  () => 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  () => 'GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n',
  () => 'GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n',
  () => 'GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n',
  () => 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n',
  () => 'GET /graphql?query=\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n',
  () => `${post}Content-Length: 999999999999999999999\r\n\r\n${body}`,
  () => `${post}Content-Length: -1\r\n\r\n${body}`,
  () => `${post}Content-Length: 500\r\n\r\n${body}`,
  () => `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\n${body}`,
  () => `${post}Content-Length: 17000000\r\n\r\n`,
  () => `${chunked}20\r\n${body}\r\n0\r\n\r\n`,
  () => `${chunked}zz\r\n${body}\r\n0\r\n\r\n`,
  () => `${chunked}ffffffffffffffff\r\n${body}\r\n`,
  () => `${chunked}5;${'a'.repeat(20_000)}\r\n{"a":\r\n0\r\n\r\n`,
  (size) => `${chunked}${'1\r\n \r\n'.repeat(size)}0\r\n\r\n`,
  () => `${chunked}0\r\nTrailer: a\r\n\r\n${get}`,
  () => `${post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\nGET /`,
  () => `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  () => `${post}Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
  () => `${upgrade('/graphql', 'Sec-WebSocket-Version: 99')}`,
  () => `${upgrade('/graphql', 'Sec-WebSocket-Extensions: permessage-deflate; a="\\')}`,
  () => `${upgrade('/nothing', '')}`,
  () => `${upgrade('/websocket', 'Sec-WebSocket-Protocol: ,,')}`,
];

/** A WebSocket handshake. */
function upgrade(path: string, header: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    ...(header.includes('Version') ? [] : ['Sec-WebSocket-Version: 13']),
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...(header === '' ? [] : [header]),
    '\r\n',
  ].join('\r\n');
}

/** A handshake and what follows it, as one write. */
export function socketInput(path: string, protocol: string, frames: readonly Buffer[]): Input {
  const handshake = upgrade(path, protocol === '' ? '' : `Sec-WebSocket-Protocol: ${protocol}`);
  return {
    over: 'tcp',
    port: 'http',
    until: 'silence',
    bytes: Buffer.concat([Buffer.from(handshake), ...frames]),
  };
}
