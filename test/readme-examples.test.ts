import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'graphql-sse';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { readConfig } from '../src/config/config.ts';
import { examples } from '../src/server/http/playground-page.ts';
import { bootGateway, type TestGateway } from './harness.ts';
import { patienceMs } from './patience.ts';
import { dataDirectory } from './pglite.ts';

const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8');
const readme = await read('README.md');

/** The README's blocks of code in a language, in order. */
function blocks(language: string): readonly string[] {
  const fenced = readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'));
  return Array.from(fenced, ([, code = '']) => code);
}

const [report = '', find = '', aggregate = '', follow = '', sink = '', mayastor = ''] =
  blocks('graphql');
const patience = { timeout: patienceMs, interval: 50 };

const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (cause) {
    if (process.env.CI)
      throw new Error('The README is tried with curl: apt-get install curl.', { cause });
    process.stderr.write("Skipped: the README's command for the shell (no curl on PATH).\n");
    return false;
  }
})();

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterEach(() => expect.poll(subscriptions, patience).toBe(0));
afterAll(() => gateway?.[Symbol.asyncDispose]());

const subscriptions = () => gateway.metric('tidings_live_subscriptions');

/** The README's text with this gateway's address in place of its own. */
const here = (code: string): string => code.replaceAll('127.0.0.1:4000', new URL(gateway.url).host);

describe('the examples of the README work as printed', () => {
  test('its operations are those of the playground', () => {
    expect(blocks('graphql')).toHaveLength(6);
    for (const operation of [report, find, aggregate, follow]) {
      expect(examples).toContain(operation);
    }
  });

  test('a sink', async () => {
    expect(await gateway.gql(sink)).toEqual({ createSink: { sink: { state: 'ACTIVE' } } });
  });

  test('report, find and aggregate', async () => {
    expect(await gateway.gql(report)).toMatchObject({ reportEvent: { status: 'STORED' } });
    expect(await gateway.gql(find)).toMatchObject({
      events: {
        nodes: [{ type: 'Volume.Create', key: 'vol-1', trait: { int: 20 } }],
        totalCount: 1,
      },
    });
    expect((await gateway.gql(aggregate)).aggregateEvents.rows[0]).toMatchObject({
      group: [{ value: 'Volume.Create' }, { value: 'gold' }],
      count: 1,
      average: 20,
    });
  });

  test.each([
    ['follow', follow, 'type: "Volume.Create", key: "followed"'],
    ['follow Mayastor', mayastor, 'type: "Replica.StateChange", key: "followed", severity: ERROR'],
  ])('%s', async (_, query, event) => {
    const client = createClient({ url: gateway.url, retryAttempts: 0 });
    const feed = client.iterate({ query });
    const first = feed.next();
    await expect.poll(subscriptions, patience).toBe(1);
    await gateway.gql(`mutation { reportEvent(event: { ${event} }) { __typename } }`);
    expect((await first).value).toMatchObject({ data: { events: { key: 'followed' } } });
    client.dispose();
  });

  test.runIf(hasCurl)('the command for the shell', async () => {
    const [command = ''] = blocks('sh').filter((code) => code.startsWith('curl'));
    await using shell = run('sh', '-c', `${here(command).trim()} 2>/dev/null`);
    await gateway.gql('mutation { reportEvent(event: { key: "for-curl" }) { __typename } }');
    await expect.poll(() => shell.output(), patience).toContain('"key":"for-curl"');
    expect(shell.output()).toMatch(
      /^id: [\da-f-]{36}-\d+\nevent: next\ndata: \{"data":\{"events":\{"index":/m,
    );
  });

  test('the client', async () => {
    const [code = ''] = blocks('ts');
    const source = new URL('../src/client/follow.ts', import.meta.url).href;
    await using folder = await dataDirectory();
    const file = join(folder.path, 'follower.mts');
    await writeFile(file, here(code).replace('tidings/client', source));
    await using follower = run(process.execPath, '--import', import.meta.resolve('tsx'), file);
    await expect.poll(subscriptions, patience).toBe(1);
    await gateway.gql(report);
    await expect.poll(() => follower.output(), patience).toMatch(/^\d+ Volume\.Create vol-1$/m);
  });

  test('the servers of compose.yaml are those that its command names', async () => {
    const [command = ''] = blocks('sh').filter((code) => code.includes('docker compose'));
    const environment = Object.fromEntries(
      Array.from(command.matchAll(/([A-Z_]+)=(\S+)/g), ([, name, value]) => [name, value]),
    );
    expect(Object.keys(environment)).toEqual(['NATS_URL', 'DATABASE_URL']);
    readConfig(environment);
    const compose = await read('compose.yaml');
    expect(compose).toContain(command.split('\n')[1]);
    const { nats, postgres } = parseYaml(compose).services;
    const database = new URL(environment.DATABASE_URL ?? '');
    expect(nats.ports).toEqual([`127.0.0.1:${new URL(environment.NATS_URL ?? '').port}:4222`]);
    expect(postgres.ports).toEqual([`127.0.0.1:${database.port}:5432`]);
    expect(postgres.environment).toEqual({
      POSTGRES_USER: database.username,
      POSTGRES_PASSWORD: database.password,
      POSTGRES_DB: database.pathname.slice(1),
    });
  });
});

interface Running extends AsyncDisposable {
  /** Its output. */
  output(): string;
}

/** A program and those that it starts: they end with the test. */
function run(program: string, ...args: readonly string[]): Running {
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    output: () => output,
    async [Symbol.asyncDispose]() {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      await exited;
    },
  };
}
