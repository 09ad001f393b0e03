import { expect, test } from 'vitest';
import type { SinkInput } from '../../src/client/schema.generated.ts';
import { draftOfSink, newSink, sinkInputOf } from '../../src/console/sink-draft.ts';

const rest = {
  namespace: 'prod',
  description: 'why',
  filter: { types: ['Volume.*'], tags: ['pool:gold'] },
  format: 'TEMPLATE',
  template: '{type}',
  delivers: 'COMPLETED',
  order: 'STRICT',
  parallel: 2,
  batch: 1,
  disableAfter: '1h',
} as const;

const webhook = { url: 'https://example.org/hook', signed: true, timeout: '3s', handshake: true };

test.each<SinkInput>([
  { ...rest, name: 'a', target: { webhook: { ...webhook, headers: [] } } },
  { ...rest, name: 'b', target: { nats: { subject: 'out.{type}' } } },
  { ...rest, name: 'c', target: { kafka: { topic: 'events' } } },
  { ...rest, name: 'd', target: { amqp: { exchange: 'x', routingKey: 'y' } } },
  { ...rest, name: 'e', target: { file: { path: '/tmp/x', maxBytes: 1_000, keep: 2 } } },
  { ...rest, name: 'f', target: { file: { path: '/tmp/x' } } },
])('a sink that is only looked at stays as it is: $name', (input) => {
  expect(sinkInputOf(draftOfSink(input), false)).toEqual(input);
});

test('headers and secrets that nobody was shown are kept, unless others are written', () => {
  const headers = [{ name: 'X-Key', value: '' }];
  const draft = draftOfSink({ ...rest, name: 'a', target: { webhook: { ...webhook, headers } } });
  expect(draft.keptHeaders).toEqual(['X-Key']);
  expect(sinkInputOf(draft, false).target).toEqual({ webhook });
  const replaced = { ...draft, replacesHeaders: true, headers: 'X-Key: a: b\n\n X-Other:c ' };
  expect(sinkInputOf({ ...replaced, secret: 'whsec_x' }, false).target).toEqual({
    webhook: {
      ...webhook,
      secret: 'whsec_x',
      headers: [
        { name: 'X-Key', value: 'a: b' },
        { name: 'X-Other', value: 'c' },
      ],
    },
  });
});

test('a new sink says where it begins, and a secret only where it signs', () => {
  const draft = { ...newSink, name: ' a ', url: 'https://example.org' };
  expect(sinkInputOf(draft, true)).toMatchObject({ name: 'a', start: { at: 'NOW' } });
  expect(sinkInputOf({ ...draft, start: 'beginning' }, true).start).toEqual({ at: 'BEGINNING' });
  expect(sinkInputOf({ ...draft, start: 'now-1h' }, true).start).toEqual({ time: 'now-1h' });
  const unsigned = sinkInputOf({ ...draft, signed: false, secret: 'whsec_x' }, true);
  expect(unsigned.target.webhook).not.toHaveProperty('secret');
});

test.each([
  [{ headers: 'Authorization' }, 'Headers: write Name: value, not "Authorization".'],
  [{ parallel: 'many' }, 'Requests at a time: "many" is not a whole number.'],
  [{ batch: '' }, 'Events in a message: "" is not a whole number.'],
  [{ filter: 'severity:purple' }, 'purple'],
])('what cannot be read is said: %j', (changed, message) => {
  expect(() => sinkInputOf({ ...newSink, ...changed }, true)).toThrow(message);
});
