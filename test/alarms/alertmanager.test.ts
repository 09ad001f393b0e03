import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { expect, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';
import { startReceiver } from '../sinks/receiver.ts';

/** Debian's name of it, and that of its own builds; null where there is none, which is an error in CI. */
async function alertmanagerBinary(): Promise<string | null> {
  const folders = (env.PATH ?? '').split(delimiter);
  for (const name of ['prometheus-alertmanager', 'alertmanager']) {
    for (const folder of folders) {
      const path = join(folder, name);
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return path;
    }
  }
  if (env.CI) throw new Error('The test with Alertmanager needs prometheus-alertmanager.');
  process.stderr.write('Skipped: the test with Alertmanager, which is not installed.\n');
  return null;
}

/** An Alertmanager that notifies a webhook at once. */
async function startAlertmanager(binary: string, webhook: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-alertmanager-'));
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    `route: { receiver: test, group_by: [alertname, key], group_wait: 0s, group_interval: 1s }
receivers: [{ name: test, webhook_configs: [{ url: '${webhook}', send_resolved: true }] }]
`,
  );
  const child: ChildProcess = spawn(
    binary,
    [
      `--config.file=${config}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/-/ready`)).status).toBe(200), {
    timeout: patienceMs,
    interval: 50,
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

const binary = await alertmanagerBinary();

if (binary !== null) {
  test('an Alertmanager takes an alarm, notifies of it, and of its recovery', async () => {
    await using receiver = await startReceiver();
    await using alertmanager = await startAlertmanager(binary, receiver.url);
    await using gateway = await bootGateway({
      environment: { TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
    });
    await gateway.gql(
      'mutation ($rule: AlarmRuleInput!, $sink: SinkInput!) { createAlarmRule(input: $rule) { id } createSink(input: $sink) { sink { id } } }',
      {
        rule: {
          name: 'too long',
          filter: { categories: ['Backup'] },
          entity: [{ field: 'KEY' }],
          condition: { notEndedWithin: '10ms' },
          message: '{name} takes too long',
        },
        sink: {
          name: 'alertmanager',
          filter: { categories: ['Alarm'] },
          target: { webhook: { url: `${alertmanager.url}/api/v2/alerts`, signed: false } },
          format: 'ALERTMANAGER',
        },
      },
    );
    const report = (event: object) =>
      gateway.gql(
        'mutation ($event: EventInput!) { reportEvent(event: $event) { ... on ReportedEvent { id } } }',
        { event: { category: 'Backup', key: 'nightly', ...event } },
      );
    const { reportEvent } = await report({});
    const notices = () => receiver.received.flatMap(({ json }) => json.alerts);
    await vi.waitFor(() => expect(notices()).toHaveLength(1), { timeout: patienceMs });
    expect(notices()[0]).toMatchObject({
      status: 'firing',
      labels: {
        alertname: 'Alarm.too long',
        key: 'nightly',
        namespace: 'default',
        severity: 'error',
      },
      annotations: { summary: 'nightly takes too long' },
    });
    // It goes on until it is over: Alertmanager would take an alert without an end for over after five minutes.
    const alerts = (await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as {
      endsAt: string;
    }[];
    expect(Date.parse(alerts[0]?.endsAt ?? '') - Date.now()).toBeGreaterThan(86_400_000);
    await report({ id: reportEvent.id, endTime: new Date().toISOString() });
    await vi.waitFor(
      () => expect(notices().map(({ status }) => status)).toEqual(['firing', 'resolved']),
      { timeout: patienceMs },
    );
    expect(notices()[1].fingerprint).toBe(notices()[0].fingerprint);
  });
}
