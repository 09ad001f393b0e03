import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeliveryRequest } from '../../src/sinks/target.ts';
import { FileTarget } from '../../src/sinks/targets/file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (body: string): DeliveryRequest => ({
  message: { contentType: 'application/json', headers: {}, body },
  messageId: 'evt_1_1',
  key: null,
  headers: {},
  signal: new AbortController().signal,
});

test('messages are lines, in order, also of several at a time and after a restart', async () => {
  const path = join(folder, 'out');
  for (const from of [0, 50]) {
    await using target = new FileTarget({ path, maxBytes: 2 ** 20, keep: 1 });
    const bodies = Array.from({ length: 50 }, (_, at) => `${from + at}${at % 2 ? '\n' : ''}`);
    const outcomes = await Promise.all(bodies.map((body) => target.deliver(request(body))));
    expect(outcomes.every(({ kind }) => kind === 'DELIVERED')).toBe(true);
  }
  const lines = (await readFile(path, 'utf8')).split('\n');
  expect(lines).toEqual([...Array.from({ length: 100 }, (_, at) => String(at)), '']);
});

test('a file is put aside before it grows over the limit, and the oldest is deleted', async () => {
  const path = join(folder, 'out');
  {
    await using target = new FileTarget({ path, maxBytes: 20, keep: 2 });
    for (let n = 0; n < 10; n++) await target.deliver(request(`message ${n}`));
  }
  expect((await readdir(folder)).toSorted()).toEqual(['out', 'out.1', 'out.2']);
  const contents = await Promise.all(
    ['out.2', 'out.1', 'out'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  expect(contents).toEqual([
    'message 4\nmessage 5\n',
    'message 6\nmessage 7\n',
    'message 8\nmessage 9\n',
  ]);
});

test('a folder that is missing is a target that fails, and one that comes is used', async () => {
  const path = join(folder, 'later', 'out');
  await using target = new FileTarget({ path, maxBytes: 20, keep: 2 });
  expect(await target.deliver(request('a'))).toMatchObject({
    kind: 'TARGET_FAILED',
    response: expect.stringContaining('ENOENT'),
  });
});
