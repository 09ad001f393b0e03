import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { bootGuarded, tokensFor } from '../access/guarded-gateway.ts';
import { freePort } from '../free-port.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type CommandLine, commandLine } from './tidings.ts';

let gateway: TestGateway;
let tidings: CommandLine;
beforeAll(async () => {
  gateway = await bootGateway();
  tidings = await commandLine(gateway.url);
});
afterAll(async () => {
  await tidings[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const lines = (text: string): string[] => text.trimEnd().split('\n');
const rows = (text: string) => lines(text).map((line) => JSON.parse(line));

describe('report and query', () => {
  test('an event is reported with everything that options say of it, and found by it', async () => {
    const reported = await tidings.done(
      ...['report', 'Volume.Create', '--key', 'vol-1', '--message', 'made', '--ns', 'storage'],
      ...['--tag', 'pool:gold', '--trait', 'size=20', '--trait', 'ratio=0.5', '--trait', 'v="1"'],
      ...['--severity', 'error', '--service', 'csi', '--node', 'n1', '--plane', 'data'],
      ...['--filter-key', 'pool-1', '--value', '{"a":[1]}', '--time', '2026-11-20T08:15:30.000Z'],
      ...['--end-time', '2026-11-20T08:15:31.000Z', '--output', 'ndjson'],
    );
    const [{ id, index, status }] = rows(reported);
    expect(status).toBe('STORED');
    const [event] = rows(await tidings.done('query', 'key:vol-1', '-o', 'ndjson'));
    expect(event).toMatchObject({
      id,
      index,
      namespace: 'storage',
      type: 'Volume.Create',
      category: 'Volume',
      action: 'Create',
      severity: 'ERROR',
      source: { service: 'csi', node: 'n1', plane: 'DATA_PLANE' },
      key: 'vol-1',
      filterKeys: ['pool-1'],
      message: 'made',
      tags: ['pool', 'pool:gold'],
      traits: [
        { name: 'size', type: 'INT', value: 20 },
        { name: 'ratio', type: 'FLOAT', value: 0.5 },
        { name: 'v', type: 'TEXT', value: '1' },
      ],
      value: { a: [1] },
      time: '2026-11-20T08:15:30.000Z',
      endTime: '2026-11-20T08:15:31.000Z',
    });
  });

  test('options and a filter string select the same, exclusions too', async () => {
    for (const key of ['a', 'b', 'c']) {
      await tidings.done(
        'report',
        'Filter.Test',
        '--key',
        key,
        '--trait',
        `n=${key.charCodeAt(0)}`,
      );
    }
    const keysOf = async (...args: string[]) =>
      lines(await tidings.done('query', ...args, '--order', 'index', '--template', '{key}'));
    expect(await keysOf('type:Filter.*', '-key:b')).toEqual(['a', 'c']);
    expect(await keysOf('--type', 'Filter.*', '--trait', 'n>97')).toEqual(['b', 'c']);
    expect(await keysOf('-key:a', 'OR', 'key:a', '--type', 'Filter.*')).toEqual(['a', 'b', 'c']);
    expect(await keysOf('--filter', '{"types":["Filter.Test"]}', '--key', 'c')).toEqual(['c']);
    expect(await keysOf('Filter', '--limit', '1')).toEqual(['a']);
    expect(await tidings.done('query', 'type:Filter.*', '--count')).toBe('3\n');
    const narrow = await tidings.done('query', 'key:a type:Filter.*', '--columns', 'key,traits.n');
    expect(narrow).toBe('KEY  TRAITS.N\na    97\n');
  });

  test('a file of printed events is reported elsewhere; again, it adds none', async () => {
    await tidings.done('report', 'Copy.Test', '--trait', 'n=1', '--trait', 'f=1.5', '--tag', 'x:y');
    const printed = await tidings.done('query', 'type:Copy.Test', '-o', 'ndjson');
    await using other = await bootGateway();
    const copy = () =>
      tidings.run(['report', '--file', '-', '--url', other.url], { input: `${printed}\n` });
    expect(await copy()).toMatchObject({ code: 0, notices: '1 recorded, 0 rejected.\n' });
    expect((await copy()).code).toBe(0);
    const copied = await tidings.done('query', '--url', other.url, '-o', 'ndjson');
    const [{ index: _, recordedAt: __, ...event }] = rows(printed);
    expect(rows(copied)).toEqual([expect.objectContaining(event)]);
  });

  test('rejected events are named with their lines; the others are recorded', async () => {
    const file = join(tidings.folder, 'events.ndjson');
    await writeFile(
      file,
      '{"type":"File.Test"}\n\n{"type":"File.Test","id":"7"}\n{"type":"File.Test"}\n',
    );
    const { code, notices, output } = await tidings.run(['report', '--file', file, '-o', 'ndjson']);
    expect(code).toBe(1);
    expect(rows(output).map(({ line }) => line)).toEqual([1, 4]);
    expect(notices).toMatch(/^Line 3 was rejected: id: .*\n2 recorded, 1 rejected\.\n$/);
    const bad = await tidings.run(['report', '--file', '-'], { input: '{"typ":"x"}' });
    expect(bad).toMatchObject({
      code: 2,
      notices: 'Line 1 is not an event: an event has no field typ.\n',
    });
  });

  test('more than a page comes whole and once', async () => {
    const input = Array.from({ length: 1_100 }, (_, n) => `{"type":"Page.Test","key":"${n}"}`);
    await tidings.run(['report', '--file', '-'], { input: input.join('\n') });
    const args = ['query', 'type:Page.Test', '--order', 'index', '--template', '{key}'];
    expect(lines(await tidings.done(...args, '--all'))).toEqual(input.map((_, n) => `${n}`));
    expect(lines(await tidings.done(...args, '--limit', '501'))).toHaveLength(501);
    expect(
      JSON.parse(await tidings.done('query', 'type:Page.Test', '--all', '-o', 'json')),
    ).toHaveLength(1_100);
  });

  test('nothing of an event moves the cursor of a terminal, and a pipe has no colours', async () => {
    await tidings.done(
      'report',
      'Evil.Test',
      '--severity',
      'error',
      '-m',
      'a\u001b[31mb\nc\u202ed',
    );
    const table = await tidings.done('query', 'type:Evil.Test', '--columns', 'severity,message');
    expect(table).toBe('SEVERITY  MESSAGE\nERROR     a\\u001b[31mb\\nc\\u202ed\n');
  });
});

describe('get, tags, aggregate and health', () => {
  test('get shows events, and ends with 1 where one is missing', async () => {
    const id = (await tidings.done('report', 'Get.Test', '--template', '{id}')).trim();
    const shown = await tidings.done('get', id);
    expect(shown).toContain(`id          ${id}\n`);
    expect(shown).not.toContain('source');
    const missing = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';
    const { code, output, notices } = await tidings.run(['get', id, missing, '-o', 'ndjson']);
    expect([code, notices]).toEqual([1, `There is no event ${missing}.\n`]);
    expect(rows(output)).toMatchObject([{ id }]);
  });

  test('tags are counted', async () => {
    for (const tag of ['tagged:a', 'tagged:b'])
      await tidings.done('report', 'Tag.Test', '--tag', tag);
    expect(await tidings.done('tags', '--prefix', 'tagged', 'type:Tag.Test')).toBe(
      'TAG       COUNT\ntagged    2\ntagged:a  1\ntagged:b  1\n',
    );
  });

  test('events are counted and measured by groups', async () => {
    for (const size of [1, 3]) {
      await tidings.done('report', 'Size.Test', '--trait', `size=${size}`, '--tag', `parity:odd`);
    }
    const statistics = await tidings.done(
      ...['aggregate', 'type:Size.Test', '--by', 'type,tag:parity', '--measure', 'trait.size'],
      ...['--percentiles', '0.5', '-o', 'ndjson'],
    );
    expect(rows(statistics)).toEqual([
      {
        type: 'Size.Test',
        'tag:parity': 'odd',
        count: 2,
        measured: 2,
        average: 2,
        min: 1,
        max: 3,
        sum: 4,
        'p0.5': 2,
      },
    ]);
  });

  test('health is 0 where the gateway is ready, and 3 where there is none', async () => {
    expect(await tidings.done('health')).toMatch(
      /^PART +STATE +REASON\ngateway +ready\njournal +ok\n/,
    );
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const { code, notices } = await tidings.run(['health', '--url', nowhere]);
    expect([code, notices]).toEqual([
      3,
      `Cannot reach the gateway at ${nowhere}: ECONNREFUSED. Start one with tidings serve, or name another with --url.\n`,
    ]);
  });
});

describe('bad use ends with 2 and a sentence', () => {
  test.each([
    [['qery'], 'There is no command qery: use one of serve, report, query'],
    [['query', '--nope'], "Unknown option '--nope'. See tidings query --help."],
    [['query', 'kee:x'], 'There is no field kee: '],
    [['query', 'kee:x'], '\n  kee:x\n  ^^^\n'],
    [['query', '--severity', 'warn'], '--severity: severity is one of normal, error, not "warn".'],
    [['query', '--limit', 'all'], '--limit is a whole number from 1 to 1000000, not "all".'],
    [['query', '-o', 'xml'], '--output is one of table, json, ndjson, template, not "xml".'],
    [['query', '--columns', 'nope', '--limit', '1'], 'There is no column nope: use one of id, '],
    [['aggregate', '--by', 'nope'], '--by has no group "nope": '],
    [['report'], 'report takes the type of the event, or --file.'],
    [
      ['follow', '--exec', 'true', '--forward-to', 'http://a'],
      'Give either --exec or --forward-to, not both.',
    ],
    [['query', '--url', 'ftp://a'], 'it begins with http:// or https://.'],
    [['query', '--context', 'nope'], 'There is no context nope: '],
    [['serve', '--port', '1'], 'serve takes no --port: see tidings serve --help.'],
    [['completion', 'tcsh'], 'The shell is one of bash, zsh, fish.'],
  ])('%j', async (args, sentence) => {
    const { code, output, notices } = await tidings.run(args);
    expect([code, output]).toEqual([2, '']);
    expect(notices).toContain(sentence);
    expect(notices).not.toContain('    at ');
  });

  test('what the gateway rejects ends with 5, in its words', async () => {
    const { code, notices } = await tidings.run(['query', '--type', '[']);
    expect(code).toBe(5);
    expect(notices).toContain('filter.types.0: "[" has a [ without its ]');
  });
});

test('contexts keep gateways and tokens, and a token goes to its own gateway alone', async () => {
  const roles = 'roles:\n  reader: { grants: [{ actions: [READ] }] }\n';
  await using guarded = await bootGuarded(`${roles}${tokensFor('reader')}`);
  await using other = await commandLine('');
  const environment = { TIDINGS_URL: '' };
  const run = (args: readonly string[], input = '') => other.run(args, { environment, input });
  const url = guarded.booted.origin;
  expect((await run(['query', '--url', url])).code).toBe(4);
  expect(
    (await run(['contexts', 'set', 'guarded', '--url', url, '--token', '-'], 'reader\n')).code,
  ).toBe(0);
  expect((await run(['query'])).code).toBe(0);
  expect((await run(['report', 'A.B'])).code).toBe(1);
  const file = join(other.folder, '.config/tidings/contexts.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await run(['contexts', 'list'])).output).not.toContain('reader');
  // The same gateway under another name is another gateway.
  const elsewhere = url.replace('127.0.0.1', 'localhost');
  expect((await run(['query', '--url', elsewhere])).code).toBe(4);
  expect((await run(['contexts', 'delete', 'guarded'])).code).toBe(0);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ contexts: {} });
});

test('bash completes commands and options', async () => {
  const script = await tidings.done('completion', 'bash');
  const complete = async (...words: string[]) => {
    const typed = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _tidings`;
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `${script}\n${typed}\necho "\${COMPREPLY[*]}"`,
    ]);
    return stdout.trim();
  };
  expect(await complete('tidings', 'se')).toBe('serve');
  expect(await complete('tidings', 'sinks', 're')).toBe('replay retry resume');
  expect(await complete('tidings', 'follow', 'type:A', '--until-c')).toBe('--until-caught-up');
  expect(await complete('tidings', 'completion', 'f')).toBe('fish');
  expect(await complete('tidings', 'query', '-o', "''")).toBe('table json ndjson template');
  // The shell offers files.
  expect(await complete('tidings', 'follow', '--state', "''")).toBe('');
});

test('options of every command may come before it', async () => {
  const [{ id }] = rows(await tidings.done('report', 'A.B', '-o', 'ndjson'));
  expect(rows(await tidings.done('-o', 'ndjson', 'get', id))).toMatchObject([{ id }]);
  expect(await tidings.done('--output=json', 'sinks', '--timeout', '9', 'list')).toBe('[]\n');
  const missing = await tidings.run(['--url', 'http://127.0.0.1:9']);
  expect([missing.code, missing.notices]).toEqual([2, expect.stringContaining('no command --url')]);
});

test.each([
  [['token', '-h'], 'Usage: tidings token create --role ROLE'],
  [['token', 'create', '--help'], 'Usage: tidings token create --role ROLE'],
  [['help', 'rebuild-rollups'], 'Usage: tidings rebuild-rollups\n'],
  [['help', 'sinks'], 'A sink is named by its name or its id.'],
])('%j shows help, and starts nothing', async (args, sentence) => {
  expect(await tidings.done(...args)).toContain(sentence);
});

test('a reader that goes ends the command quietly', async () => {
  await using following = tidings.start(['query', '--all', '-o', 'json']);
  following.child.stdout?.destroy();
  expect(await following.ended).toBe(0);
  expect(following.notices()).toBe('');
});

test.skipIf(process.platform !== 'linux')(
  'a token among the arguments is not shown in the list of processes while the command runs',
  async () => {
    await using follower = tidings.start(['follow', '--token=tds_secret', '--after', '0']);
    const shown = () => readFile(`/proc/${follower.child.pid}/cmdline`, 'latin1');
    await expect.poll(shown).toMatch(/^tidings\0*$/);
  },
);

test('what --exec runs has the token of the environment, and not one of the options', async () => {
  await tidings.done('report', 'Exec.Environment');
  const follow = ['follow', 'type:Exec.Environment', '--after', '0', '--until-caught-up'];
  const exec = ['--exec', 'echo "[$TIDINGS_TOKEN]"'];
  const byOption = await tidings.run([...follow, '--token', 'of-the-option', ...exec]);
  expect([byOption.code, byOption.output]).toEqual([0, '[]\n']);
  const environment = { TIDINGS_TOKEN: 'of-the-environment' };
  const byEnvironment = await tidings.run([...follow, ...exec], { environment });
  expect([byEnvironment.code, byEnvironment.output]).toEqual([0, '[of-the-environment]\n']);
});

test.each([
  ['NOT_FOUND', 1],
  ['UNAVAILABLE', 3],
  ['RATE_LIMITED', 3],
  ['FORBIDDEN', 4],
  ['COST_LIMIT', 5],
  ['INDEX_EXPIRED', 6],
])('%s of the gateway ends with %i', (code, ends) => {
  expect(exitCodeOf(code)).toBe(ends);
});

describe('a server that is no gateway', () => {
  const answers: Readonly<Record<string, (response: ServerResponse) => void>> = {
    'never answers': () => {},
    'begins an answer alone': (response) => response.write('{"da'),
    'hangs up': (response) => response.destroy(),
    redirects: (response) => response.writeHead(307, { location: '/elsewhere' }).end(),
    'speaks no JSON': (response) => response.end('<html>'),
  };
  let server: Server;
  let url = '';
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const [, way = ''] = (request.url ?? '').split('/');
      answers[decodeURIComponent(way)]?.(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each([
    ['never answers', 3, 'no answer within 1 s'],
    ['begins an answer alone', 3, 'no answer within 1 s'],
    ['hangs up', 3, 'ECONNRESET'],
    ['redirects', 5, 'HTTP 307'],
    ['speaks no JSON', 5, 'HTTP 200): <html>'],
  ])('that %s is said to be one', async (way, ends, sentence) => {
    const at = `${url}/${encodeURIComponent(way)}`;
    const { code, notices } = await tidings.run(['query', '--url', at, '--timeout', '1']);
    expect([code, notices]).toEqual([ends, expect.stringContaining(sentence)]);
    expect(asked).not.toContain('/elsewhere');
  });

  test('a token that no header can hold is said to be one', async () => {
    const { code, notices } = await tidings.run(['query', '--token', 'a\nb']);
    expect([code, notices]).toEqual([2, 'The token has characters that no header can hold.\n']);
  });
});
