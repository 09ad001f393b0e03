import { expect, test, vi } from 'vitest';
import { bootGateway } from '../../../harness.ts';
import { startReceiver } from '../../../sinks/receiver.ts';
import { ask } from '../query-client.ts';

interface Shown {
  readonly getAlarm: {
    readonly msgs: readonly {
      readonly name: string;
      readonly scope: string;
      readonly recoveryTime: number | null;
      readonly tags: readonly object[];
    }[];
  };
}

test("an alarm about SkyWalking's events is shown to its clients and sent to its receivers, and so is its recovery", async () => {
  await using receiver = await startReceiver();
  await using gateway = await bootGateway({
    environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
  await gateway.gql(
    'mutation ($rule: AlarmRuleInput!, $sink: SinkInput!) { createAlarmRule(input: $rule) { id } createSink(input: $sink) { sink { id } } }',
    {
      rule: {
        name: 'unhealthy_rule',
        filter: { actions: ['Unhealthy'] },
        entity: [{ field: 'SERVICE' }, { field: 'INSTANCE' }],
        condition: { threshold: { op: 'GT', value: 1, over: '10s' } },
        tags: ['level:CRITICAL'],
      },
      sink: {
        name: 'skywalking',
        filter: { categories: ['Alarm'] },
        target: { webhook: { url: receiver.url, signed: false } },
        format: 'SKYWALKING_ALARM',
      },
    },
  );
  const events = Array.from({ length: 3 }, (_, at) => ({
    uuid: `unhealthy-${at}`,
    source: { service: 'shop', serviceInstance: 'shop-1' },
    name: 'Unhealthy',
    type: 'Error',
    startTime: Date.now(),
    layer: 'K8S',
  }));
  const reported = await fetch(`${gateway.origin}/v3/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  expect(reported.status).toBe(200);

  await vi.waitFor(() =>
    expect(receiver.received.flatMap(({ json }) => json)).toMatchObject([
      { ruleName: 'unhealthy_rule', scope: 'SERVICE_INSTANCE', name: 'shop-1 of shop' },
      { ruleName: 'unhealthy_rule', name: 'shop-1 of shop', recoveryTime: expect.any(Number) },
    ]),
  );
  const [fired, over] = receiver.received.flatMap(({ json }) => json);
  expect(fired).not.toHaveProperty('recoveryTime');
  expect(over).toMatchObject({ uuid: fired.uuid, startTime: fired.startTime });

  const minute = (ms: number) =>
    new Date(ms).toISOString().replace('T', ' ').slice(0, 16).replace(':', '');
  const duration = {
    start: minute(Date.now() - 1_800_000),
    end: minute(Date.now() + 60_000),
    step: 'MINUTE',
  };
  await vi.waitFor(async () => {
    const { getAlarm } = (await ask(
      gateway.origin,
      'query ($duration: Duration!) { getAlarm(duration: $duration, paging: { pageSize: 5 }) { msgs { name scope recoveryTime tags { key value } } } }',
      { duration },
    )) as unknown as Shown;
    expect(getAlarm.msgs).toEqual([
      {
        name: 'shop-1 of shop',
        scope: 'ServiceInstance',
        recoveryTime: over.recoveryTime,
        tags: [{ key: 'level', value: 'CRITICAL' }],
      },
    ]);
  });
});
