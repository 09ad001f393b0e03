import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draftsOf } from '../../../src/dialects/otlp/decode.ts';
import { otlpLogsEncoder } from '../../../src/dialects/otlp/encode.ts';
import { requestFromJson } from '../../../src/dialects/otlp/wire.ts';
import type { Event } from '../../../src/event/event.ts';
import { bootGateway } from '../../harness.ts';
import { eventOf as eventFrom } from '../../sinks/event.ts';
import { startReceiver, until } from '../../sinks/receiver.ts';

const context = { sinkId: 's', replay: false, routingKey: null };
const eventOf = (draft: object, index = 1): Event => eventFrom(draft, index, 1_795_838_500_000_000);

const encode = (events: readonly Event[]) => otlpLogsEncoder.encode(events, context)?.body ?? '';

test('an event is a log record; what logs have no field for are attributes', () => {
  const event = eventOf({
    id: '01900000-0000-7000-8000-000000000001',
    namespace: 'shop',
    type: 'Order.Failed',
    severity: 'ERROR',
    source: { service: 'shop', instance: 'shop-1', node: 'n1' },
    key: 'o-1',
    message: 'It failed.',
    value: { n: 1, big: 2n ** 60n, huge: 2n ** 70n, list: [true, null, 0.5] },
    tags: ['pool:gold'],
    traits: [
      { name: 'count', type: 'INT', value: 5 },
      { name: 'ratio', type: 'FLOAT', value: 2 },
      { name: 'resource.zone', type: 'TEXT', value: 'z' },
      { name: 'otlp.traceId', type: 'TEXT', value: '0af7651916cd43dd8448eb211c80319c' },
    ],
    time: '2026-11-28T04:00:00.000001Z',
    endTime: '2026-11-28T04:00:01Z',
  });
  const { resourceLogs } = JSON.parse(encode([event]));
  expect(resourceLogs).toEqual([
    {
      resource: {
        attributes: [
          { key: 'service.name', value: { stringValue: 'shop' } },
          { key: 'service.instance.id', value: { stringValue: 'shop-1' } },
          { key: 'host.name', value: { stringValue: 'n1' } },
          { key: 'zone', value: { stringValue: 'z' } },
        ],
      },
      scopeLogs: [
        {
          scope: { name: 'tidings' },
          logRecords: [
            {
              timeUnixNano: '1795838400000001000',
              observedTimeUnixNano: '1795838500000000000',
              severityNumber: 17,
              severityText: 'ERROR',
              eventName: 'Order.Failed',
              body: { stringValue: 'It failed.' },
              attributes: [
                { key: 'count', value: { intValue: '5' } },
                { key: 'ratio', value: { doubleValue: 2 } },
                { key: 'tidings.id', value: { stringValue: event.id } },
                { key: 'tidings.index', value: { intValue: '1' } },
                { key: 'tidings.namespace', value: { stringValue: 'shop' } },
                { key: 'tidings.key', value: { stringValue: 'o-1' } },
                {
                  key: 'tidings.tags',
                  value: {
                    arrayValue: { values: [{ stringValue: 'pool' }, { stringValue: 'pool:gold' }] },
                  },
                },
                { key: 'tidings.endTime', value: { stringValue: '2026-11-28T04:00:01.000Z' } },
                {
                  key: 'tidings.value',
                  value: {
                    kvlistValue: {
                      values: [
                        { key: 'n', value: { intValue: '1' } },
                        { key: 'big', value: { intValue: '1152921504606846976' } },
                        { key: 'huge', value: { stringValue: '1180591620717411303424' } },
                        {
                          key: 'list',
                          value: {
                            arrayValue: {
                              values: [{ boolValue: true }, {}, { doubleValue: 0.5 }],
                            },
                          },
                        },
                      ],
                    },
                  },
                },
              ],
              traceId: '0af7651916cd43dd8448eb211c80319c',
            },
          ],
        },
      ],
    },
  ]);
});

test('what is sent is read again as the same events, in their order', () => {
  const name = fc.stringMatching(/^[a-z]{1,6}$/);
  const text = fc.option(name, { nil: null });
  const draft = fc.record({
    type: fc.tuple(name, name).map((parts) => parts.join('.')),
    severity: fc.constantFrom('NORMAL', 'ERROR'),
    source: fc.record({ service: text, instance: text, node: text }),
    message: text,
    traits: fc.uniqueArray(
      fc.oneof(
        fc.record({ name, type: fc.constant('TEXT'), value: name }),
        fc.record({ name, type: fc.constant('INT'), value: fc.maxSafeInteger() }),
        fc.record({
          name,
          type: fc.constant('FLOAT'),
          // JSON does not have -0.
          value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((float) => float + 0),
        }),
        fc.record({
          name: name.map((n) => `resource.${n}`),
          type: fc.constant('TEXT'),
          value: name,
        }),
      ),
      { selector: (trait) => trait.name },
    ),
  });
  fc.assert(
    fc.property(fc.array(draft, { minLength: 1, maxLength: 8 }), (drafts) => {
      const events = drafts.map((each, at) => eventOf(each, at + 1));
      const read = draftsOf(requestFromJson(encode(events)));
      expect(read).toHaveLength(events.length);
      for (const [at, event] of events.entries()) {
        const again = eventOf(read[at] ?? {});
        expect(again.type).toBe(event.type);
        expect([again.severity, again.message]).toEqual([event.severity, event.message]);
        expect(again.source).toEqual(event.source);
        const others = again.traits.filter((trait) => !/^(tidings|otlp)\./.test(trait.name));
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
        expect(others.toSorted(byName)).toEqual(event.traits.toSorted(byName));
      }
    }),
  );
});

test('events of one resource share an entry, and a gap is a record', () => {
  const of = (service: string, index: number) =>
    eventOf({ type: 'A.B', source: { service } }, index);
  const { resourceLogs } = JSON.parse(encode([of('a', 1), of('a', 2), of('b', 3), of('a', 4)]));
  expect(
    resourceLogs.map(
      ({ scopeLogs: [{ logRecords }] }: { scopeLogs: [{ logRecords: object[] }] }) =>
        logRecords.length,
    ),
  ).toEqual([2, 1, 1]);
  const gap = JSON.parse(otlpLogsEncoder.encodeGap?.(5, 9).body ?? '');
  expect(gap.resourceLogs[0].scopeLogs[0].logRecords[0]).toMatchObject({
    eventName: 'tidings.gap',
    attributes: [
      { key: 'from', value: { intValue: '5' } },
      { key: 'to', value: { intValue: '9' } },
    ],
  });
});

test('a sink delivers batches of them', async () => {
  await using receiver = await startReceiver();
  await using gateway = await bootGateway({
    environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
  await gateway.gql('mutation ($input: SinkInput!) { createSink(input: $input) { secret } }', {
    input: {
      name: 'logs',
      format: 'OTLP_LOGS',
      batch: 100,
      target: { webhook: { url: receiver.url, signed: false } },
    },
  });
  await gateway.gql(
    'mutation { reportEvents(events: [{ type: "A.B" }, { type: "A.C" }]) { results { __typename } } }',
  );
  const names = () =>
    receiver.received
      .flatMap(({ json }) => json.resourceLogs)
      .flatMap(({ scopeLogs }) => scopeLogs)
      .flatMap(({ logRecords }) => logRecords)
      .map(({ eventName }) => eventName);
  await until(() => names().length === 2);
  expect(names()).toEqual(['A.B', 'A.C']);
  expect(receiver.received[0]?.headers['content-type']).toBe('application/json');
});
