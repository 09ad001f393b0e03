import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import cases from '../../fixtures/skywalking-cases.json' with { type: 'json' };
import { Agent, type AgentEvent } from './agent.ts';
import { type SkyWalkingGateway, startGateway } from './gateway.ts';
import { ask, eventsDocument, post, queryEvents } from './query-client.ts';

/** The requests of SkyWalking's own clients, in order, and the answers that its end-to-end tests expect. */

let gateway: SkyWalkingGateway;
let agent: Agent;
beforeAll(async () => {
  gateway = await startGateway();
  agent = new Agent(gateway.grpc.port);
});
afterAll(async () => {
  agent[Symbol.dispose]();
  await gateway[Symbol.asyncDispose]();
});

/** A time in the form that belongs to a step: MINUTE is 2023-11-14 2213. */
function timeText(milliseconds: number, step: 'MINUTE' | 'SECOND'): string {
  const [date, time = ''] = new Date(milliseconds).toISOString().split('T');
  const digits = time.replaceAll(':', '');
  return `${date} ${step === 'MINUTE' ? digits.slice(0, 4) : digits.slice(0, 6)}`;
}

const lastHalfHour = (step: 'MINUTE' | 'SECOND') => ({
  start: timeText(Date.now() - 1_800_000, step),
  end: timeText(Date.now(), step),
  step,
});

describe('swctl', () => {
  /** NOW_S of the fixture: a later step reports later. */
  const event = (json: object, seconds: number): AgentEvent =>
    JSON.parse(
      JSON.stringify(json)
        .replace('"NOW_S*1000"', String(seconds * 1000))
        .replace('"NOW_S*1000+999"', String(seconds * 1000 + 999)),
    );

  test('event report, event report, event ls', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000) - 10;
    for (const [at, step] of cases.e2e_event.steps.entries()) {
      if (step.grpc === undefined) continue;
      const outcome = await agent.report(
        ...step.grpc.client_stream.map((each) => event(each, nowSeconds + 3 * at)),
      );
      expect(outcome).toEqual({ code: status.OK, details: '', commands: {} });
    }
    const { graphql_requests_in_order: requests = [], expected_response_data: expected } =
      cases.e2e_event.steps.at(-1) ?? {};
    const [time, list] = requests;

    const clock = await ask(gateway.url, time?.query ?? '');
    const { timezone, currentTimestamp } = clock.result as Record<string, unknown>;
    expect(timezone).toMatch(/^[+-]\d{4}$/);
    expect(Math.abs(Number(currentTimestamp) - Date.now())).toBeLessThan(10_000);

    const condition = { ...list?.variables?.condition, time: lastHalfHour('MINUTE') };
    const listed = await ask(gateway.url, list?.query ?? '', { condition });
    const positive = { startTime: expect.any(Number), endTime: expect.any(Number) };
    const { events } = listed.result as { events: { startTime: number; endTime: number }[] };
    expect(events).toEqual(expected?.result.events.map((each) => ({ ...each, ...positive })));
    for (const { startTime, endTime } of events) {
      expect(startTime).toBeGreaterThan(0);
      expect(endTime).toBeGreaterThanOrEqual(startTime);
    }
  });

  test('event ls --service-name asks for the version and the service first', async () => {
    await agent.report({
      uuid: 'ls-service',
      source: { service: 'group-a::checkout' },
      name: 'Upgrade',
      layer: 'GENERAL',
    });
    const { data } = await post(gateway.url, '{ result: version }');
    expect(Number(/^(\d+)\.\d+/.exec(String(data?.result))?.[1])).toBeGreaterThanOrEqual(9);

    const document =
      'query findService($serviceName: String!) { result: findService(serviceName: $serviceName) { id name group shortName layers normal } }';
    const found = await post(gateway.url, document, { serviceName: 'group-a::checkout' });
    expect(found.data?.result).toEqual({
      id: `${Buffer.from('group-a::checkout').toString('base64')}.1`,
      name: 'group-a::checkout',
      group: 'group-a',
      shortName: 'checkout',
      layers: ['GENERAL'],
      normal: true,
    });
    const missing = await post(gateway.url, document, { serviceName: 'nobody' });
    expect(missing).toEqual({ status: 200, data: { result: null } });
  });
});

