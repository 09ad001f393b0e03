import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../faults/gateway-process.ts';
import { patienceMs } from '../patience.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { startReceiver } from '../sinks/receiver.ts';
import { ask } from './ask.ts';

const createRule = (gateway: GatewayProcess, notEndedWithin: string) =>
  ask(gateway, 'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }', {
    input: {
      name: 'too long',
      filter: { categories: ['Job'] },
      entity: [{ field: 'KEY' }],
      condition: { notEndedWithin },
    },
  });

const createSink = (gateway: GatewayProcess, url: string) =>
  ask(gateway, 'mutation ($input: SinkInput!) { createSink(input: $input) { sink { id } } }', {
    input: {
      name: 'notices',
      filter: { categories: ['Alarm'] },
      target: { webhook: { url, signed: false } },
    },
  });

const report = (gateway: GatewayProcess, event: object) =>
  ask(
    gateway,
    'mutation ($event: EventInput!) { reportEvent(event: $event, wait: STORED) { __typename } }',
    { event: { category: 'Job', key: 'a', ...event } },
  );

const alarmsOf = async (gateway: GatewayProcess) =>
  await ask(
    gateway,
    '{ alarms { nodes { id state } } events(filter: { categories: ["Alarm"] }) { nodes { id endTime } } }',
  );

const until = (check: () => unknown) => vi.waitFor(check, { timeout: patienceMs, interval: 50 });

describe.skipIf(!(await postgresAvailable()))('a gateway that is killed', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let environment: Record<string, string>;
  beforeEach(async () => {
    database = await startDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    environment = { DATABASE_URL: database.url, TIDINGS_SINK_NETWORKS: '127.0.0.0/8' };
  });
  afterEach(async () => {
    await client.end();
    await database[Symbol.asyncDispose]();
  });

  /** Alarms that were written and whose events were not noted as reported. */
  const unreported = async () =>
    (await client.query('SELECT id FROM alarms WHERE NOT reported')).rows.length;

  /** Ends the sessions that wait for the lock of this test, with what they were about to write. */
  const endWaiting = () =>
    client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
    );

  test.each([
    ['before its report', endWaiting],
    ['after a report of which it has not learned', async () => {}],
  ])(
    'between firing and noting the report, %s, makes one alarm, and notices of it alone',
    async (_when, beforeUnlocking) => {
      await using receiver = await startReceiver();
      await using gateway = await startGatewayProcess(environment);
      await createSink(gateway, receiver.url);
      await createRule(gateway, '6s');
      const id = randomUUID();
      await report(gateway, { id });
      // From now on the alarm can be written, and its event cannot.
      await client.query('BEGIN; LOCK TABLE events IN EXCLUSIVE MODE');
      await until(async () => expect(await unreported()).toBe(1));
      await gateway.kill();
      await beforeUnlocking();
      await client.query('COMMIT');
      expect(receiver.received).toEqual([]);

      await gateway.start();
      await until(async () => {
        const { alarms, events } = await alarmsOf(gateway);
        expect(alarms.nodes).toMatchObject([{ state: 'FIRING' }]);
        expect(events.nodes).toEqual([{ id: alarms.nodes[0].id, endTime: null }]);
        expect(await unreported()).toBe(0);
      });
      await until(() => expect(receiver.received.length).toBeGreaterThan(0));
      await report(gateway, { id, endTime: new Date().toISOString() });
      await until(() => expect(receiver.received.at(-1)?.json.data.endTime).not.toBeNull());
      const { alarms, events } = await alarmsOf(gateway);
      expect(alarms.nodes).toMatchObject([{ state: 'RECOVERED' }]);
      expect(events.nodes).toHaveLength(1);
      const ids = new Set(receiver.received.map(({ json }) => json.data.id));
      expect([...ids]).toEqual([alarms.nodes[0].id]);
    },
  );

  test('between report and notice notifies at least once, of the same alarm', async () => {
    await using receiver = await startReceiver(() => {});
    await using gateway = await startGatewayProcess(environment);
    await createSink(gateway, receiver.url);
    await createRule(gateway, '10ms');
    await report(gateway, {});
    // The first notice is never answered.
    await until(() => expect(receiver.received).toHaveLength(1));
    await gateway.kill();
    receiver.answer = (_, response) => response.end('ok');
    await gateway.start();
    await until(() => expect(receiver.received.length).toBeGreaterThan(1));
    const { alarms, events } = await alarmsOf(gateway);
    expect(alarms.nodes).toHaveLength(1);
    expect(events.nodes).toHaveLength(1);
    const notices = new Set(
      receiver.received.map(({ headers }) => headers['webhook-id'] ?? headers['tidings-index']),
    );
    expect(notices.size).toBe(1);
    expect(receiver.received[0]?.json.data.id).toBe(alarms.nodes[0].id);
  });
});
