import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkflowRuns } from '../../../src/dialects/vamp/workflows/runs.ts';
import { openWorkflowFile } from '../../../src/dialects/vamp/workflows/workflow-file.ts';
import type { Event } from '../../../src/event/event.ts';
import type { Encoder } from '../../../src/sinks/encoder.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';
import { type Receiver, startReceiver, status, until } from '../../sinks/receiver.ts';
import { type KubernetesApi, startKubernetesApi } from './kubernetes-api.ts';

const directory = mkdtempSync(join(tmpdir(), 'tidings-workflows-'));
const file = join(directory, 'workflows.yaml');
const tokenFile = join(directory, 'token');
writeFileSync(tokenFile, 'a-token\n');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const log = createLog('silent');

function opened(text: string): ReturnType<typeof openWorkflowFile>['loaded'] {
  writeFileSync(file, text);
  const unused = null as never;
  const runs = new WorkflowRuns({ intake: unused, log, now: () => 0 });
  return openWorkflowFile({ file, runs, log }).loaded;
}

const hook = 'webhook: { url: "https://example.org/run" }';

describe('the schedule of a workflow', () => {
  test.each([
    ['{ event: { tags: [a, b] } }', ['a', 'b']],
    ['{ event: { tags: a } }', ['a']],
    ['{ event: [a, b] }', ['a', 'b']],
    ['{ event: a }', ['a']],
  ])('%s', (schedule, tags) => {
    const [sink] = opened(`workflows: [{ name: w, schedule: ${schedule}, ${hook} }]`).sinks;
    expect(sink?.input).toMatchObject({
      name: 'vamp:w',
      namespace: 'default',
      filter: { namespaces: ['default'], tags, not: { types: ['Workflow.Run'] } },
      format: 'VAMP_WORKFLOW',
    });
    expect(sink?.input.filter?.not).not.toHaveProperty('keys');
  });

  test('every event has to be asked for', () => {
    const workflow = (event: string) =>
      opened(`workflows: [{ name: w, schedule: { event: ${event} }, ${hook} }]`).sinks[0]?.input;
    expect(() => workflow('[]')).toThrow('Without tags every event would run it');
    expect(() => workflow('{ tags: [] }')).toThrow('workflows.0.schedule.event.tags');
    expect(workflow('{ tags: [], every: true }')?.filter).not.toHaveProperty('tags');
  });

  test('the runs of others run a workflow only where a tag names one, and its own never do', () => {
    const text = `workflows: [{ name: w, schedule: { event: "workflows:v" }, ${hook} }]`;
    expect(opened(text).sinks[0]?.input.filter).toMatchObject({
      tags: ['workflows:v'],
      not: { types: ['Workflow.Run'], keys: ['w'] },
    });
  });

  test('a suspended workflow is not run', () => {
    const text = `workflows: [{ name: w, status: suspended, schedule: { event: a }, ${hook} }]`;
    expect(opened(text).sinks).toEqual([]);
  });
});

test.each([
  ['{ name: w, schedule: daemon, webhook: { url: "https://a" } }', 'workflows.0.schedule: Only'],
  ['{ name: w, webhook: { url: "https://a" } }', 'workflows.0.schedule: Only'],
  ['{ name: w, schedule: { event: a } }', 'A workflow has either a webhook or a kubernetesJob.'],
  ['{ name: w, schedule: { event: a }, kubernetesJob: {} }', 'A job needs an image'],
  ['{ schedule: { event: a } }', 'name must be a string that is not empty.'],
  [`{ name: w, schedule: { event: a }, ${hook}, colour: red }`, 'colour is not known here.'],
  [`{ name: w, schedule: { event: { tags: [""] } }, ${hook} }`, 'A tag must not be empty.'],
  [`{ name: w, schedule: { event: a }, ${hook}, status: odd }`, '"odd" is none of starting,'],
  [
    '{ name: w, schedule: { event: a }, webhook: { url: "x", template: "{nothing}" } }',
    '{nothing}',
  ],
  [`{ name: w, schedule: { event: a }, ${hook}, environment_variables: { "a b": 1 } }`, '"a b"'],
  [
    '{ name: w, schedule: { event: a }, kubernetesJob: { image: i, server: "10.0.0.1" } }',
    'is not a URL like',
  ],
  [
    '{ name: w, schedule: { event: a }, kubernetesJob: { image: i, namespace: "a/b" } }',
    'is not a name of Kubernetes',
  ],
])('%s is rejected', (workflow, fault) => {
  const read = () => opened(`workflows:\n  - ${workflow}`);
  expect(read).toThrow(fault);
  expect(read).toThrow(`${file}:2: `);
});

