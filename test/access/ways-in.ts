import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { notification } from '../dialects/ceilometer/gateway.ts';
import { ask } from '../dialects/http-client.ts';
import { Agent, type AgentEvent } from '../dialects/skywalking/agent.ts';
import {
  byBasic,
  byBearer,
  bySkyWalking,
  byVamp,
  type Denial,
  denialIn,
  denialOf,
  post,
} from './callers.ts';
import { type Ports, vampSocket } from './ways-out.ts';

export interface PortsIn extends Ports {
  readonly grpcPort: number;
}

/** Reports one event that has the mark in its tags, message or traits, and says whether that was denied. */
type Report = (at: PortsIn, secret: string | null, mark: string) => Promise<Denial | null>;

const mutation =
  'mutation ($event: EventInput!) { reportEvent(event: $event) { ... on RejectedEvent { errors { message } } } }';

const graphQL =
  (event: object): Report =>
  async ({ origin }, secret, message) => {
    const variables = { event: { category: 'Volume', key: 'v1', ...event, message } };
    const body = { query: mutation, variables };
    return (await post(`${origin}/graphql`, byBearer(secret), body)).denial;
  };

const vamp =
  (namespace: string): Report =>
  async ({ origin }, secret, mark) => {
    const url = `${origin}/${namespace}/api/v1/events`;
    return (await post(url, byVamp(secret), { tags: [mark], type: 'Volume' })).denial;
  };

const cloudEvent = (mark: string) => ({
  specversion: '1.0',
  id: mark,
  source: '/tests',
  type: 'Volume.Create',
  data: { mark },
});

const cloudEvents =
  (namespace: string): Report =>
  async ({ origin }, secret, mark) => {
    const url = `${origin}/cloudevents?namespace=${namespace}&wait=stored`;
    const type = 'application/cloudevents+json';
    return (await post(url, byBearer(secret), cloudEvent(mark), type)).denial;
  };

const skyWalking = (mark: string): AgentEvent => ({
  uuid: mark,
  source: { service: 'shop' },
  name: 'Restart',
  type: 'Error',
  message: mark,
  startTime: 1_795_162_530_123,
  layer: 'GENERAL',
});

const notified = (mark: string) =>
  notification(crypto.randomUUID(), { payload: { instance_id: mark, display_name: mark } });

const logs = (mark: string) => ({
  resourceLogs: [
    {
      scopeLogs: [
        {
          logRecords: [
            { eventName: 'Volume.Create', body: { stringValue: mark }, severityNumber: 17 },
          ],
        },
      ],
    },
  ],
});

const protoFile = fileURLToPath(new URL('../../proto/opentelemetry/logs.proto', import.meta.url));
// biome-ignore lint/suspicious/noExplicitAny: what the loader makes of a file has no types.
const { Export } = loadSync(protoFile)['tidings.otlp.Logs'] as any;

export const reports: Readonly<Record<string, Report>> = {
  'GraphQL, in namespace a': graphQL({ namespace: 'a' }),
  'GraphQL, in no namespace': graphQL({}),
  'GraphQL, an error': graphQL({ severity: 'ERROR' }),
  'GraphQL, about the gateway': graphQL({ namespace: 'tidings', category: 'Audit' }),
  'GraphQL by GET': async ({ origin }, secret, message) => {
    // Nothing is ever reported by GET.
    const variables = JSON.stringify({ event: { category: 'Volume', message } });
    const url = `${origin}/graphql?${new URLSearchParams({ query: mutation, variables })}`;
    const { status: code } = await ask(url, { headers: byBearer(secret) });
    return denialOf(code) ?? (code === 405 ? 'FORBIDDEN' : null);
  },
  Vamp: vamp('a'),
  'Vamp, in no namespace': vamp('default'),
  "Vamp's WebSocket": async (at, secret, mark) => {
    await using socket = await vampSocket(at, secret);
    if (socket.denial !== null) return socket.denial;
    const data = JSON.stringify({ tags: [mark], type: 'Volume' });
    await socket.asked('/a/events', true, { action: 'PUT', data });
    return denialIn(socket.text);
  },
  CloudEvents: cloudEvents('a'),
  'CloudEvents, in no namespace': cloudEvents(''),
  'CloudEvents, binary': async ({ origin }, secret, mark) => {
    const { data, ...attributes } = cloudEvent(mark);
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]),
    );
    const all = { ...headers, ...byBearer(secret) };
    return (await post(`${origin}/cloudevents?namespace=a&wait=stored`, all, data)).denial;
  },
  'CloudEvents, in a batch': async ({ origin }, secret, mark) =>
    (
      await post(
        `${origin}/cloudevents?namespace=a&wait=stored`,
        byBearer(secret),
        [cloudEvent(mark)],
        'application/cloudevents-batch+json',
      )
    ).denial,
  'SkyWalking by HTTP': async ({ origin }, secret, mark) =>
    (await post(`${origin}/v3/events`, bySkyWalking(secret), [skyWalking(mark)])).denial,
  'SkyWalking by gRPC': async ({ grpcPort }, secret, mark) => {
    using agent = new Agent(grpcPort, secret ?? undefined);
    const { code } = await agent.report(skyWalking(mark));
    // Its protocol has one status for both.
    return code === status.PERMISSION_DENIED ? 'FORBIDDEN' : null;
  },
  Ceilometer: async ({ origin }, secret, mark) =>
    (await post(`${origin}/v1/notifications`, byBasic(secret), [notified(mark)])).denial,
  reportNotifications: async ({ origin }, secret, mark) => {
    const query =
      'mutation ($all: [JSON!]!) { reportNotifications(notifications: $all) { results { ... on RejectedEvent { errors { message } } } } }';
    const variables = { all: [notified(mark)] };
    return (await post(`${origin}/graphql`, byBearer(secret), { query, variables })).denial;
  },
  'OTLP as JSON': async ({ origin }, secret, mark) =>
    (await post(`${origin}/v1/logs`, byBearer(secret), logs(mark))).denial,
  'OTLP as protobuf': async ({ origin }, secret, mark) => {
    const response = await fetch(`${origin}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', ...byBearer(secret) },
      body: new Uint8Array(Export.requestSerialize(logs(mark))),
    });
    await response.arrayBuffer();
    return denialOf(response.status);
  },
};
