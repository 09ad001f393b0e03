import { expect, test, vi } from 'vitest';
import { bootGateway } from '../harness.ts';
import { startCollector } from './collector.ts';

test('metrics are sent by OTLP with the names and values of /metrics', async () => {
  await using collector = await startCollector();
  await using gateway = await bootGateway({
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_INTERVAL: '100',
    },
  });
  await gateway.gql('mutation { reportEvent(event: { type: "A.B" }) { __typename } }');
  const metric = (name: string) => collector.metrics.find((each) => each.name === name);
  await vi.waitFor(() =>
    expect(metric('tidings_events_reported_total')?.points).toMatchObject([
      { attributes: { dialect: 'tidings', result: 'stored' }, value: 1 },
    ]),
  );
  const text = await (await fetch(`${gateway.origin}/metrics`)).text();
  const shown = Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name, type]) => [
    name,
    type === 'counter' ? 'sum' : type,
  ]);
  expect(shown.length).toBeGreaterThan(40);
  // What Node's garbage collection and file handles measure comes and goes.
  const sent = new Map(collector.metrics.map(({ name, data }) => [name, data]));
  const own = shown.filter(([name]) => name?.startsWith('tidings_'));
  expect(own.filter(([name = '', type]) => sent.get(name) !== type)).toEqual([]);

  const append = metric('tidings_journal_append_seconds')?.points[0];
  expect(append?.bounds).toEqual([
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]);
  expect(append?.counts).toHaveLength(14);
  expect(append?.counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(append?.value).toBeGreaterThan(0);
  expect(metric('tidings_journal_up')).toMatchObject({ data: 'gauge', points: [{ value: 1 }] });
});