describe('a job', () => {
  const event = {
    id: '01900000-0000-7000-8000-000000000001',
    index: 42,
    tags: ['a'],
    traits: [],
    category: 'event',
    action: null,
    type: 'event',
    time: 0,
    filterKeys: [],
    value: null,
    message: null,
  } as unknown as Event;
  const manifestOf = (text: string, of = event) => {
    const [sink] = opened(`workflows:\n  - ${text}`).sinks;
    const encoder = sink?.encoder as Encoder;
    const context = { sinkId: '', replay: false, routingKey: null };
    return JSON.parse(encoder.encode([of], context)?.body ?? 'null');
  };

  test('is named after its workflow and the index, and has the event in its environment', () => {
    const manifest = manifestOf(`name: scaler
    schedule: { event: a }
    breed: { name: b, deployable: { type: container/docker, definition: "acme/scaler:1" }, environment_variables: { A: 1, B: x } }
    environment_variables: { B: "\${workflow} in \${namespace}", C: "\${data}\${nothing}\${constructor}" }
    scale: { cpu: 0.1, memory: 64MB, instances: 1 }
    kubernetesJob: { namespace: jobs, command: [run], args: --fast }`);
    const data = Buffer.from(
      `{"id":"${event.id}","tags":["a"],"timestamp":"1970-01-01T00:00:00Z","type":"event"}`,
    ).toString('base64');
    expect(manifest).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'workflow-scaler-42', namespace: 'jobs' },
      spec: {
        backoffLimit: 0,
        ttlSecondsAfterFinished: 3_600,
        template: { spec: { restartPolicy: 'Never' } },
      },
    });
    expect(manifest.spec.template.spec.containers).toEqual([
      {
        name: 'workflow',
        image: 'acme/scaler:1',
        command: ['run'],
        args: ['--fast'],
        env: [
          { name: 'VAMP_WORKFLOW_DATA', value: data },
          { name: 'A', value: '1' },
          { name: 'B', value: 'scaler in default' },
          { name: 'C', value: data },
        ],
        resources: { requests: { cpu: '0.1', memory: '64M' } },
      },
    ]);
  });

  test('has a name that Kubernetes takes, whatever its workflow is called', () => {
    for (const name of [
      'Über/all'.replace('/', '.'),
      'x'.repeat(100),
      'UPPER',
      '-',
      'plain-name',
    ]) {
      const { metadata } = manifestOf(
        `{ name: "${name}", schedule: { event: a }, kubernetesJob: { image: i } }`,
        { ...event, index: Number.MAX_SAFE_INTEGER },
      );
      expect(metadata.name).toMatch(/^workflow-[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
      expect(metadata.name.length).toBeLessThanOrEqual(63);
    }
  });

  test('an event that no program can be started with is undeliverable', () => {
    const large = { ...event, value: 'x'.repeat(100_000) };
    const encode = () =>
      manifestOf('{ name: w, schedule: { event: a }, kubernetesJob: { image: i } }', large);
    expect(encode).toThrow('The variable VAMP_WORKFLOW_DATA would have more than 131071 bytes');
  });
});