test('the Java agent reports its start and its shutdown', async () => {
  const { grpc_stream: stream, expected_query_contains: expected } = cases.e2e_java_agent;
  const start = { uuid: '2f9d3d0c-5b7a-4d64-9f43-3f2a4b8c1d7e', startTime: 1_000, endTime: 2_000 };
  const shutdown = {
    uuid: '9a0c4be1-7f1c-4a57-8f60-2a5d7c3e9b10',
    source: { service: 'e2e-service-provider', serviceInstance: 'provider1' },
    name: 'Shutdown',
    message: 'Shutting down Java Application',
    startTime: 5_000,
    endTime: 5_000,
    layer: 'GENERAL',
  };
  await agent.report({ ...(stream[0] as object), ...start });
  await agent.report(shutdown);

  const [reported] = await queryEvents(gateway.url, { uuid: start.uuid, paging: { pageSize: 1 } });
  expect(reported).toEqual({
    ...expected,
    ...start,
    parameters: [{ key: 'OPTS', value: expect.stringMatching(/./) }],
  });
  const [ended] = await queryEvents(gateway.url, { uuid: shutdown.uuid, paging: { pageSize: 1 } });
  expect(ended).toMatchObject({ startTime: 5_000, endTime: 5_000, parameters: null });
});

describe('the Kubernetes exporter', () => {
  const { sent_event: sent } = cases.e2e_kubernetes_exporter;

  test('sends into one call for ever, again whenever an event repeats', async () => {
    const { call, outcome } = agent.open();
    call.write(sent);
    call.write({ ...sent, endTime: sent.endTime + 60_000 });
    const condition = { uuid: sent.uuid, paging: { pageSize: 10 } };
    await expect
      .poll(() => queryEvents(gateway.url, condition))
      .toEqual([{ ...sent, endTime: sent.endTime + 60_000, parameters: null }]);
    call.end();
    expect(await outcome).toMatchObject({ code: status.OK, commands: {} });
  });

  test("leaves Go's zero time where Kubernetes has none", async () => {
    const zero = -62_135_596_800_000;
    const before = Date.now();
    await agent.report({ ...sent, uuid: 'k8s-zero', startTime: zero, endTime: zero });
    const [event] = await queryEvents(gateway.url, { uuid: 'k8s-zero', paging: { pageSize: 1 } });
    expect(event?.startTime).toBeGreaterThanOrEqual(before);
    expect(event?.endTime).toBe(event?.startTime);
  });
});

describe("horizon's pages", () => {
  const page = (pageNum: number, pageSize: number) => ({
    source: { service: 'horizon' },
    order: 'DES',
    time: { start: '2026-06-30 000000', end: '2026-06-30 120000', step: 'SECOND' },
    paging: { pageNum, pageSize },
  });
  const first = Date.parse('2026-06-30T06:00:00Z');
  const uuids = Array.from({ length: 7 }, (_, at) => `horizon-${at}`);

  beforeAll(() =>
    agent.report(
      ...uuids.map((uuid, at) => ({
        uuid,
        source: { service: 'horizon' },
        name: 'Start',
        startTime: first + at * 1000,
        layer: 'MESH',
      })),
    ),
  );

  test('the first asks for one more than it shows', async () => {
    const document = eventsDocument.replace('result:', 'data:');
    const { data } = await post(gateway.url, document, { condition: page(1, 4) });
    expect(data?.data).toMatchObject({
      events: ['6', '5', '4', '3'].map((at) => ({ uuid: `horizon-${at}` })),
    });
  });

  test('later ones come with a probe after them', async () => {
    const document = `query QueryEvents($condition: EventQueryCondition, $probe: EventQueryCondition) {
      data: queryEvents(condition: $condition) { events { uuid } }
      probe: queryEvents(condition: $probe) { events { uuid } }
    }`;
    const variables = { condition: page(2, 3), probe: page(2 * 3 + 1, 1) };
    const { data } = await post(gateway.url, document, variables);
    expect(data).toEqual({
      data: { events: ['3', '2', '1'].map((at) => ({ uuid: `horizon-${at}` })) },
      probe: { events: [{ uuid: 'horizon-0' }] },
    });
  });

  test.each(cases.horizon_ui_client.requests)('$order with $scope', async ({ condition }) => {
    const events = await queryEvents(gateway.url, condition);
    expect(events.every(({ layer }) => layer === (condition.layer ?? layer))).toBe(true);
  });

  test('it learns which fields there are, the health and the layers', async () => {
    const { data } = await post(
      gateway.url,
      `query HorizonOapInfo {
        version
        time: getTimeInfo { timezone currentTimestamp }
        health: checkHealth { score details }
        layers: listLayers
        _0: listServices(layer: "MESH") { id name normal group }
        __type(name: "Query") { fields { name } }
      }`,
    );
    expect(data).toMatchObject({
      health: { score: 0 },
      layers: expect.arrayContaining(['GENERAL', 'MESH']),
      _0: [{ id: 'aG9yaXpvbg==.1', name: 'horizon', normal: true, group: '' }],
    });
  });
});

