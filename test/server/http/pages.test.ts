import { afterAll, beforeAll, expect, test } from 'vitest';
import { examples } from '../../../src/server/http/playground-page.ts';
import { bootGateway, type TestGateway } from '../../harness.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await bootGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${gateway.origin}${path}`, { headers });
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('the process says that it lives', async () => {
  const response = await get('/healthz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ok' });
});

test('readiness names what it depends on', async () => {
  const response = await get('/readyz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    status: 'ready',
    journal: { ok: true },
    store: { ok: true },
    sources: {},
  });
});

test('the front page is a page for people and JSON for others', async () => {
  const page = await get('/', html);
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await page.text()).toContain('href="/graphql"');
  expect(await (await get('/')).json()).toMatchObject({
    name: 'tidings',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    paths: { '/graphql': expect.any(String) },
    dialects: expect.arrayContaining(['nomad']),
  });
});

test('there is nothing elsewhere', async () => {
  const response = await get('/nowhere');
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({ error: 'There is nothing at /nowhere.' });
});

test('metrics count reports, and have the positions of the parts', async () => {
  await gateway.gql('mutation { reportEvents(events: [{}, { time: "never" }]) { accepted } }');
  const response = await get('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  expect(text).toMatch(/^tidings_events_reported_total\{dialect="tidings",result="stored"\} 1$/m);
  expect(text).toMatch(/^tidings_events_reported_total\{dialect="tidings",result="rejected"\} 1$/m);
  expect(text).toMatch(/^tidings_journal_append_seconds_count 1$/m);
  expect(text).toMatch(/^tidings_store_lag_events 0$/m);
  expect(text).toMatch(/^tidings_websocket_connections 0$/m);
  expect(text).toMatch(/^process_cpu_seconds_total \d/m);
  // Every metric of ours has a description.
  const ours = new Set(text.match(/^tidings_\w+?(?=(_bucket|_sum|_count)?[{ ])/gm));
  for (const name of ours) expect(text).toContain(`# HELP ${name} `);
});

test('GraphiQL comes whole, with the example operations in its editor', async () => {
  const response = await get('/graphql', html);
  expect(response.status).toBe(200);
  const page = await response.text();
  expect(page).not.toMatch(/<(script|link)[^>]+(src|href)="?https?:/);
  const [, options = '{}'] = /renderYogaGraphiQL\([^{]*(\{"title":"Tidings".*\})/.exec(page) ?? [];
  expect(JSON.parse(options)).toMatchObject({ defaultQuery: examples });
});

test('GraphiQL is zipped for those who take it so, and not sent twice', async () => {
  const response = await get('/graphql', html);
  expect(response.headers.get('content-encoding')).toBe('gzip');
  const tag = response.headers.get('etag') ?? '';
  const again = await get('/graphql', { ...html, 'if-none-match': tag });
  expect(again.status).toBe(304);
  const plain = await get('/graphql', { ...html, 'accept-encoding': 'identity' });
  expect(plain.headers.get('content-encoding')).toBeNull();
});

test('a query in the address opens GraphiQL in a browser', async () => {
  const response = await get('/graphql?query={journal{kind}}', html);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
});
