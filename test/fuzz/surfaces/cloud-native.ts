import { hostileText, percentEncoded } from '../hostile.ts';
import { type HttpHeader, httpInput, type Surface } from '../input.ts';
import { mutatedJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { withOddHeaders } from './headers.ts';

const cloudEvent = {
  specversion: '1.0',
  id: 'a-1',
  source: '/shop/orders',
  type: 'Order.Placed',
  subject: 'order-7',
  time: '2026-01-01T00:00:00Z',
  datacontenttype: 'application/json',
  severitynumber: 9,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  data: { total: 12.5, lines: [{ sku: 'a', count: 2 }] },
};

const logs = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] },
      scopeLogs: [
        {
          scope: { name: 'lib', version: '1' },
          logRecords: [
            {
              timeUnixNano: '1767225600000000000',
              observedTimeUnixNano: 1_767_225_600_000_000,
              severityNumber: 17,
              severityText: 'ERROR',
              eventName: 'Deployment.Failed',
              body: { kvlistValue: { values: [{ key: 'a', value: { intValue: '5' } }] } },
              attributes: [
                { key: 'n', value: { doubleValue: 1.5 } },
                { key: 'list', value: { arrayValue: { values: [{ boolValue: true }] } } },
              ],
              traceId: '0af7651916cd43dd8448eb211c80319c',
              spanId: 'b7ad6b7169203331',
            },
          ],
        },
      ],
    },
  ],
};

const nomadSink = {
  ID: 'fuzz',
  Type: 'webhook',
  Topics: { Job: ['web'], '*': ['*'] },
  Address: 'http://192.0.2.1:9/hook',
};

export const cloudNativeSurfaces: readonly Surface[] = [
  {
    name: 'CloudEvents',
    weight: 8,
    make: (random) => random.pick([structured, structured, batched, binary])(random),
  },
  {
    name: "CloudEvents' stream",
    weight: 3,
    make: (random) =>
      httpInput({
        method: 'GET',
        target: `/cloudevents/stream?${parameters(random, ['types', 'after', 'tags', 'filter'])}`,
        headers: withOddHeaders(random, [
          ['Accept', random.pick(['text/event-stream', 'application/x-ndjson'])],
          [
            'Last-Event-ID',
            hostileText(random)
              .replace(/[^ -~]/g, '')
              .slice(0, 200),
          ],
        ]),
      }),
  },
  {
    name: 'OTLP logs',
    weight: 6,
    make: (random) =>
      httpInput({
        method: 'POST',
        target: '/v1/logs',
        headers: withOddHeaders(random, [
          ['Content-Type', random.chance(0.8) ? 'application/json' : 'application/x-protobuf'],
        ]),
        body: mutatedJson(random, logs),
      }),
  },
  {
    name: "Nomad's sinks",
    weight: 3,
    make: (random) =>
      httpInput({
        method: random.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']),
        target: `/v1/event/${random.pick(['sinks', 'sink/fuzz', `sink/${percentEncoded(hostileText(random).slice(0, 200))}`])}`,
        headers: withOddHeaders(random, [['Content-Type', 'application/json']]),
        body: mutatedJson(random, nomadSink),
      }),
  },
  {
    name: "Mayastor's history",
    weight: 3,
    make: (random) =>
      httpInput({
        method: 'GET',
        target: `/mayastor/events.ndjson?${parameters(random, mayastorParameters)}`,
        headers: withOddHeaders(random, []),
      }),
  },
  {
    name: 'Status of alarms',
    weight: 2,
    make: (random) =>
      httpInput({
        method: 'GET',
        target: `/status/alarm/${random.pick(['rules', 'a', 'rules/a', 'a/b', percentEncoded(hostileText(random).slice(0, 300))])}`,
        headers: withOddHeaders(random, []),
      }),
  },
];

const mayastorParameters = [
  'category',
  'action',
  'component',
  'node',
  'target',
  'pool',
  'volume',
  'replica',
  'state',
  'filter',
  'since',
  'limit',
] as const;

const structured = (random: Random) =>
  post(random, 'application/cloudevents+json', mutatedJson(random, cloudEvent));

const batched = (random: Random) =>
  post(random, 'application/cloudevents-batch+json', mutatedJson(random, [cloudEvent, cloudEvent]));

function binary(random: Random) {
  const { data, datacontenttype, ...attributes } = cloudEvent;
  const headers = Object.entries(attributes).map(
    ([name, value]): HttpHeader => [
      `ce-${name}`,
      random.chance(0.2) ? percentEncoded(hostileText(random).slice(0, 500)) : String(value),
    ],
  );
  return post(random, datacontenttype, mutatedJson(random, data), headers);
}

const post = (random: Random, type: string, body: string, headers: HttpHeader[] = []) =>
  httpInput({
    method: random.pick(['POST', 'POST', 'POST', 'OPTIONS']),
    target: '/cloudevents',
    headers: withOddHeaders(random, [['Content-Type', type], ...headers]),
    body,
  });

const parameters = (random: Random, names: readonly string[]): string =>
  Array.from(
    { length: random.below(5) },
    () => `${random.pick(names)}=${percentEncoded(hostileText(random).slice(0, 500))}`,
  )
    .join('&')
    .slice(0, 14_000);
