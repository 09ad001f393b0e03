import { hostileText, percentEncoded } from '../hostile.ts';
import { type HttpHeader, httpInput, type Surface } from '../input.ts';
import { mutatedJson } from '../mutate.ts';
import type { Random } from '../random.ts';
import { mutatedQuery } from './graphql.ts';
import { withOddHeaders } from './headers.ts';

const json: HttpHeader = ['Content-Type', 'application/json'];

const skyWalkingEvents = [
  {
    uuid: 'abcde',
    source: { service: 'web', serviceInstance: 'w-1', endpoint: '/a' },
    name: 'Upgrade',
    type: 'Normal',
    message: 'Upgrade from {fromVersion}',
    parameters: { fromVersion: 'v1' },
    startTime: 1_767_225_600_000,
    endTime: '1767225600999',
    layer: 'GENERAL',
  },
  { name: 'Start', layer: 'K8S' },
];
const duration = { start: '2026-01-01 1030', end: '2026-01-02 1030', step: 'MINUTE' };
const skyWalkingQueries = [
  {
    query:
      'query Q($condition: EventQueryCondition) { queryEvents(condition: $condition) { events { uuid name startTime parameters { key value } source { service } layer } } }',
    variables: {
      condition: {
        uuid: 'abcde',
        source: { service: 'web', serviceInstance: 'w-1', endpoint: '/a' },
        name: 'Upgrade',
        type: 'Normal',
        layer: 'GENERAL',
        time: duration,
        order: 'ASC',
        paging: { pageNum: 1, pageSize: 20 },
      },
    },
  },
  {
    query: `query Q($layer: String, $id: ID!, $name: String!, $word: String, $duration: Duration!) {
      version getTimeInfo { timezone } checkHealth { score } listLayers listServices(layer: $layer) { id }
      findService(serviceName: $name) { id } listInstances(duration: $duration, serviceId: $id) { id }
      findEndpoint(keyword: $word, serviceId: $id, limit: 5, duration: $duration) { name } getEndpointInfo(endpointId: $id) { name }
    }`,
    variables: { layer: 'GENERAL', id: 'd2Vi.1', name: 'web', word: 'a', duration },
  },
];
const notifications = [
  {
    ctxt: { tenant: 'a', is_admin: true },
    publisher_id: 'compute.host1',
    event_type: 'compute.instance.create.end',
    priority: 'INFO',
    payload: {
      instance_id: 'a1',
      memory_mb: 512,
      created_at: '2026-01-01 00:00:00',
      fixed_ips: [{ address: '10.0.0.1', meta: { n: 1.0 } }],
      tenant_id: 't',
      state: 'active',
    },
    metadata: { message_id: '0c2f', timestamp: '2026-01-01 00:00:00.000001' },
  },
  {
    'oslo.version': '2.0',
    'oslo.message':
      '{"_context_tenant":"a","event_type":"volume.create.end","publisher_id":"v.h","payload":{"volume_id":"v"},"priority":"INFO","message_id":"m","timestamp":"2026-01-01 00:00:00"}',
  },
];

export const dialectSurfaces: readonly Surface[] = [
  {
    name: "Nomad's stream",
    weight: 7,
    make: (random) =>
      httpInput({
        method: random.pick(['GET', 'GET', 'GET', 'GET', 'POST']),
        target: `/v1/event/stream?${nomadParameters(random)}`,
        headers: withOddHeaders(random, [['Accept', 'application/json']]),
      }),
  },
  {
    name: 'SkyWalking /v3/events',
    weight: 7,
    make: (random) =>
      httpInput({
        method: random.pick(['POST', 'POST', 'POST', 'POST', 'GET']),
        target: '/v3/events',
        headers: withOddHeaders(random, [json]),
        body: mutatedJson(random, skyWalkingEvents),
      }),
  },
  {
    name: 'SkyWalking query',
    weight: 7,
    make: (random) =>
      httpInput({
        method: 'POST',
        target: '/skywalking/graphql',
        headers: withOddHeaders(random, [json]),
        body: skyWalkingQuery(random),
      }),
  },
  {
    name: 'Ceilometer notifications',
    weight: 8,
    make: (random) =>
      httpInput({
        method: random.pick(['POST', 'POST', 'POST', 'POST', 'GET']),
        target: '/v1/notifications',
        headers: withOddHeaders(random, [json]),
        body: mutatedJson(random, random.chance(0.5) ? notifications : random.pick(notifications)),
      }),
  },
  {
    name: "The console's session",
    weight: 2,
    make: (random) =>
      httpInput({
        method: random.pick(['POST', 'POST', 'POST', 'GET', 'DELETE', 'PUT']),
        target: '/console/session',
        headers: withOddHeaders(random, [json]),
        body: mutatedJson(random, { token: hostileText(random) }),
      }),
  },
  {
    name: 'Pages',
    weight: 5,
    make: (random) =>
      httpInput({
        method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS', 'POST', 'TRACE', 'PATCH']),
        target: page(random),
        headers: withOddHeaders(random, [['Accept', random.pick(['text/html', '*/*'])]]),
      }),
  },
];

function skyWalkingQuery(random: Random): string {
  const { query, variables } = random.pick(skyWalkingQueries);
  if (random.chance(0.3)) return JSON.stringify({ query: mutatedQuery(random, query), variables });
  if (random.chance(0.2)) return mutatedJson(random, { query, variables });
  return `{"query":${JSON.stringify(query)},"variables":${mutatedJson(random, variables)}}`;
}

function nomadParameters(random: Random): string {
  const value = (): string =>
    random.pick([
      () => '*',
      () => 'Job:web',
      () => '*:*',
      () => ':',
      () => '%00',
      () => 'Job:%00',
      () => '%ED%A0%80',
      () => '%zz',
      () => '-1',
      () => '1e3',
      () => '18446744073709551615',
      () => '9007199254740993',
      () => percentEncoded(hostileText(random).slice(0, 1_000)),
    ])();
  const name = (): string =>
    random.pick(['topic', 'topic', 'namespace', 'index', 'after', 'filter', '__proto__']);
  const count = random.chance(0.05) ? random.size(400) : random.below(4);
  return Array.from({ length: count }, () => `${name()}=${value()}`)
    .join('&')
    .slice(0, 14_000);
}

function page(random: Random): string {
  return random.pick([
    () => '/',
    () => '/healthz',
    () => '/readyz',
    () => '/metrics',
    () => '/graphql',
    () => '/favicon.ico',
    () => '/.well-known/oauth-protected-resource',
    () => '/console/',
    () => `/console/${percentEncoded(hostileText(random).slice(0, 200))}`,
    () => `/cloudevents/consent/${percentEncoded(hostileText(random).slice(0, 200))}`,
    () => `/${percentEncoded(hostileText(random).slice(0, 1_000))}`,
    () =>
      `/${hostileText(random)
        .replace(/[^!-~]/g, '')
        .slice(0, 1_000)}`,
    () => '//[/graphql',
    () => '/constructor',
    () => '/__proto__',
    () => '/%',
    () => '/..%2f..%2fetc',
    () => '*',
    () => 'http://[/graphql',
    () => 'http://127.0.0.1/graphql?query={__typename}',
    () => `/graphql?${'a=b&'.repeat(random.size(3_000))}`,
  ])();
}
