import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/dialects/mayastor/decode.ts';
import { messageOf } from '../../../src/dialects/mayastor/encode.ts';
import { now } from '../../../src/event/instant.ts';
import { temporaryDatabase } from '../../database.ts';
import cases from '../../fixtures/mayastor-cases.json' with { type: 'json' };
import { freePort } from '../../free-port.ts';
import { startReceiver, until } from '../../sinks/receiver.ts';
import { startGateway, type TestGateway } from '../gateway.ts';
import { ask } from '../http-client.ts';

type Message = (typeof cases.events)[number]['wire_legacy'];

const report = async (gateway: TestGateway, messages: readonly object[]): Promise<void> => {
  const drafts = messages.map((message) => decodeMessage(JSON.stringify(message)));
  const results = await gateway.context.intake.report(drafts, 'STORED');
  expect(results.map(({ status }) => status)).not.toContain('REJECTED');
};

const lineOf = ({ subject, wire_pbjson }: (typeof cases.events)[number]) => ({
  type: 'mbus_event',
  subject,
  payload: wire_pbjson,
});

const message = (
  n: number,
  { at = '2026-08-12T09:00:00Z', details = {}, ...fields }: Record<string, unknown>,
) => ({
  category: 'Volume',
  action: 'Create',
  target: `target-${n}`,
  ...fields,
  metadata: {
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    source: {
      component: 'IoEngine',
      node: fields.node ?? 'node-1',
      event_details: details,
    },
    timestamp: at,
    version: 'V1',
  },
});

