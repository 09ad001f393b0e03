import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { eventually } from './eventually.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import { ask } from './http-client.ts';
import { GoClient } from './nomad/go-client.ts';
import { NomadCluster } from './nomad/nomad-cluster.ts';
import { queryEvents } from './skywalking/query-client.ts';
import { report as reportVamp, type VampAnswer } from './vamp/client.ts';

const moment = new Date(Date.now() - 60_000).toISOString();
const uuid = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

/** What every dialect promises to show of an event: what the mapping tables make of it. */
interface Promised {
  readonly graphql: Readonly<Record<string, unknown>>;
  readonly vamp: Partial<VampAnswer>;
  readonly nomad: Readonly<Record<string, unknown>>;
  readonly skyWalking: Readonly<Record<string, unknown>>;
}

interface Reporter {
  readonly dialect: string;
  /** A tag or a key by which it is found. */
  readonly key: string;
  readonly namespace: string;
  readonly report: () => Promise<unknown>;
  readonly promised: Promised;
}

let nats: NatsServer;
let cluster: NomadCluster;
let gateway: TestGateway;

beforeAll(async () => {
  nats = await startNatsServer();
  cluster = await NomadCluster.start();
  gateway = await startGateway({
    environment: {
      NATS_URL: nats.url,
      MAYASTOR_STREAM: 'events-stream',
      NOMAD_ADDR: cluster.address,
      TIDINGS_NOMAD_CLUSTER: 'pairs',
    },
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

const post = async (path: string, body: unknown) => {
  const { status, body: text } = await ask(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(status, text).toBe(200);
};

const reporters: readonly Reporter[] = [
  {
    dialect: 'TIDINGS',
    key: 'key-tidings',
    namespace: 'default',
    report: () =>
      gateway.gql(
        'mutation ($event: EventInput!) { reportEvent(event: $event) { ... on ReportedEvent { id } } }',
        {
          event: {
            id: uuid(1),
            category: 'Order',
            action: 'Paid',
            key: 'key-tidings',
            filterKeys: ['customer-1'],
            tags: ['shop:north'],
            severity: 'ERROR',
            source: { service: 'billing' },
            message: 'Paid twice',
            value: { amount: 5 },
            time: moment,
          },
        },
      ),
    promised: {
      graphql: {
        type: 'Order.Paid',
        severity: 'ERROR',
        message: 'Paid twice',
        value: { amount: 5 },
      },
      vamp: { tags: ['shop', 'shop:north'], value: '{"amount":5}', type: 'Order.Paid' },
      nomad: {
        Topic: 'Order',
        Type: 'Paid',
        FilterKeys: ['customer-1'],
        Payload: { amount: 5 },
      },
      skyWalking: {
        name: 'Paid',
        type: 'Error',
        message: 'Paid twice',
        source: { service: 'billing', serviceInstance: '', endpoint: '' },
      },
    },
  },
  {
    dialect: 'VAMP',
    key: 'key-vamp',
    namespace: 'default',
    report: () =>
      reportVamp(`${gateway.url}/api/v1`, {
        tags: ['deployments:key-vamp', 'archive:create'],
        type: 'archive',
        value: 'name: sava',
        timestamp: moment,
      }),
    promised: {
      graphql: {
        type: 'archive',
        action: null,
        tags: ['deployments', 'deployments:key-vamp', 'archive', 'archive:create'],
        value: 'name: sava',
      },
      vamp: { value: 'name: sava', type: 'archive' },
      nomad: { Topic: 'archive', Type: '', FilterKeys: null, Payload: { Value: 'name: sava' } },
      skyWalking: { name: 'archive', type: 'Normal', message: '' },
    },
  },
  {
    dialect: 'NOMAD',
    key: 'key-nomad',
    namespace: 'prod',
    report: async () =>
      cluster.publish(7, {
        Topic: 'Allocation',
        Type: 'AllocationUpdated',
        Key: 'key-nomad',
        Namespace: 'prod',
        FilterKeys: ['web', ''],
        Payload: {
          Allocation: {
            NodeName: 'n1',
            ClientStatus: 'failed',
            ModifyTime: Date.parse(moment) * 1_000_000,
          },
        },
      }),
    promised: {
      graphql: {
        type: 'Allocation.AllocationUpdated',
        namespace: 'prod',
        severity: 'ERROR',
        filterKeys: ['web'],
        source: { service: null, node: 'n1', component: 'nomad' },
      },
      vamp: { tags: [], type: 'Allocation.AllocationUpdated' },
      nomad: {
        Topic: 'Allocation',
        Type: 'AllocationUpdated',
        FilterKeys: ['web', ''],
        Payload: { Allocation: expect.objectContaining({ NodeName: 'n1' }) },
      },
      skyWalking: { name: 'AllocationUpdated', type: 'Error' },
    },
  },
  {
    dialect: 'SKYWALKING',
    key: 'key-skywalking',
    namespace: 'default',
    report: () =>
      post('/v3/events', [
        {
          uuid: uuid(4),
          source: { service: 'shop', serviceInstance: 'key-skywalking' },
          name: 'Restart',
          type: 'Error',
          message: 'Out of memory',
          parameters: { pods: '3' },
          startTime: Date.parse(moment),
          endTime: Date.parse(moment) + 1_000,
          layer: 'GENERAL',
        },
      ]),
    promised: {
      graphql: {
        type: 'ServiceInstance.Restart',
        severity: 'ERROR',
        message: 'Out of memory',
        source: { service: 'shop', node: null, component: null },
      },
      vamp: { tags: [], value: 'Out of memory', type: 'ServiceInstance.Restart' },
      nomad: {
        Topic: 'ServiceInstance',
        Type: 'Restart',
        FilterKeys: ['shop'],
        Payload: { Value: null, Message: 'Out of memory' },
      },
      skyWalking: {
        name: 'Restart',
        type: 'Error',
        source: { service: 'shop', serviceInstance: 'key-skywalking', endpoint: '' },
        parameters: [{ key: 'pods', value: '3' }],
        layer: 'GENERAL',
      },
    },
  },
  {
    dialect: 'CEILOMETER',
    key: 'key-ceilometer',
    namespace: 'project-1',
    report: () =>
      post('/v1/notifications', {
        message_id: uuid(5),
        publisher_id: 'compute.host1',
        event_type: 'compute.instance.create.end',
        priority: 'INFO',
        timestamp: moment.replace('T', ' ').replace('Z', ''),
        payload: { instance_id: 'key-ceilometer', tenant_id: 'project-1', memory_mb: 512 },
      }),
    promised: {
      graphql: {
        type: 'compute.instance.create.end',
        severity: 'NORMAL',
        source: { service: 'compute', node: 'host1', component: null },
      },
      vamp: { type: 'compute.instance.create.end' },
      nomad: { Topic: 'compute', Type: 'instance.create.end' },
      skyWalking: { name: 'instance.create.end', type: 'Normal' },
    },
  },
  {
    dialect: 'MAYASTOR',
    key: 'key-mayastor',
    namespace: 'default',
    report: async () => {
      const connection = await connect({ servers: nats.url });
      await connection.jetstream().publish(
        `events.2.${uuid(6)}`,
        JSON.stringify({
          category: 'Volume',
          action: 'Delete',
          target: 'key-mayastor',
          metadata: {
            id: uuid(6),
            source: { component: 'CoreAgent' },
            timestamp: moment,
            version: 'V1',
          },
        }),
      );
      await connection.close();
    },
    promised: {
      graphql: {
        type: 'Volume.Delete',
        source: { service: null, node: null, component: 'CoreAgent' },
      },
      vamp: { type: 'Volume.Delete' },
      nomad: { Topic: 'Volume', Type: 'Delete' },
      skyWalking: { name: 'Delete', type: 'Normal' },
    },
  },
];

const byKey = `query ($keys: [String!]) {
  events(filter: { keys: $keys }) {
    nodes {
      id index namespace type action severity key filterKeys message tags value time dialect
      source { service node component }
    }
  }
}`;

// biome-ignore lint/suspicious/noExplicitAny: as GraphQL answers it.
const found = async (key: string): Promise<any[]> =>
  (await gateway.gql(byKey, { keys: [key] })).events.nodes;

describe.each(reporters)(
  'what $dialect reports',
  ({ dialect, key, namespace, report, promised }) => {
    // biome-ignore lint/suspicious/noExplicitAny: as GraphQL answers it.
    let event: any;

    beforeAll(async () => {
      await report();
      await eventually(async () => expect(await found(key)).toHaveLength(1));
      [event] = await found(key);
    });

    test('is found by GraphQL', () => {
      expect(event).toMatchObject({ ...promised.graphql, key, namespace, dialect });
      expect(Date.parse(event.time)).toBe(Date.parse(moment));
    });

    test('is found by Vamp', async () => {
      const api = `${gateway.url}/${namespace}/api/v1/events?type=${promised.vamp.type}`;
      const { body } = await ask(api, { headers: { Accept: 'application/json' } });
      const same = JSON.parse(body).filter(({ id }: VampAnswer) => id === event.id);
      expect(same).toMatchObject([{ ...promised.vamp, tags: event.tags }]);
      expect(Date.parse(same[0].timestamp)).toBe(Date.parse(moment));
    });

    test('is found by Nomad, by its topic, and by its key under any', async () => {
      for (const topic of [promised.nomad.Topic, `${promised.nomad.Topic}:${key}`, `*:${key}`]) {
        const query = new URLSearchParams({ namespace, topic: String(topic) });
        await using client = await GoClient.open(`${gateway.url}/v1/event/stream?${query}`);
        const same = () => client.events.filter(({ Key }) => Key === key);
        await eventually(() => expect(same()).toHaveLength(1));
        expect(same()).toMatchObject([
          { ...promised.nomad, Namespace: namespace, Index: event.index },
        ]);
      }
    });

    test('is found by SkyWalking', async () => {
      const [same] = await queryEvents(gateway.url, {
        uuid: event.id,
        paging: { pageNum: 1, pageSize: 10 },
      });
      expect(same).toMatchObject({ ...promised.skyWalking, uuid: event.id });
      expect(same?.startTime).toBe(Date.parse(moment));
    });
  },
);
