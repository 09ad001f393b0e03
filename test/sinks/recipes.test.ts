import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startKubernetesApi } from '../dialects/vamp/kubernetes-api.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { hasKafka, startKafka } from '../kafka.ts';
import { patienceMs } from '../patience.ts';
import { type Receiver, startReceiver, until } from './receiver.ts';

const page = readFileSync(new URL('../../docs/sinks.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  Array.from(
    page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')),
    ([, code = '']) => code,
  );
const [slack = '', billing = '', kafka = ''] = blocks('graphql');
const [declared = '', pipeline = '', workflows = ''] = blocks('yaml');
const [, seen = ''] = /^This shows what a sink did: `(.*)`\.$/m.exec(page) ?? [];

let folder: string;
let receiver: Receiver;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-recipes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver[Symbol.asyncDispose]());

/** The target of the test in place of the one that is printed. */
const here = (code: string): string =>
  code.replaceAll(/https:\/\/[\w.-]+\/[\w./-]+/g, receiver.url);

const boot = (environment: Readonly<Record<string, string>> = {}) =>
  bootGateway({
    environment: {
      TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
      // The test may have a PostgreSQL.
      TIDINGS_SECRET_KEY: 'a key for the tests only',
      ...environment,
    },
  });

const written = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

const report = (gateway: TestGateway, event: object) =>
  gateway.gql('mutation ($event: EventInput!) { reportEvent(event: $event) { __typename } }', {
    event,
  });

describe('the recipes of the guide to sinks work as printed', () => {
  test('Slack is notified when a deployment fails', async () => {
    await using gateway = await boot();
    const { createSink } = await gateway.gql(here(slack));
    expect(createSink.sink.state).toBe('ACTIVE');
    await report(gateway, { type: 'Deployment.Begin' });
    await report(gateway, {
      type: 'Deployment.Failed',
      severity: 'ERROR',
      message: 'No capacity.',
    });
    await until(() => receiver.received.length === 1);
    expect(receiver.received[0]?.json.text).toContain('No capacity.');
    const { sink } = await gateway.gql(seen.replace('…', createSink.sink.id));
    expect(sink).toMatchObject({ state: 'ACTIVE', failedDeliveries: { totalCount: 0 } });
    expect(sink.attempts).toMatchObject([{ status: 200, response: 'ok' }]);
  });

  test('every volume event goes to a webhook, signed by the secret that was answered', async () => {
    await using gateway = await boot();
    const { createSink } = await gateway.gql(here(billing));
    await report(gateway, { type: 'Volume.Create' });
    await report(gateway, { type: 'Pool.Create' });
    await report(gateway, { type: 'Volume.Delete' });
    await until(() => receiver.received.length === 2);
    for (const { body, headers } of receiver.received) {
      const signed = headers as Record<string, string>;
      expect(new Webhook(createSink.secret).verify(body, signed)).toHaveProperty('data.id');
    }
  });

  test.skipIf(!hasKafka)('everything is copied to Kafka as CloudEvents', async () => {
    await using cluster = await startKafka();
    await using gateway = await boot({ SINK_KAFKA_BROKERS: cluster.broker });
    await report(gateway, { type: 'Volume.Create', key: 'v1' });
    await report(gateway, { type: 'Deployment.Begin', key: 'd1' });
    const { createSink } = await gateway.gql(kafka);
    const { id } = createSink.sink;
    const delivered = 'query ($id: ID!) { sink(id: $id) { deliveredCount } }';
    await until(async () => (await gateway.gql(delivered, { id })).sink.deliveredCount === 2);
    const format = ['-f', '%k %h\n'];
    const args = [
      '-C',
      '-b',
      cluster.broker,
      '-t',
      'events',
      '-o',
      'beginning',
      '-e',
      '-q',
      ...format,
    ];
    const { stdout } = await promisify(execFile)('kcat', args, { timeout: patienceMs });
    const lines = stdout.trim().split('\n').toSorted();
    expect(lines).toEqual([
      expect.stringMatching(/^d1 .*ce_type=Deployment\.Begin/),
      expect.stringMatching(/^v1 .*ce_type=Volume\.Create/),
    ]);
  });

  test("Ceilometer's event_pipeline.yaml is taken as it is", async () => {
    const file = await written('event_pipeline.yaml', here(pipeline));
    await using gateway = await boot({ PIPELINE_FILE: file });
    await until(async () => (await gateway.metric('tidings_sinks_running')) === 1);
    await report(gateway, { type: 'compute.instance.create.end' });
    await report(gateway, { type: 'Deployment.Begin' });
    await report(gateway, { type: 'volume.create.end' });
    await until(() => receiver.received.length === 2);
    const types = receiver.received.map(({ json }) => json[0].event_type);
    expect(types.toSorted()).toEqual(['compute.instance.create.end', 'volume.create.end']);
  });

  test('a job runs when an event with the tags comes', async () => {
    await using api = await startKubernetesApi();
    const token = await written('token', 'a-token');
    const inPod = `namespace: jobs, server: "${api.url}", tokenFile: "${token}"`;
    const file = await written('workflows.yaml', workflows.replace('namespace: jobs', inPod));
    await using gateway = await boot({ VAMP_WORKFLOWS_FILE: file });
    await until(async () => (await gateway.metric('tidings_sinks_running')) === 1);
    await report(gateway, { type: 'Deployment.End', tags: ['deployments'] });
    const tags = ['deployments', 'synchronization:failed'];
    await report(gateway, { type: 'Deployment.End', tags });
    await until(() => api.jobs.size === 1);
    const [job] = api.jobs.values();
    expect(job.spec.template.spec.containers[0].image).toBe('acme/rollback:1');
  });

  test('a file declares sinks', async () => {
    const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
    const file = await written('sinks.yaml', here(declared).replace('whsec_…', secret));
    await using gateway = await boot({ TIDINGS_SINKS_FILE: file });
    await until(async () => (await gateway.gql('{ sinks { name } }')).sinks.length === 2);
    const { sinks } = await gateway.gql('{ sinks { name state origin } }');
    expect(sinks).toEqual([
      { name: 'billing', state: 'ACTIVE', origin: 'FILE' },
      { name: 'failed deployments', state: 'ACTIVE', origin: 'FILE' },
    ]);
  });
});