describe('in a gateway', () => {
  let receiver: Receiver;
  let api: KubernetesApi;
  beforeEach(async () => {
    receiver = await startReceiver();
    api = await startKubernetesApi();
  });
  afterEach(async () => {
    await receiver[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  const boot = (text: string) => {
    writeFileSync(file, text);
    return bootGateway({
      environment: {
        VAMP_WORKFLOWS_FILE: file,
        TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
        TIDINGS_SECRET_KEY: 'a key for the tests only',
      },
    });
  };
  const emit = async (gateway: TestGateway, ...tags: string[]) => {
    const response = await fetch(`${gateway.origin}/api/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ tags }),
    });
    expect(response.status).toBe(201);
    return (await response.json()) as { id: string };
  };
  const runsOf = async (gateway: TestGateway, key: string) => {
    const { events } = await gateway.gql(
      `query ($filter: EventFilter!) { events(filter: $filter, first: 100) {
         nodes { key severity message tags filterKeys time endTime trait(name: "event") { text } } } }`,
      { filter: { types: ['Workflow.Run'], keys: [key] } },
    );
    return events.nodes.filter((node: { key: string }) => node.key === key);
  };
  const begun = (gateway: TestGateway, count: number) =>
    until(async () => {
      const { sinks } = await gateway.gql('{ sinks { state cursor } }');
      return sinks.length === count;
    });

  test('a fault of a sink is said with the line of its workflow', async () => {
    const text = `workflows:
  - { name: off, status: suspended, schedule: { event: a }, ${hook} }
  - name: here
    schedule: { event: a }
    webhook:
      timeout: 5s
      url: "http://127.0.0.1:1"
  - { name: here, schedule: { event: b }, ${hook} }`;
    await expect(boot(text)).rejects.toThrow(/workflows\.yaml:8: workflows\.2\.name: .* twice/);
    const badUrl = text.replace('http://127.0.0.1:1', 'ftp://127.0.0.1').replace(/\n.*$/, '');
    await expect(boot(badUrl)).rejects.toThrow(/workflows\.yaml:7: workflows\.1\.webhook\.url: /);
  });

  test('a webhook gets the event in base64, and its run is an event from start to end', async () => {
    await using gateway = await boot(`workflows:
  - name: notify
    schedule: { event: { tags: [deployments, "synchronization:deployed"] } }
    webhook: { url: "${receiver.url}" }
  - name: templated
    schedule: { event: deployments }
    webhook: { url: "${receiver.url}", template: '{"text": "{workflow} {data}"}' }`);
    await begun(gateway, 2);
    await emit(gateway, 'deployments');
    const { id } = await emit(gateway, 'deployments:sava', 'synchronization:deployed');
    await until(() => receiver.received.length === 3);
    const called = receiver.received.find(({ json }) => json.VAMP_WORKFLOW_DATA !== undefined);
    const event = JSON.parse(
      Buffer.from(called?.json.VAMP_WORKFLOW_DATA, 'base64').toString('utf8'),
    );
    expect(event).toMatchObject({ id, type: 'event' });
    expect(event.tags).toContain('deployments:sava');
    expect(event).not.toHaveProperty('value');
    expect(called?.headers).not.toHaveProperty('vamp-run-chain');
    expect(
      receiver.received.filter(({ json }) => json.text?.startsWith('templated ')),
    ).toHaveLength(2);
    await until(async () => (await runsOf(gateway, 'notify'))[0]?.endTime != null);
    const [run, ...others] = await runsOf(gateway, 'notify');
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      severity: 'NORMAL',
      message: 'Workflow notify has run.',
      tags: ['workflows', 'workflows:notify'],
      trait: { text: id },
    });
    expect(run.endTime >= run.time).toBe(true);
  });

  test('a call that is rejected is a run that failed', async () => {
    receiver.answer = status(422, 'no');
    await using gateway = await boot(`workflows:
  - { name: notify, schedule: { event: a }, webhook: { url: "${receiver.url}" } }`);
    await begun(gateway, 1);
    await emit(gateway, 'a');
    await until(async () => (await runsOf(gateway, 'notify'))[0]?.endTime != null);
    expect(await runsOf(gateway, 'notify')).toMatchObject([
      { severity: 'ERROR', message: 'Workflow notify failed: the target answered 422, no' },
    ]);
  });

  test('workflows that run by each other end', async () => {
    const workflow = (name: string, by: string) =>
      `  - { name: ${name}, schedule: { event: "${by}" }, webhook: { url: "${receiver.url}" } }`;
    await using gateway = await boot(
      `workflows:\n${[
        workflow('a', 'workflows:b'),
        workflow('b', 'workflows:a'),
        workflow('all', 'workflows'),
      ].join('\n')}`,
    );
    await begun(gateway, 3);
    // What Vamp itself says of a workflow is no run: it triggers b and the one for all.
    await emit(gateway, 'workflows:a');
    // b runs, then a because of b; their starts and ends run nobody else, and b not again.
    await until(async () => {
      const [a, b, all] = await Promise.all(['a', 'b', 'all'].map((key) => runsOf(gateway, key)));
      return a.length >= 1 && b.length === 1 && all.length === 1;
    });
    const index = async () => (await gateway.gql('{ journal { lastIndex } }')).journal.lastIndex;
    await until(async () => {
      const { sinks } = await gateway.gql('{ sinks { cursor } }');
      const last = await index();
      return sinks.every(({ cursor }: { cursor: number }) => cursor >= last);
    });
    const [a, b, all] = await Promise.all(['a', 'b', 'all'].map((key) => runsOf(gateway, key)));
    expect([b.length, all.length]).toEqual([1, 1]);
    // One run of a for the start of b and one for its end.
    expect(a.length).toBeLessThanOrEqual(2);
    expect(a[0].filterKeys).toEqual(['b']);
  });

  test('a job is created once, also where the answer was lost, and its end ends the run', async () => {
    api.lost = 1;
    const job = `kubernetesJob: { image: i, server: "${api.url}", namespace: jobs, tokenFile: "${tokenFile}" }`;
    await using gateway = await boot(`workflows:
  - { name: good, schedule: { event: a }, ${job} }
  - { name: bad, schedule: { event: b }, ${job} }`);
    await begun(gateway, 2);
    await emit(gateway, 'a');
    await emit(gateway, 'b');
    await until(() => api.jobs.size === 2);
    const posts = () => api.requests.filter(({ method }) => method === 'POST').length;
    await until(() => posts() === 3);
    expect(api.requests[0]?.token).toBe('Bearer a-token');
    const [good, bad] = ['good', 'bad'].map((name) =>
      [...api.jobs.keys()].find((each) => each.startsWith(`workflow-${name}-`)),
    );
    await until(async () => (await runsOf(gateway, 'good')).length === 1);
    expect((await runsOf(gateway, 'good'))[0].endTime).toBe(null);
    api.end(good as string, 'Complete');
    api.end(bad as string, 'Failed', 'Job has reached the specified backoff limit');
    await until(async () => (await runsOf(gateway, 'good'))[0].endTime !== null);
    await until(async () => (await runsOf(gateway, 'bad'))[0]?.endTime != null);
    expect(await runsOf(gateway, 'good')).toMatchObject([{ severity: 'NORMAL' }]);
    expect(await runsOf(gateway, 'bad')).toMatchObject([
      {
        severity: 'ERROR',
        message: 'Workflow bad failed: Job has reached the specified backoff limit',
      },
    ]);
    await until(() =>
      [...api.jobs.values()].every(({ metadata }) => metadata.labels['tidings/ended'] === 'true'),
    );
    expect(api.jobs.size).toBe(2);
  });

  test('jobs with a run that cannot be read, and a cluster that is down, do not keep the ends of others', async () => {
    const job = (server: string) =>
      `kubernetesJob: { image: i, server: "${server}", namespace: jobs, tokenFile: "${tokenFile}" }`;
    await using gateway = await boot(`workflows:
  - { name: down, schedule: { event: never }, ${job('http://127.0.0.1:9')} }
  - { name: good, schedule: { event: a }, ${job(api.url)} }`);
    await begun(gateway, 2);
    await emit(gateway, 'a');
    await until(() => api.jobs.size === 1);
    const [[name, good] = []] = [...api.jobs];
    for (const [at, run] of ['{', 'null', '{"id":1}'].entries()) {
      // Their names come before that of the good one.
      const other = structuredClone(good);
      other.metadata.name = `a-${at}`;
      other.metadata.annotations['tidings/run'] = run;
      api.jobs.set(other.metadata.name, other);
      api.end(other.metadata.name, 'Complete');
    }
    api.end(name as string, 'Failed', 'x'.repeat(32_768));
    await until(async () => (await runsOf(gateway, 'good'))[0]?.endTime != null);
    expect((await runsOf(gateway, 'good'))[0].message).toMatch(/^Workflow good failed: x{1024}$/);
  });

  test('a sink of the API in the format VAMP_WORKFLOW is a trigger as well', async () => {
    await using gateway = await boot('workflows: []');
    await gateway.gql('mutation ($input: SinkInput!) { createSink(input: $input) { secret } }', {
      input: {
        name: 'mine',
        filter: {},
        format: 'VAMP_WORKFLOW',
        target: { webhook: { url: receiver.url } },
      },
    });
    await emit(gateway, 'x');
    await until(async () => (await runsOf(gateway, 'mine'))[0]?.endTime != null);
    const { journal } = await gateway.gql('{ journal { lastIndex } }');
    await until(async () => {
      const { sinks } = await gateway.gql('{ sinks { cursor } }');
      return sinks[0].cursor >= journal.lastIndex;
    });
    expect(receiver.received).toHaveLength(1);
  });
});
