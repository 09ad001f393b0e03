import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../faults/gateway-process.ts';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';
import { postgresAvailable, startDatabase, type TestDatabase } from '../postgres.ts';
import { ask } from './ask.ts';

/** How many entities a gateway evaluates. */
async function entitiesOf(gateway: GatewayProcess): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', gateway.url))).text();
  return Number(/^tidings_alarm_entities (\S+)$/m.exec(metrics)?.[1]);
}

describe.skipIf(!(await postgresAvailable()))('two gateways on NATS and PostgreSQL', () => {
  let nats: NatsServer;
  let database: TestDatabase;
  let gateways: GatewayProcess[];
  beforeAll(async () => {
    [nats, database] = await Promise.all([startNatsServer(), startDatabase()]);
    const environment = { NATS_URL: nats.url, DATABASE_URL: database.url };
    gateways = [await startGatewayProcess(environment), await startGatewayProcess(environment)];
  });
  afterAll(async () => {
    for (const gateway of gateways ?? []) await gateway[Symbol.asyncDispose]();
    await Promise.all([nats[Symbol.asyncDispose](), database[Symbol.asyncDispose]()]);
  });

  test('one evaluates the rules; when it is killed the other goes on, and no alarm is lost or fires twice', async () => {
    const [first, second] = gateways as [GatewayProcess, GatewayProcess];
    await ask(
      first,
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      {
        input: {
          name: 'often',
          filter: { categories: ['Job'] },
          entity: [{ field: 'KEY' }],
          condition: { threshold: { op: 'GTE', value: 3, over: '1h' } },
        },
      },
    );
    const report = (gateway: GatewayProcess, ...keys: string[]) =>
      ask(
        gateway,
        'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { rejected } }',
        { events: keys.map((key) => ({ category: 'Job', key })) },
      );
    const alarmsOf = async (gateway: GatewayProcess): Promise<string[]> =>
      (await ask(gateway, '{ alarms { nodes { state entity { value } } } }')).alarms.nodes
        .map(
          (alarm: { state: string; entity: { value: string }[] }) =>
            `${alarm.entity[0]?.value} ${alarm.state}`,
        )
        .sort();
    await report(first, 'a', 'a', 'a', 'b', 'b');
    await vi.waitFor(async () => expect(await alarmsOf(second)).toEqual(['a FIRING']), patienceMs);
    const entities = [await entitiesOf(first), await entitiesOf(second)];
    expect(entities.toSorted()).toEqual([0, 2]);
    const [evaluating, other] = entities[0] === 2 ? [first, second] : [second, first];
    await report(other, 'c', 'c');
    await evaluating.kill();
    // Reported while nobody evaluates.
    await report(other, 'a', 'b', 'c', 'd');
    await vi.waitFor(
      async () => expect(await alarmsOf(other)).toEqual(['a FIRING', 'b FIRING', 'c FIRING']),
      patienceMs,
    );
    await vi.waitFor(async () => expect(await entitiesOf(other)).toBe(4), patienceMs);
    const { events } = await ask(
      other,
      '{ events(filter: { categories: ["Alarm"] }) { totalCount } }',
    );
    expect(events.totalCount).toBe(3);
    // The one that comes back leaves the rules where they are.
    await evaluating.start();
    await report(evaluating, 'd', 'd');
    await vi.waitFor(async () => expect(await alarmsOf(evaluating)).toHaveLength(4), patienceMs);
    expect(await entitiesOf(evaluating)).toBe(0);
  });
});