describe('booster', () => {
  const { document, variables } = cases.booster_ui_client;

  test('shows the events of what was chosen', async () => {
    await agent.report(
      {
        uuid: 'booster-1',
        source: { service: 'booster', serviceInstance: 'i1' },
        name: 'Start',
        startTime: Date.now() - 60_000,
        layer: 'GENERAL',
      },
      {
        uuid: 'booster-2',
        source: { service: 'booster', endpoint: '/pay' },
        name: 'Fail',
        type: 'Error',
        startTime: Date.now(),
        layer: 'GENERAL',
      },
    );
    const { type: _, ...condition } = variables.condition;
    const { data } = await post(gateway.url, document, {
      condition: {
        ...condition,
        source: { ...condition.source, service: 'booster' },
        time: lastHalfHour('MINUTE'),
      },
    });
    expect(data?.fetchEvents).toMatchObject({
      events: [{ uuid: 'booster-2' }, { uuid: 'booster-1' }],
    });
  });

  test('lets people choose instances and endpoints', async () => {
    const serviceId = `${Buffer.from('booster').toString('base64')}.1`;
    const asked = await post(
      gateway.url,
      `query ($serviceId: ID!, $id: String!, $duration: Duration!) {
        service: getService(serviceId: $id) { id value: name label: name group layers normal }
        pods: listInstances(duration: $duration, serviceId: $serviceId) {
          id value: name label: name language instanceUUID attributes { name value }
        }
        endpoints: findEndpoint(serviceId: $serviceId, keyword: "pa", limit: 20) { id value: name }
        none: findEndpoint(serviceId: $serviceId, keyword: "other", limit: 20) { id }
      }`,
      { serviceId, id: serviceId, duration: lastHalfHour('SECOND') },
    );
    const id = `${serviceId}_${Buffer.from('i1').toString('base64')}`;
    const endpointId = `${serviceId}_${Buffer.from('/pay').toString('base64')}`;
    expect(asked.data).toMatchObject({
      service: { id: serviceId, value: 'booster', layers: ['GENERAL'], normal: true },
      pods: [{ id, value: 'i1', language: 'UNKNOWN', instanceUUID: id, attributes: [] }],
      endpoints: [{ id: endpointId, value: '/pay' }],
      none: [],
    });
    const one = await post(
      gateway.url,
      `query ($id: String!, $endpointId: ID!) {
        instance: getInstance(instanceId: $id) { id value: name }
        endpoint: getEndpointInfo(endpointId: $endpointId) { name serviceId serviceName }
        nobody: getService(serviceId: "bm9ib2R5.1") { id }
        nonsense: getInstance(instanceId: "?") { id }
      }`,
      { id, endpointId },
    );
    expect(one.data).toEqual({
      instance: { id, value: 'i1' },
      endpoint: { name: '/pay', serviceId, serviceName: 'booster' },
      nobody: null,
      nonsense: null,
    });
  });
});
