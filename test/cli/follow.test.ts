import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type GatewayProcess, startGatewayProcess } from '../faults/gateway-process.ts';
import { type CommandLine, commandLine } from './tidings.ts';

let gateway: GatewayProcess;
let tidings: CommandLine;
beforeAll(async () => {
  gateway = await startGatewayProcess({ TIDINGS_LOG_LEVEL: 'error' });
  tidings = await commandLine(gateway.url);
});
afterAll(async () => {
  await tidings[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** Reports events with the keys 0, 1, 2… */
async function report(type: string, count: number, from = 0): Promise<string[]> {
  const keys = Array.from({ length: count }, (_, n) => String(from + n));
  const input = keys.map((key) => JSON.stringify({ type, key })).join('\n');
  const { code, notices } = await tidings.run(['report', '--file', '-'], { input });
  expect([code, notices]).toEqual([0, `${count} recorded, 0 rejected.\n`]);
  return keys;
}

const keysIn = (text: string): string[] => text.split('\n').filter((line) => line !== '');
const path = (name: string): string => join(tidings.folder, name);
const stateIn = async (name: string): Promise<{ index: number; journalId: string }> =>
  JSON.parse(await readFile(path(name), 'utf8'));

test('it goes on exactly where it stopped', async () => {
  const args = ['follow', 'type:Exact.Test', '--state', 'exact', '--template', '{key}'];
  const caughtUp = ['--until-caught-up'];
  // The first time it begins now.
  expect(await tidings.done(...args, ...caughtUp)).toBe('');
  await report('Exact.Test', 3);
  await report('Other.Test', 2);
  expect(await tidings.done(...args, ...caughtUp)).toBe('0\n1\n2\n');
  const { index } = await stateIn('exact');
  expect(await tidings.done(...args, ...caughtUp)).toBe('');
  expect((await stateIn('exact')).index).toBe(index);

  const following = tidings.start(args);
  await report('Exact.Test', 2, 3);
  await vi.waitFor(() => expect(following.output()).toBe('3\n4\n'));
  following.child.kill('SIGINT');
  expect(await following.ended).toBe(130);
  await report('Exact.Test', 1, 5);
  expect(await tidings.done(...args, ...caughtUp)).toBe('5\n');
  expect(
    await tidings.done(
      'follow',
      'type:Exact.Test',
      '--after',
      '0',
      ...caughtUp,
      '--template',
      '{key}',
    ),
  ).toBe('0\n1\n2\n3\n4\n5\n');
});

test('a file that is no state is not overwritten', async () => {
  await writeFile(path('notes'), 'dear diary');
  const { code, notices } = await tidings.run(['follow', '--state', 'notes']);
  expect([code, notices]).toEqual([
    2,
    'notes is not a state of tidings follow: name another file.\n',
  ]);
  expect(await readFile(path('notes'), 'utf8')).toBe('dear diary');
});

test('a state of another journal, and an index that does not exist, end with 6', async () => {
  await writeFile(
    path('foreign'),
    '{"index":0,"journalId":"0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a"}',
  );
  const foreign = await tidings.run(['follow', '--state', 'foreign']);
  expect([foreign.code, foreign.notices]).toEqual([6, expect.stringContaining('(OTHER_JOURNAL)')]);
  const early = await tidings.run(['follow', '--state', 'foreign', '--until-caught-up']);
  expect([early.code, early.notices]).toEqual([6, expect.stringContaining('(OTHER_JOURNAL)')]);
  const ahead = await tidings.run(['follow', '--after', '1000000']);
  expect([ahead.code, ahead.notices]).toEqual([6, expect.stringContaining('(INDEX_AHEAD)')]);
});

test('a gap is said to be one, also where nothing is left to follow', async () => {
  const journal = { id: 'j', firstIndex: 50, lastIndex: 60 };
  const server = createServer((_, response) => {
    response.end(JSON.stringify({ data: { journal, events: { nodes: [{ index: 5 }] } } }));
  }).listen(0, '127.0.0.1');
  await vi.waitFor(() => expect(server.listening).toBe(true));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ['follow', '--after', '10', '--until-caught-up', '--state', 'gap', '--url', url];
  const { code, notices } = await tidings.run(args);
  expect([code, notices]).toEqual([6, expect.stringContaining('(INDEX_EXPIRED)')]);
  expect((await tidings.run([...args, '--skip-gap'])).code).toBe(0);
  expect(await stateIn('gap')).toEqual({ index: 60, journalId: 'j' });
  server.close();
});

test('the state moves when the command ends with 0, and not before', async () => {
  await report('Exec.Test', 3);
  const list = path('done');
  const args = (command: string) => [
    ...['follow', 'type:Exec.Test', '--after', '0', '--state', 'exec', '--until-caught-up'],
    ...['--exec', command],
  ];
  const take = `node -e 'const { key } = JSON.parse(require("fs").readFileSync(0)); if (key === "FAIL") process.exit(3); require("fs").appendFileSync("done", key + "\\n")'`;
  const failed = await tidings.run(args(take.replace('FAIL', '1')));
  expect(failed.code).toBe(7);
  expect(failed.notices).toMatch(/^Event \d+ \(Exec\.Test\): the command ended with 3\.\n$/);
  expect(keysIn(await readFile(list, 'utf8'))).toEqual(['0']);
  expect((await tidings.run(args(take))).code).toBe(0);
  expect(keysIn(await readFile(list, 'utf8'))).toEqual(['0', '1', '2']);
  // One that does not read its input is as good, whatever the size of the event.
  const input = JSON.stringify({ type: 'Exec.Test', value: 'x'.repeat(200_000) });
  expect((await tidings.run(['report', '--file', '-'], { input })).code).toBe(0);
  expect((await tidings.run(args('true'))).code).toBe(0);
});

test('killed again and again, together with the gateway, --exec misses nothing and repeats only what was under way', async () => {
  const type = 'Kill.Test';
  const count = 60;
  const args = ['follow', `type:${type}`, '--after', '0', '--state', 'killed'];
  const take = [
    '--exec',
    `node -e 'const { key } = JSON.parse(require("fs").readFileSync(0)); require("fs").appendFileSync("killed-done", key + "\\n")'`,
  ];
  await writeFile(path('killed-done'), '');
  const done = async () => keysIn(await readFile(path('killed-done'), 'utf8'));
  let kills = 0;
  await report(type, count / 2);
  let following = tidings.start([...args, ...take]);
  for (const size of [4, 9, 14, 20, 26]) {
    await vi.waitFor(async () => expect((await done()).length).toBeGreaterThanOrEqual(size));
    following.child.kill('SIGKILL');
    await following.ended;
    kills += 1;
    following = tidings.start([...args, ...take]);
  }
  await gateway.kill();
  await gateway.start();
  await report(type, count / 2, count / 2);
  await vi.waitFor(async () => expect((await done()).at(-1)).toBe(String(count - 1)));
  following.child.kill('SIGTERM');
  expect(await following.ended).toBe(143);
  const keys = await done();
  const expected = Array.from({ length: count }, (_, n) => String(n));
  // In order once repeats are left out, and each kill repeats one event at most.
  expect(keys.filter((key, at) => keys.indexOf(key) === at)).toEqual(expected);
  expect(keys.length).toBeLessThanOrEqual(count + kills);
});

test('a gateway that is killed is connected to again: nothing is missing and nothing comes twice', async () => {
  await using following = tidings.start([
    'follow',
    'type:Gateway.Test',
    '--state',
    'gw',
    '--template',
    '{key}',
  ]);
  await vi.waitFor(() => stateIn('gw'));
  await report('Gateway.Test', 150);
  await gateway.kill();
  await vi.waitFor(() => expect(following.notices()).toContain('Trying again until there is one.'));
  await gateway.start();
  await report('Gateway.Test', 150, 150);
  const expected = Array.from({ length: 300 }, (_, n) => String(n));
  await vi.waitFor(() => expect(keysIn(following.output())).toEqual(expected));
  expect(following.notices()).toContain('Connected again.');
});

test('killed while it prints, it repeats at most the last batch', async () => {
  const type = 'Print.Test';
  await report(type, 1_000);
  const args = [
    'follow',
    `type:${type}`,
    '--after',
    '0',
    '--state',
    'print',
    '--template',
    '{key}',
  ];
  const first = tidings.start(args);
  await vi.waitFor(() => expect(keysIn(first.output()).length).toBeGreaterThan(100));
  first.child.kill('SIGKILL');
  await first.ended;
  const before = keysIn(first.output());
  const after = keysIn(await tidings.done(...args, '--until-caught-up'));
  const expected = Array.from({ length: 1_000 }, (_, n) => String(n));
  expect([...new Set([...before, ...after])]).toEqual(expected);
  expect(before.length + after.length).toBeLessThanOrEqual(1_100);
});

test('--forward-to posts each event as a sink does, and tries again what may pass', async () => {
  await report('Forward.Test', 2);
  const taken: { headers: Record<string, unknown>; body: unknown }[] = [];
  let failures = 1;
  const server = createServer(async (request, response) => {
    const body = await json(request);
    response.statusCode = failures-- > 0 ? 503 : 204;
    if (response.statusCode === 204) taken.push({ headers: request.headers, body });
    response.end();
  }).listen(0, '127.0.0.1');
  await vi.waitFor(() => expect(server.listening).toBe(true));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  const args = [
    'follow',
    'type:Forward.Test',
    '--after',
    '0',
    '--until-caught-up',
    '--forward-to',
    url,
  ];
  const { code, notices } = await tidings.run(args);
  expect([code, notices]).toEqual([
    0,
    expect.stringContaining('answers 503. Trying again in 1 s.'),
  ]);
  expect(taken).toMatchObject([
    { body: { type: 'Forward.Test', data: { key: '0', category: 'Forward' } } },
    { body: { type: 'Forward.Test', data: { key: '1' } } },
  ]);
  expect(taken[0]?.headers['webhook-id']).toMatch(/^evt_[0-9a-f-]{36}_\d+$/);
  failures = 10;
  const rejected = await tidings.run([...args, '--attempts', '1']);
  expect([rejected.code, rejected.notices]).toEqual([7, expect.stringContaining('answers 503.')]);
  server.close();
});
