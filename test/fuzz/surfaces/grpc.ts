import { hostileText } from '../hostile.ts';
import type { Surface } from '../input.ts';
import { mutatedBytes } from '../mutate.ts';
import type { Random } from '../random.ts';

const collect = '/skywalking.v3.EventService/collect';

export const grpcSurfaces: readonly Surface[] = [
  {
    name: 'SkyWalking gRPC',
    weight: 8,
    make: (random) => ({
      over: 'grpc',
      path: random.chance(0.93)
        ? collect
        : random.pick(['/a.B/c', '/', '/skywalking.v3.EventService/constructor', '/__proto__/a']),
      bytes: Buffer.concat(
        Array.from({ length: random.size(4) }, () => enveloped(random, message(random))),
      ),
    }),
  },
  {
    name: 'HTTP/2 framing',
    weight: 3,
    make: (random) => ({ over: 'tcp', port: 'grpc', until: 'silence', bytes: http2(random) }),
  },
];

/** gRPC's own five bytes before a message, now and then wrong. */
function enveloped(random: Random, bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head[0] = random.chance(0.04) ? random.below(256) : 0;
  head.writeUInt32BE(random.chance(0.04) ? random.below(2 ** 32) : bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function message(random: Random): Buffer {
  const now = Date.now();
  const event = Buffer.concat([
    textField(1, random.chance(0.5) ? 'abcde' : hostileText(random)),
    field(2, Buffer.concat([textField(1, 'web'), textField(2, value(random)), textField(3, '/a')])),
    textField(3, random.chance(0.6) ? 'Start' : hostileText(random)),
    numberField(4, random.chance(0.8) ? 0n : BigInt(random.below(2 ** 31))),
    textField(5, value(random)),
    ...Array.from({ length: random.size(random.chance(0.05) ? 3_000 : 4) }, (_, n) =>
      field(
        6,
        Buffer.concat([
          textField(1, random.chance(0.9) ? `p${n}` : value(random)),
          textField(2, 'v'),
        ]),
      ),
    ),
    numberField(7, random.chance(0.6) ? BigInt(now) : hugeNumber(random)),
    numberField(8, random.chance(0.6) ? 0n : hugeNumber(random)),
    textField(9, random.chance(0.7) ? 'GENERAL' : value(random)),
  ]);
  if (random.chance(0.3)) return mutatedBytes(random, event);
  return random.chance(0.2) ? Buffer.concat([event, oddField(random)]) : event;
}

const value = (random: Random): string => (random.chance(0.7) ? 'v' : hostileText(random));

const hugeNumber = (random: Random): bigint =>
  random.pick([0n, -1n, 2n ** 63n - 1n, 2n ** 53n, 253_402_300_800_000n, -62_167_219_200_001n, 5n]);

function oddField(random: Random): Buffer {
  const depth = random.size(5_000);
  return random.pick([
    // Groups without an end, nested.
    () => Buffer.alloc(depth, 0x7b),
    () => Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)]),
    // Messages within messages.
    () => {
      let nested: Buffer = Buffer.alloc(0);
      for (let n = 0; n < Math.min(depth, 1_000); n++) nested = field(2, nested);
      return nested;
    },
    // A length beyond the end, a varint that never ends, a wire type that is none, field number 0.
    () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    () => Buffer.alloc(20, 0xff),
    () => Buffer.from([0x0f, 1]),
    () => Buffer.from([0x02, 1, 1]),
    // Text that is not UTF-8, a number where text belongs.
    () => field(1, random.bytes(20)),
    () => numberField(1, 5n),
  ])();
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Buffer.from([...bytes, Number(left)]);
}

const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(content.length)), content]);
const textField = (number: number, text: string): Buffer => field(number, Buffer.from(text));
const numberField = (number: number, value: bigint): Buffer =>
  Buffer.concat([varint(BigInt(number << 3)), varint(value)]);

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function http2(random: Random): Buffer {
  const headers = Buffer.concat([
    Buffer.from([0x83, 0x86]),
    literal(':path', collect),
    literal(':authority', 'a'),
    literal(
      'content-type',
      random.pick(['application/grpc', 'text/plain', 'application/grpc+json']),
    ),
    literal('te', 'trailers'),
    literal(
      random.pick(['grpc-timeout', 'grpc-encoding', 'authentication', 'grpc-message']),
      '-1zz',
    ),
  ]);
  const frames = Buffer.concat([
    preface,
    http2Frame(4, 0, 0, Buffer.alloc(0)),
    http2Frame(1, 4, 1, headers),
    http2Frame(0, 1, 1, enveloped(random, message(random)).subarray(0, 16_000)),
    ...Array.from({ length: random.size(20) }, () =>
      http2Frame(
        random.below(12),
        random.below(256),
        random.below(6),
        random.bytes(random.size(60)),
      ),
    ),
  ]);
  return random.chance(0.4) ? mutatedBytes(random, frames) : frames;
}

function literal(name: string, text: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([text.length]),
    Buffer.from(text),
  ]);
}

function http2Frame(type: number, flags: number, stream: number, content: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(content.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, content]);
}
