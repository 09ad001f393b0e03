import { hostileText } from '../hostile.ts';
import type { Surface } from '../input.ts';
import { mutatedBytes, mutatedJson, mutatedText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { socketInput } from './framing.ts';
import { operationJson } from './graphql.ts';
import { mutations, queries, subscriptions } from './operations.ts';
import { hostileYaml } from './vamp.ts';

const text = 1;
const operations = [...queries, ...mutations, ...subscriptions];
const init = '{"type":"connection_init"}';

const vampMessage = {
  api: 'v1',
  path: '/events',
  action: 'PUT',
  accept: 'JSON',
  content: 'JSON',
  transaction: 't1',
  data: '{"tags":["a:b"],"value":5,"type":"metrics"}',
  parameters: { tag: ['a'], type: 'metrics', page: 1 },
};

export const socketSurfaces: readonly Surface[] = [
  {
    name: 'GraphQL over WebSocket',
    weight: 10,
    make: (random) =>
      socketInput(
        '/graphql',
        'graphql-transport-ws',
        [...(random.chance(0.9) ? [init] : []), ...graphqlMessages(random)].map((message) =>
          frame(text, message),
        ),
      ),
  },
  {
    name: "Vamp's WebSocket",
    weight: 7,
    make: (random) =>
      socketInput(
        random.pick(['/websocket', '/websocket', '/ns/websocket', '/%00/websocket']),
        '',
        Array.from({ length: random.size(3) }, () => frame(text, vampText(random))),
      ),
  },
  {
    name: 'WebSocket frames',
    weight: 6,
    make: (random) => {
      const isVamp = random.chance(0.5);
      const first = frame(text, isVamp ? JSON.stringify(vampMessage) : init);
      const frames = Buffer.concat([
        ...(random.chance(0.7) ? [first] : []),
        ...Array.from({ length: random.size(5) }, () => hostileFrame(random)),
        first,
      ]);
      return socketInput(
        isVamp ? '/websocket' : '/graphql',
        isVamp
          ? ''
          : random.pick(['graphql-transport-ws', 'graphql-ws', 'a, graphql-transport-ws']),
        [random.chance(0.3) ? mutatedBytes(random, frames) : frames],
      );
    },
  },
];

function graphqlMessages(random: Random): string[] {
  return Array.from({ length: random.size(4) }, (_, n) => {
    const payload = operationJson(random, operations);
    const odd = hostileText(random);
    return random.pick([
      `{"id":"${n}","type":"subscribe","payload":${payload}}`,
      `{"id":"${n}","type":"subscribe","payload":${payload}}`,
      `{"id":"${n}","type":"subscribe","payload":${payload}}`,
      `{"id":${JSON.stringify(odd)},"type":"subscribe","payload":${payload}}`,
      mutatedJson(random, { id: '1', type: 'subscribe', payload: random.pick(operations) }),
      JSON.stringify({
        id: '1',
        type: 'subscribe',
        payload: { ...random.pick(queries), operationName: odd },
      }),
      JSON.stringify({ id: '0', type: random.pick(['complete', 'next', 'error', 'ping', 'pong']) }),
      JSON.stringify({ id: '0', type: random.pick(['connection_ack', 'start', odd]), payload: {} }),
      mutatedJson(random, { type: 'connection_init', payload: { a: 1 } }),
      mutatedText(random, payload),
    ]);
  });
}

function vampText(random: Random): string {
  const stream = { ...vampMessage, path: '/events/stream', action: 'PEEK' };
  const list = { ...vampMessage, action: 'PEEK' };
  return random.pick([
    () => mutatedJson(random, vampMessage),
    () => mutatedJson(random, stream),
    () => mutatedJson(random, [vampMessage, list, stream]),
    () =>
      JSON.stringify({ ...vampMessage, data: mutatedJson(random, JSON.parse(vampMessage.data)) }),
    () => JSON.stringify({ ...vampMessage, content: 'YAML', data: hostileYaml(random) }),
    () => JSON.stringify({ ...list, path: hostileText(random) }),
    () => JSON.stringify({ ...list, accept: 'YAML', parameters: { tag: hostileText(random) } }),
    () => hostileYaml(random),
  ])();
}

/** A mask that changes nothing, so that what was sent can be read in a report. */
const noMask = Buffer.alloc(4);

/** A frame as a client sends it: masked, with a length that is its own. */
function frame(opcode: number, content: string | Buffer, isFinal = true): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    Buffer.from([(isFinal ? 0x80 : 0) | opcode]),
    length(bytes.length),
    noMask,
    bytes,
  ]);
}

function length(bytes: number): Buffer {
  if (bytes < 126) return Buffer.from([0x80 | bytes]);
  const long = bytes > 0xffff;
  const written = Buffer.alloc(long ? 9 : 3);
  written[0] = 0x80 | (long ? 127 : 126);
  written.writeUIntBE(bytes, long ? 3 : 1, long ? 6 : 2);
  return written;
}

function hostileFrame(random: Random): Buffer {
  const size = random.size(2_000);
  return random.pick([
    // Reserved opcodes and bits.
    () => frame(random.below(16), 'a'.repeat(size)),
    () => Buffer.from([0x80 | (random.below(8) << 4) | text, 0x80, 0, 0, 0, 0]),
    // Not masked.
    () => Buffer.from([0x81, 1, 0x61]),
    // Text that is not UTF-8.
    () => frame(text, random.bytes(size)),
    // Lengths of up to 2^63, and one that is not the shortest form.
    () => Buffer.concat([Buffer.from([0x81, 0xff]), random.bytes(8), Buffer.from('abcd')]),
    () => Buffer.concat([Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])]),
    () => Buffer.from([0x81, 0xfe, 0, 1, 0, 0, 0, 0, 0x61]),
    // Fragments that begin, never end, or continue nothing.
    () => frame(0, 'a', random.chance(0.5)),
    () => frame(text, init, false),
    () =>
      Buffer.concat([frame(text, init.slice(0, 5), false), frame(9, ''), frame(0, init.slice(5))]),
    () => Buffer.concat(Array.from({ length: size }, () => frame(0, '', false))),
    // Control frames: too long, fragmented, with odd codes, many.
    () => frame(9, 'p'.repeat(200)),
    () => frame(9, 'p', false),
    () => Buffer.concat(Array.from({ length: size }, () => frame(9, 'p'))),
    () => frame(8, Buffer.from([0x03, random.below(256)])),
    () => frame(8, Buffer.concat([Buffer.from([0x03, 0xe8]), random.bytes(10)])),
    () => frame(8, 'x'),
    () => frame(2, random.bytes(size)),
  ])();
}