describe('the history of events', () => {
  let gateway: TestGateway;
  const linesAt = async (query: string) => {
    const { status, body, headers } = await ask(`${gateway.url}/mayastor/events.ndjson${query}`);
    expect(status, body).toBe(200);
    expect(headers['content-type']).toBe('application/x-ndjson');
    return body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  const subjects = async (query: string) => (await linesAt(query)).map(({ subject }) => subject);
  const wanted = (passes: (one: (typeof cases.events)[number]) => boolean) =>
    cases.events.filter(passes).map(({ subject }) => subject);

  beforeAll(async () => {
    gateway = await startGateway();
    const both = cases.events.map(({ wire_legacy, wire_pbjson }, at) =>
      at % 2 === 0 ? wire_legacy : wire_pbjson,
    );
    await report(gateway, both.toReversed());
    await gateway.context.intake.report(
      [{ dialect: 'TIDINGS', type: 'Volume.Explode', time: '2026-08-12T09:14:30Z' }],
      'STORED',
    );
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  test('every message in pbjson, whichever encoding it came in, oldest first', async () => {
    expect(await linesAt('')).toEqual(cases.events.map(lineOf));
    const { body } = await ask(`${gateway.url}/mayastor/events.ndjson?limit=0`);
    expect(body).toBe(cases.events.map((one) => `${JSON.stringify(lineOf(one))}\n`).join(''));
  });

  test('a message is rebuilt from the fields and traits of its event where it was not kept', async () => {
    const { events } = await gateway.context.store.page({
      filter: { dialects: ['MAYASTOR'] },
      order: 'TIME_ASC',
      limit: 100,
    });
    const rebuilt = events.map((event) => messageOf({ ...event, raw: null }));
    const micros = (text: string) => text.replace(/(\.\d{6})\d*Z/, '$1Z');
    expect(JSON.parse(JSON.stringify(rebuilt))).toEqual(
      cases.events.map(({ wire_pbjson }) =>
        JSON.parse(micros(JSON.stringify(wire_pbjson)), (name, value) =>
          name === 'newPath' ? undefined : value,
        ),
      ),
    );
  });

  test('the newest are kept on a limit, still oldest first', async () => {
    const all = cases.events.map(({ subject }) => subject);
    expect(await subjects('?limit=3')).toEqual(all.slice(-3));
    expect(await subjects(`?limit=${all.length}`)).toEqual(all);
    expect(await subjects('?category=nexus&limit=2')).toEqual(
      wanted(({ logical }) => logical.category === 'Nexus').slice(-2),
    );
  });

  test.each<[string, (logical: (typeof cases.events)[number]['logical']) => boolean]>([
    ['category=nexus', ({ category }) => category === 'Nexus'],
    ['category=io-engine-category,pool', ({ category }) => /^(IoEngine|Pool)/.test(category)],
    ['category=pool&category=node', ({ category }) => /^(Pool|Node)$/.test(category)],
    ['action=state-change', ({ action }) => action === 'StateChange'],
    ['action=nvme-path-deleting', ({ action }) => action === 'NvmePathDeleting'],
    ['component=ha-cluster-agent', ({ component }) => component === 'HaClusterAgent'],
    ['node=IO-ENGINE-2', ({ node }) => node === 'io-engine-2'],
    ['node=io-engine', () => false],
    ['target=2a3fb82d', ({ target }) => target.includes('2a3fb82d')],
    ['target=2A3FB82D', () => false],
    ['pool=pool-', ({ target }) => target.includes('pool-')],
    [
      'volume=cd92f1ab-6029-477e-913a-a313108a559c',
      ({ target }) => target === 'cd92f1ab-6029-477e-913a-a313108a559c',
    ],
    ['replica=fab4dd8e-7605-4a33-ba01-a24aabb87dbc', ({ target }) => target.startsWith('fab4')],
    ['state=FAULTED', ({ details }) => JSON.stringify(details).includes('faulted')],
    ['filter=metadata.source.node%3Dio-engine-*', ({ node }) => node.startsWith('io-engine-')],
    [
      'filter=metadata.source.event_details.subsystem_pause_details.nexus_pause_state%3D*aus*',
      ({ details }) => details !== null && 'subsystem_pause_details' in details,
    ],
    ['filter=category%3DNexus&filter=action%3DInit', ({ action }) => action === 'Init'],
    ['filter=metadata.source.eventDetails%3D*', () => false],
    ['filter=nothing.here%3D*', () => false],
    [
      'category=nexus&action=init,shutdown',
      ({ action, category }) => category === 'Nexus' && /^(Init|Shutdown)$/.test(action),
    ],
    ['since=2026-08-12T09:14:30Z', ({ timestamp }) => timestamp >= '2026-08-12T09:14:30'],
    ['since=1s', () => false],
    ['since=100000d', () => true],
  ])('?%s', async (query, passes) => {
    expect(await subjects(`?${query}`)).toEqual(wanted(({ logical }) => passes(logical)));
  });

  test.each([
    ['categories=Nexus', /There is no parameter "categories": use category, action/],
    ['category=nexuses', /category must be one of .*io-engine-category.*, got "nexuses"/],
    ['limit=-1', /limit must be a whole number/],
    ['node=a&node=b', /node may be given once/],
    ['filter=abc', /is not path=value/],
    ['since=yesterdayish', /since|time/i],
  ])('?%s is rejected with what to change', async (query, reason) => {
    const { status, body } = await ask(`${gateway.url}/mayastor/events.ndjson?${query}`);
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toMatch(reason);
  });

  test('only GET', async () => {
    const { status, headers } = await ask(`${gateway.url}/mayastor/events.ndjson`, {
      method: 'POST',
    });
    expect([status, headers.allow]).toEqual([405, 'GET']);
  });

  test('snapshots and clones of a volume, rebuilds by status, replicas by name', async () => {
    const volume = 'aaaaaaaa-0000-4000-8000-000000000001';
    const messages = [
      message(1, { category: 'Snapshot', details: { snapshot_details: { volume_id: volume } } }),
      message(2, { category: 'Clone', details: { cloneDetails: { sourceUuid: volume } } }),
      message(3, { details: { nexus_child_details: { uri: `bdev:///${volume}` } } }),
      message(4, { category: 'Replica', details: { replica_details: { replica_name: 'r-1' } } }),
      message(5, {
        category: 'Nexus',
        action: 'RebuildEnd',
        details: { rebuild_details: { rebuild_status: 4, source_replica: 'r-1' } },
      }),
    ];
    await report(gateway, messages);
    const id = (n: number) => message(n, {}).metadata.id;
    expect(await subjects(`?volume=${volume}`)).toEqual([
      `events.10.${id(1)}`,
      `events.11.${id(2)}`,
    ]);
    expect(await subjects('?replica=r-1')).toEqual([`events.4.${id(4)}`]);
    expect(await subjects('?rebuild-status=failed,stopped')).toEqual([`events.3.${id(5)}`]);
  });

  test('a history of many pages, of which the client reads a part', async () => {
    const many = Array.from({ length: 1_203 }, (_, n) =>
      message(n + 1_000, {
        target: `many-${n}`,
        at: new Date(Date.UTC(2026, 1, 1) + n).toISOString(),
      }),
    );
    for (let at = 0; at < many.length; at += 400) await report(gateway, many.slice(at, at + 400));
    const lines = await linesAt('?target=many-&limit=0');
    expect(lines.map(({ payload }) => payload.target)).toEqual(many.map(({ target }) => target));
    const some = await linesAt('?target=many-&limit=1100');
    expect(some.map(({ payload }) => payload.target)).toEqual(
      many.slice(-1_100).map(({ target }) => target),
    );
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET /mayastor/events.ndjson?limit=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await new Promise((begun) => socket.once('data', begun));
    socket.destroy();
    expect(await linesAt('?target=many-7&limit=1')).toHaveLength(1);
  });

  test('events that came another way, and messages newer than this version', async () => {
    await gateway.context.intake.report(
      [
        {
          dialect: 'TIDINGS',
          id: '00000000-0000-4000-8000-00000000aaaa',
          type: 'Volume.Delete',
          key: 'reported',
          source: { node: 'n-9', component: 'CoreAgent' },
          time: '2026-03-01T00:00:00Z',
        },
      ],
      'STORED',
    );
    await report(gateway, [
      {
        ...message(77, { target: 'newer' }),
        category: 12,
        action: 'Melt',
      },
    ]);
    expect(await linesAt('?target=reported')).toEqual([
      {
        type: 'mbus_event',
        subject: 'events.2.00000000-0000-4000-8000-00000000aaaa',
        payload: {
          category: 'Volume',
          action: 'Delete',
          target: 'reported',
          metadata: {
            id: '00000000-0000-4000-8000-00000000aaaa',
            source: { component: 'CoreAgent', node: 'n-9' },
            timestamp: '2026-03-01T00:00:00Z',
            version: 'V1',
          },
        },
      },
    ]);
    expect(await linesAt('?target=newer')).toMatchObject([
      {
        subject: 'events.12.00000000-0000-4000-8000-000000000077',
        payload: { category: 12, action: 'Melt' },
      },
    ]);
  });
});

describe('the statistics', () => {
  const text = (counts: Partial<Record<string, number>>) =>
    [
      '# HELP nexus Nexus stats',
      '# TYPE nexus counter',
      `nexus{action="created"} ${counts.nexusCreated ?? 0}`,
      `nexus{action="deleted"} ${counts.nexusDeleted ?? 0}`,
      `nexus{action="rebuild_ended"} ${counts.rebuildEnded ?? 0}`,
      `nexus{action="rebuild_started"} ${counts.rebuildStarted ?? 0}`,
      '# HELP pool Pool stats',
      '# TYPE pool counter',
      `pool{action="created"} ${counts.poolCreated ?? 0}`,
      `pool{action="deleted"} ${counts.poolDeleted ?? 0}`,
      '# HELP volume Volume stats',
      '# TYPE volume counter',
      `volume{action="created"} ${counts.volumeCreated ?? 0}`,
      `volume{action="deleted"} ${counts.volumeDeleted ?? 0}`,
      '',
    ].join('\n');

  test('count each event once, and survive repeats, restarts and retention', async () => {
    await using database = await temporaryDatabase();
    const { databaseUrl, dataDirectory } = database;
    const port = await freePort();
    const environment = {
      MAYASTOR_STATS_PORT: String(port),
      ...(databaseUrl === null
        ? { TIDINGS_DATA_DIR: dataDirectory }
        : { DATABASE_URL: databaseUrl }),
    };
    const boot = () =>
      startGateway({ environment, ...(databaseUrl === null && { dataDirectory }) });
    const stats = async () => {
      const { status, headers, body } = await ask(`http://127.0.0.1:${port}/stats`);
      expect([status, headers['content-type']]).toEqual([200, 'text/plain']);
      return body;
    };
    const nexus = (n: number, action: string) => message(n, { category: 'Nexus', action });
    {
      await using gateway = await boot();
      expect(await stats()).toBe(text({}));
      await report(gateway, [
        nexus(1, 'Create'),
        nexus(2, 'RebuildBegin'),
        nexus(3, 'RebuildEnd'),
        nexus(4, 'StateChange'),
        message(5, { category: 'Pool' }),
        message(6, { action: 'Delete' }),
      ]);
      await report(gateway, [nexus(1, 'Create'), nexus(3, 'RebuildEnd')]);
      const expected = text({
        nexusCreated: 1,
        rebuildStarted: 1,
        rebuildEnded: 1,
        poolCreated: 1,
        volumeDeleted: 1,
      });
      expect(await stats()).toBe(expected);
      expect(await gateway.store.expire(now() + 1_000_000)).toBe(6);
      expect(await stats()).toBe(expected);
    }
    await using gateway = await boot();
    await report(gateway, [nexus(7, 'Create'), nexus(8, 'Delete')]);
    const later = text({
      nexusCreated: 2,
      nexusDeleted: 1,
      rebuildStarted: 1,
      rebuildEnded: 1,
      poolCreated: 1,
      volumeDeleted: 1,
    });
    expect(await stats()).toBe(later);
    await gateway.store.expire(now() + 1_000_000);
    await report(gateway, [message(9, {})]);
    expect(await stats()).toBe(
      later.replace('volume{action="created"} 0', 'volume{action="created"} 1'),
    );
    expect((await ask(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await ask(`http://127.0.0.1:${port}/stats`, { method: 'POST' })).status).toBe(405);
  });
});

test('a sink sends lines, several in one message, and nothing of other events', async () => {
  await using receiver = await startReceiver();
  await using gateway = await startGateway({
    environment: {
      TIDINGS_SECRET_KEY: 'a key for the tests only',
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
    },
  });
  await gateway.gql(
    `mutation ($url: String!) {
       createSink(input: {
         name: "lines", format: MAYASTOR, batch: 100, order: STRICT, target: { webhook: { url: $url, signed: false } }
       }) { sink { id } }
     }`,
    { url: receiver.url },
  );
  await gateway.context.intake.report([{ dialect: 'TIDINGS', type: 'Deploy.Start' }], 'STORED');
  await report(
    gateway,
    cases.events.map(({ wire_legacy }) => wire_legacy as Message),
  );
  const lines = () => receiver.received.map(({ body }) => body).join('');
  await until(() =>
    expect(lines()).toBe(cases.events.map((one) => `${JSON.stringify(lineOf(one))}\n`).join('')),
  );
  expect(receiver.received[0]?.headers['content-type']).toBe('application/x-ndjson');
});
