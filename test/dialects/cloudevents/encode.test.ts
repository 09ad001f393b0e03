import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draftOf } from '../../../src/dialects/cloudevents/decode.ts';
import { encoders } from '../../../src/dialects/cloudevents/encode.ts';
import { readBinary } from '../../../src/dialects/cloudevents/read-message.ts';
import type { Event } from '../../../src/event/event.ts';
import type { EncodedMessage } from '../../../src/sinks/encoder.ts';
import { events } from '../../event/arbitraries.ts';

const context = { sinkId: 's', replay: false, routingKey: null };
const [event, other] = fc.sample(events, { numRuns: 2, seed: 7 }) as [Event, Event];
const euro: Event = { ...event, type: 'Test.Encode', key: 'Euro € 😀', index: 42 };

function encoder(format: string) {
  const found = encoders.find((each) => each.format === format);
  if (found === undefined) throw new Error(`there is no format ${format}`);
  return found;
}

function read({ contentType, headers, body }: EncodedMessage) {
  const read = HTTP.toEvent({ headers: { ...headers, 'content-type': contentType }, body });
  return (Array.isArray(read) ? read : [read]).map((each) => {
    if (!(each instanceof CloudEvent)) throw new Error('the SDK reads no event');
    expect(each.validate()).toBe(true);
    return each;
  });
}

describe.each(['CLOUDEVENTS_BINARY', 'CLOUDEVENTS_STRUCTURED', 'CLOUDEVENTS_BATCH'])(
  '%s',
  (format) => {
    test('is read by the SDK', () => {
      const message = encoder(format).encode([euro], context);
      const [received] = read(message as EncodedMessage);
      expect(received).toMatchObject({
        id: `${euro.id}:42`,
        type: 'Test.Encode',
        sequence: '0000000000000042',
        data: { id: euro.id, key: 'Euro € 😀', index: 42 },
      });
    });

    test('says which events were deleted before they could be sent', () => {
      const message = encoder(format).encodeGap?.(5, 9);
      expect(read(message as EncodedMessage)[0]).toMatchObject({
        type: 'Tidings.Gap',
        source: '/tidings',
        data: { from: 5, to: 9 },
      });
    });
  },
);

test('a batch is all of its events', () => {
  const message = encoder('CLOUDEVENTS_BATCH').encode([euro, other], context);
  const received = read(message as EncodedMessage);
  expect(received.map(({ tidingsid }) => tidingsid)).toEqual([euro.id, other.id]);
});

test('headers are percent-encoded, and an event in binary mode is read as the same event', () => {
  const { headers, contentType, body } = encoder('CLOUDEVENTS_BINARY').encode(
    [euro],
    context,
  ) as EncodedMessage;
  expect(headers['ce-subject']).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80');
  expect(headers).not.toHaveProperty('ce-datacontenttype');
  const draft = draftOf(
    readBinary(Object.entries(headers), contentType, Buffer.from(body)),
    'REJECT',
  );
  expect(draft).toMatchObject({ id: euro.id, key: 'Euro € 😀', value: euro.value });
});
