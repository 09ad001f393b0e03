import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, test, vi } from 'vitest';
import { schema } from '../../src/gateway/schema.ts';
import { createInputCoercion } from '../../src/graphql/declared-input.ts';
import { ListFileError } from '../../src/http/yaml-list-file.ts';
import { parseSinkFile } from '../../src/sinks/sink-file.ts';
import { bootGateway } from '../harness.ts';
import { patienceMs } from '../patience.ts';
import { startReceiver } from './receiver.ts';

const coerce = createInputCoercion(schema, 'SinkInput');
const secret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

const faultsOf = (text: string): readonly string[] => {
  try {
    parseSinkFile(text, 'sinks.yaml', coerce);
  } catch (error) {
    if (error instanceof ListFileError) return error.faults;
    throw error;
  }
  return [];
};

test('all faults of a file are said, each with its line', () => {
  const faults = faultsOf(`sinks:
  - name: a
    target: { webhook: { url: "https://example.org/", signed: true } }
  - name: b
    format: SLAK
    target: { webhook: { url: "https://example.org/" } }
  - name: c
    url: "https://example.org/"
`);
  expect(faults).toEqual([
    expect.stringMatching(
      /^sinks\.yaml:3: sinks\.0\.target\.webhook\.secret: A signed webhook of a file/,
    ),
    expect.stringMatching(/^sinks\.yaml:5: sinks\.1\.format: .*SLAK/),
    expect.stringMatching(/^sinks\.yaml:7: sinks\.2: .*target/),
  ]);
  expect(faultsOf('sinks: 7')).toEqual(['sinks.yaml:1: sinks: must be a list.']);
  expect(faultsOf('sinks:')).toEqual([]);
});

test('a webhook of a file is signed where it has a secret', () => {
  const { sinks } = parseSinkFile(
    `sinks:
  - { name: a, target: { webhook: { url: "https://example.org/", secret: "${secret}" } } }
  - { name: b, target: { webhook: { url: "https://example.org/" } } }
`,
    'sinks.yaml',
    coerce,
  );
  expect(sinks.map(({ input }) => input.target.webhook?.signed)).toEqual([true, false]);
});

test('the sinks of a file deliver, go on where they were while they keep their name, and are the file’s alone', async () => {
  await using receiver = await startReceiver();
  const folder = await mkdtemp(join(tmpdir(), 'tidings-sinks-'));
  const file = join(folder, 'sinks.yaml');
  const content = (name: string, more = '') => `sinks:
  - name: ${name}
    filter: { types: ["Kept.*"] }
    target: { webhook: { url: "${receiver.url}", secret: "${secret}" } }
${more}`;
  await writeFile(file, content('first'));
  await using gateway = await bootGateway({
    environment: { TIDINGS_SINKS_FILE: file, TIDINGS_SINK_NETWORKS: '127.0.0.0/8' },
  });
  const sinks = async () =>
    (await gateway.gql('{ sinks { id name origin deliveredCount } }')).sinks;
  // Not before the answer has arrived: until then a sink that begins anew sends the event again.
  const delivered = (count: number) =>
    vi.waitFor(
      async () => expect(await sinks()).toMatchObject([{ deliveredCount: count }]),
      patienceMs,
    );
  const report = (key: string) =>
    gateway.gql(
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events) { accepted } }',
      { events: [{ type: 'Kept.Made', key }] },
    );
  await vi.waitFor(async () =>
    expect(await sinks()).toMatchObject([{ name: 'first', origin: 'FILE' }]),
  );
  const [{ id }] = await sinks();
  await report('a');
  await vi.waitFor(() => expect(receiver.received).toHaveLength(1));
  const [{ headers, body }] = receiver.received as [(typeof receiver.received)[number]];
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'Kept.Made',
  });

  const refused = await gateway.run('mutation ($id: ID!) { deleteSink(id: $id) }', { id });
  expect(refused.errors?.[0]?.extensions.code).toBe('FORBIDDEN');

  await writeFile(file, content('first', '    batch: 0\n'));
  await gateway.gateway.reload();
  await report('b');
  await delivered(2);

  await writeFile(file, content('first', '    parallel: 2\n'));
  await gateway.gateway.reload();
  await report('c');
  await delivered(3);
  const keys = receiver.received.map(({ json }) => (json as { data: { key: string } }).data.key);
  expect(keys).toEqual(['a', 'b', 'c']);
  expect(await sinks()).toMatchObject([{ id, name: 'first' }]);

  await writeFile(file, 'sinks: []');
  await gateway.gateway.reload();
  await vi.waitFor(async () => expect(await sinks()).toEqual([]));
  await rm(folder, { recursive: true });
});

test('a gateway with a bad file does not start, and says where the fault is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-sinks-'));
  const file = join(folder, 'sinks.yaml');
  await writeFile(
    file,
    'sinks:\n  - name: a\n    parallel: 900\n    target: { nats: { subject: "out.{type}" } }\n',
  );
  await expect(bootGateway({ environment: { TIDINGS_SINKS_FILE: file } })).rejects.toThrow(
    `${file}:3: sinks.0.parallel: `,
  );
  await rm(folder, { recursive: true });
});
