import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventId } from '../../../src/dialects/skywalking/event-id.ts';
import { draftOfMessage } from '../../../src/dialects/skywalking/kafka-message.ts';
import { MalformedMessage } from '../../../src/dialects/skywalking/message.ts';
import { eventFromBytes } from '../../../src/dialects/skywalking/wire.ts';
import { serialised } from './agent.ts';

const now = 1_700_000_123_456_000;
const message = (value: Buffer | null, key: string | null = null) => ({
  key: key === null ? null : Buffer.from(key),
  value,
  timestamp: '1600000000000',
  offset: '7',
});

test('an Event on the wire', () => {
  const bytes = serialised({
    uuid: 'u',
    source: { service: 's' },
    name: 'n',
    type: 'Error',
    message: 'm',
    parameters: { k: 'v' },
    startTime: -62_135_596_800_000,
    endTime: 1_700_000_000_000,
    layer: 'K8S',
  });
  expect(eventFromBytes(bytes)).toEqual({
    uuid: 'u',
    source: { service: 's', serviceInstance: '', endpoint: '' },
    name: 'n',
    type: 'Error',
    message: 'm',
    parameters: new Map([['k', 'v']]),
    startTime: -62_135_596_800_000,
    endTime: 1_700_000_000_000,
    layer: 'K8S',
  });
});

test('nothing on the wire is an Event that says nothing', () => {
  expect(eventFromBytes(Buffer.alloc(0))).toMatchObject({ uuid: '', type: 'Normal', startTime: 0 });
});

test('a type that is not known is Normal', () => {
  expect(eventFromBytes(serialised({ type: 7 })).type).toBe('Normal');
});

test('a message of the topic says the same whenever it is read', () => {
  const bare = message(serialised({ name: 'n' }));
  expect(draftOfMessage(bare, 't/0', now)).toEqual(draftOfMessage(bare, 't/0', now + 1));
  expect(draftOfMessage(bare, 't/0', now)).toMatchObject({
    id: eventId('t/0/7'),
    time: 1_600_000_000_000_000,
  });
  expect(draftOfMessage(message(serialised({}), 'key'), 't/0', now).id).toBe(eventId('key'));
  expect(draftOfMessage(message(serialised({ uuid: 'own' }), 'key'), 't/0', now).id).toBe(
    eventId('own'),
  );
  expect(draftOfMessage({ ...bare, timestamp: '-1' }, 't/0', now).time).toBe(now);
});

test('any bytes are an event with a draft, or are malformed', () => {
  const real = serialised({
    uuid: 'u',
    source: { service: 's' },
    name: 'n',
    parameters: { k: 'v' },
  });
  /** Random bytes are rarely read far: an Event with one changed byte is. */
  const damaged = fc
    .tuple(fc.nat({ max: real.length - 1 }), fc.nat({ max: 255 }))
    .map(([at, byte]) => Buffer.from(real.map((each, index) => (index === at ? byte : each))));
  const random = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(random, damaged), (bytes) => {
      try {
        expect(draftOfMessage(message(bytes), 't/0', now).dialect).toBe('SKYWALKING');
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessage);
      }
    }),
    { numRuns: 1_000 },
  );
});
