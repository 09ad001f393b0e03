import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  type ReaderFragment,
  RecordSource,
  type SingularReaderSelector,
  Store,
} from 'relay-runtime';
import { expect, test } from 'vitest';
import { bootGateway } from '../harness.ts';
import { emptyDirectory } from '../pglite.ts';

const run = promisify(execFile);
const compiler = fileURLToPath(import.meta.resolve('relay-compiler/cli.js'));
const schema = fileURLToPath(new URL('../../schema.graphql', import.meta.url));
const source = fileURLToPath(new URL('../fixtures/relay/feed.js', import.meta.url));

/** What relay-compiler makes of the fixture, against schema.graphql. */
async function compile(directory: string) {
  await mkdir(join(directory, 'src'));
  await mkdir(join(directory, 'generated'));
  await cp(source, join(directory, 'src', 'feed.js'));
  await cp(schema, join(directory, 'schema.graphql'));
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  const config = {
    src: './src',
    schema: './schema.graphql',
    artifactDirectory: './generated',
    language: 'javascript',
    eagerEsModules: true,
  };
  await writeFile(join(directory, 'relay.config.json'), JSON.stringify(config));
  await run(process.execPath, [compiler, 'relay.config.json'], { cwd: directory });
  const artifact = async <Node>(name: string): Promise<Node> => {
    const url = pathToFileURL(join(directory, 'generated', `${name}.graphql.js`)).href;
    const { default: node } = await import(/* @vite-ignore */ url);
    return node;
  };
  return {
    query: await artifact<ConcreteRequest>('feedQuery'),
    fragment: await artifact<ReaderFragment>('feed_events'),
    nextPage: await artifact<ConcreteRequest>('feedPaginationQuery'),
  };
}

test('Relay compiles a paginated fragment against schema.graphql and pages with it', async () => {
  await using directory = await emptyDirectory();
  const project = join(directory.path, 'relay');
  await mkdir(project);
  const { query, fragment, nextPage } = await compile(project);
  await using gateway = await bootGateway();
  await gateway.gql('mutation ($e: [EventInput!]!) { reportEvents(events: $e) { accepted } }', {
    e: ['a', 'b', 'c'].map((key) => ({ key, type: 'Relay.Test', tags: ['relay'] })),
  });
  const environment = new Environment({
    store: new Store(new RecordSource()),
    network: Network.create(
      ({ text }, variables) => gateway.run(text ?? '', variables) as Promise<never>,
    ),
  });

  const operation = createOperationDescriptor(query, { tag: 'relay' });
  environment.retain(operation);
  await fetchQuery(environment, query as never, { tag: 'relay' }).toPromise();
  const root = environment.lookup(operation.fragment).data;
  const selector = getSingularSelector(fragment, root) as SingularReaderSelector;
  const page = () => {
    const { events } = environment.lookup(selector).data as unknown as Feed;
    return { keys: events.edges.map(({ node }) => node.key), ...events.pageInfo };
  };
  const first = page();
  expect(first).toMatchObject({ keys: ['a', 'b'], hasNextPage: true });

  const variables = { tag: 'relay', count: 2, cursor: first.endCursor };
  await fetchQuery(environment, nextPage as never, variables).toPromise();
  expect(page()).toMatchObject({ keys: ['a', 'b', 'c'], hasNextPage: false });
});

interface Feed {
  readonly events: {
    readonly edges: readonly { readonly node: { readonly key: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}
