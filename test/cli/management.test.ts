import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bootGuarded, type GuardedGateway, tokensFor } from '../access/guarded-gateway.ts';
import { bootGateway, type TestGateway } from '../harness.ts';
import { type Receiver, startReceiver, status, until } from '../sinks/receiver.ts';
import { type CommandLine, commandLine } from './tidings.ts';

const rows = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

describe('sinks and Mayastor', () => {
  let gateway: TestGateway;
  let tidings: CommandLine;
  let receiver: Receiver;
  beforeAll(async () => {
    gateway = await bootGateway({
      environment: {
        TIDINGS_SECRET_KEY: 'a key for the tests only',
        TIDINGS_SINK_NETWORKS: '127.0.0.0/8',
      },
    });
    tidings = await commandLine(gateway.url);
    receiver = await startReceiver();
  });
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.answer = status(200);
  });
  afterAll(async () => {
    await tidings[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  const keys = () => receiver.received.map(({ json }) => json?.data?.key);

  test('a sink is created, tested, paused, resumed, replayed and deleted', async () => {
    const created = await tidings.done(
      ...['sinks', 'create', 'hook', 'type:Cli.Sink', '-key:b', '--webhook', receiver.url],
      ...['--header', 'X-Team: storage', '-o', 'json'],
    );
    const sink = JSON.parse(created);
    expect(sink).toMatchObject({
      name: 'hook',
      filter: { types: ['Cli.Sink'], not: { keys: ['b'] } },
      target: { url: receiver.url, headerNames: ['X-Team'], signed: true },
      secret: expect.stringMatching(/^whsec_/),
    });
    for (const key of ['a', 'b', 'c']) await tidings.done('report', 'Cli.Sink', '--key', key);
    await until(() => receiver.received.length === 2);
    expect(keys()).toEqual(['a', 'c']);
    expect(receiver.received[0]?.headers['x-team']).toBe('storage');

    expect(await tidings.done('sinks', 'test', 'hook', '--template', '{succeeded}')).toBe('true\n');
    receiver.answer = status(500);
    expect((await tidings.run(['sinks', 'test', sink.id])).code).toBe(1);
    receiver.answer = status(200);

    expect(await tidings.done('sinks', 'pause', 'hook')).toMatch(/\nhook +default +PAUSED /);
    expect(await tidings.done('sinks', 'list', '--state', 'paused')).toMatch(/\nhook /);
    expect(await tidings.done('sinks', 'resume', 'hook')).toMatch(/\nhook +default +ACTIVE /);

    receiver.received.length = 0;
    const replay = await tidings.done(
      'sinks',
      'replay',
      'hook',
      'key:c',
      '--since',
      '1h',
      '-o',
      'json',
    );
    expect(JSON.parse(replay)).toMatchObject({ state: expect.stringMatching(/RUNNING|DONE/) });
    await until(() => receiver.received.length === 1);
    expect(keys()).toEqual(['c']);

    await tidings.done('sinks', 'delete', 'hook');
    expect((await tidings.run(['sinks', 'show', 'hook'])).code).toBe(2);
  });

  test('failed deliveries are listed and tried again', async () => {
    await tidings.done('sinks', 'create', 'picky', 'type:Cli.Failed', '--webhook', receiver.url);
    receiver.answer = status(422);
    await tidings.done('report', 'Cli.Failed', '--key', 'x');
    await until(() => receiver.received.length === 1);
    await expect
      .poll(
        async () => await tidings.done('sinks', 'failed', 'picky', '--template', '{key} {status}'),
      )
      .toBe('x RETRYING\n');
    receiver.answer = status(200);
    expect(await tidings.done('sinks', 'retry', 'picky')).toBe('retried  1\n');
    await until(() => receiver.received.length === 2);
    await tidings.done('sinks', 'delete', 'picky');
  });

  test('sinks that do not exist, and targets that are missing, are said to be', async () => {
    const missing = await tidings.run(['sinks', 'test', 'nobody']);
    expect([missing.code, missing.notices]).toEqual([2, 'There is no sink nobody.\n']);
    const bare = await tidings.run(['sinks', 'create', 'bare']);
    expect([bare.code, bare.notices]).toEqual([
      2,
      'sinks create needs one of --webhook, --nats, --path or --input.\n',
    ]);
  });

  test('alarms are listed, acknowledged and tested over the past', async () => {
    const rule = {
      name: 'failures',
      filter: { types: ['Cli.Failure'] },
      entity: [{ field: 'KEY' }],
      condition: { threshold: { op: 'GTE', value: 2, over: '10m' } },
    };
    await gateway.gql(
      'mutation ($input: AlarmRuleInput!) { createAlarmRule(input: $input) { id } }',
      { input: rule },
    );
    for (const key of ['a', 'b', 'b']) await tidings.done('report', 'Cli.Failure', '--key', key);
    const list = async (...more: string[]) =>
      rows(await tidings.done('alarms', 'list', '-o', 'ndjson', ...more));
    await expect
      .poll(async () => (await tidings.done('alarms', 'list')).split('\n').length)
      .toBe(3);
    const [alarm] = await list('--rule', 'failures', '--state', 'firing');
    expect(alarm).toMatchObject({ ruleName: 'failures', entity: [{ value: 'b' }], value: 2 });
    expect(await tidings.done('alarms', 'list')).toMatch(/FIRING +ERROR +failures +\w+=b /);
    expect(await tidings.done('alarms', 'rules')).toMatch(/\nfailures +default +true +1 /);

    expect(await list('--unacknowledged')).toHaveLength(1);
    await tidings.done('alarms', 'ack', alarm.id, '--comment', 'on it');
    expect(await list('--unacknowledged')).toEqual([]);
    expect(await list('--state', 'all')).toMatchObject([{ comment: 'on it' }]);

    const byName = await tidings.run([
      'alarms',
      'test',
      'failures',
      '--since',
      '1h',
      '-o',
      'ndjson',
    ]);
    expect([byName.code, byName.notices]).toEqual([0, '1 alarms over 3 events.\n']);
    expect(rows(byName.output)).toMatchObject([{ entity: [{ value: 'b' }], value: 2 }]);
    const input = JSON.stringify({
      ...rule,
      condition: { threshold: { op: 'GTE', value: 1, over: '10m' } },
    });
    const fromFile = await tidings.run(['alarms', 'test', '--file', '-'], { input });
    expect([fromFile.code, fromFile.notices]).toEqual([0, '2 alarms over 3 events.\n']);
    expect((await tidings.run(['alarms', 'test', 'nobody'])).code).toBe(2);
  });

  test('a rule is created from a file, replaced, and deleted', async () => {
    const rule = {
      name: 'made here',
      filter: { types: ['Cli.Made'] },
      condition: { threshold: { op: 'GTE', value: 2, over: '10m' } },
    };
    const from = (input: object, ...args: string[]) =>
      tidings.run(['alarms', ...args, '--file', '-', '-o', 'ndjson'], {
        input: JSON.stringify(input),
      });
    const created = await from(rule, 'create');
    expect([created.code, created.notices]).toEqual([0, '']);
    expect(rows(created.output)).toMatchObject([
      { name: 'made here', namespace: 'default', enabled: true, version: 1 },
    ]);
    expect((await from(rule, 'create')).code).toBe(5);
    expect((await from({ ...rule, condition: {} }, 'create')).code).toBe(5);
    const updated = await from({ ...rule, enabled: false }, 'update', 'made here');
    expect(rows(updated.output)).toMatchObject([{ enabled: false, version: 2 }]);
    expect((await from(rule, 'update', 'nobody')).code).toBe(2);
    const none = await tidings.run(['alarms', 'create']);
    expect([none.code, none.notices]).toEqual([
      2,
      'Give the rule with --file; - is standard input.\n',
    ]);
    await tidings.done('alarms', 'delete', 'made here');
    expect(await tidings.done('alarms', 'rules')).not.toContain('made here');
    expect((await tidings.run(['alarms', 'delete', 'made here'])).code).toBe(2);
  });

  test('alarms are silenced by rule and by filter, and not any more', async () => {
    const rule = {
      name: 'silenced',
      filter: { types: ['Cli.Silenced'] },
      entity: [{ field: 'KEY' }],
      condition: { threshold: { op: 'GTE', value: 1, over: '10m' } },
    };
    await tidings.run(['alarms', 'create', '--file', '-'], { input: JSON.stringify(rule) });
    const silence = (...args: string[]) =>
      tidings.run(['alarms', 'silence', '-o', 'ndjson', ...args]);
    const comment = ['--comment', 'new disks'];
    const made = await silence('key:quiet', '--rule', 'silenced', '--expires', '2h', ...comment);
    expect([made.code, made.notices]).toEqual([0, '']);
    const [shown] = rows(made.output);
    expect(shown).toMatchObject({
      rules: ['silenced'],
      filter: { keys: ['quiet'] },
      comment: 'new disks',
    });
    for (const key of ['quiet', 'loud']) {
      await tidings.done('report', 'Cli.Silenced', '--key', key);
    }
    const list = async () =>
      rows(
        await tidings.done(
          'alarms',
          'list',
          '-o',
          'ndjson',
          '--rule',
          'silenced',
          '--state',
          'all',
        ),
      ).map(({ state, entity }) => `${entity[0].value} ${state}`);
    await expect.poll(async () => (await list()).sort()).toEqual(['loud FIRING', 'quiet SILENCED']);
    const silences = async (...more: string[]) =>
      rows(await tidings.done('alarms', 'silences', '-o', 'ndjson', ...more)).map(({ id }) => id);
    expect(await silences()).toContain(shown.id);
    await tidings.done('alarms', 'unsilence', shown.id);
    expect(await silences()).not.toContain(shown.id);
    expect(await silences('--all')).toContain(shown.id);

    expect((await silence('--rule', 'x', ...comment)).notices).toMatch(/needs --expires/);
    expect((await silence('--rule', 'x', '--expires', '2h')).notices).toMatch(/needs a --comment/);
    expect((await silence('--expires', '2000-01-01T00:00:00Z', ...comment)).code).toBe(5);
    expect((await silence('type:[', '--expires', '2h', ...comment)).code).toBe(5);
    expect((await tidings.run(['alarms', 'unsilence', 'nobody'])).code).toBe(1);
  });

  test("Mayastor's events are listed as its plugin lists them", async () => {
    for (const [action, node] of [
      ['RebuildBegin', 'n1'],
      ['RebuildEnd', 'n2'],
    ] as const) {
      await tidings.done(
        'report',
        `Nexus.${action}`,
        '--key',
        `nexus-${node}`,
        '--node',
        node,
        '--component',
        'IoEngine',
      );
    }
    const table = await tidings.done('mayastor', 'events', '--category', 'nexus');
    expect(table.split('\n')[0]).toMatch(
      /^ID +TIMESTAMP +CATEGORY +ACTION +TARGET +NODE +COMPONENT$/,
    );
    expect(table).toMatch(/T\d\d:\d\d:\d\dZ +Nexus +RebuildBegin +nexus-n1 +n1 +IoEngine\n/);
    const args = ['mayastor', 'events', '--action', 'rebuild-end', '--since', '1h'];
    expect(rows(await tidings.done(...args, '-o', 'ndjson'))).toMatchObject([
      { type: 'mbus_event', payload: { category: 'Nexus', target: 'nexus-n2' } },
    ]);
    expect(JSON.parse(await tidings.done(...args, '-o', 'json'))).toMatchObject([
      { category: 'Nexus', action: 'RebuildEnd', target: 'nexus-n2' },
    ]);
    const bad = await tidings.run(['mayastor', 'events', '--category', 'nope']);
    expect([bad.code, bad.notices]).toEqual([2, expect.stringContaining('nope')]);
  });
});

describe('tokens', () => {
  let guarded: GuardedGateway;
  let tidings: CommandLine;
  beforeAll(async () => {
    const roles =
      'roles:\n  admin: { grants: [{ actions: [ADMIN] }] }\n  reader: { grants: [{ actions: [READ] }] }\n' +
      '  outsider: { grants: [{ actions: [READ], hide: [VALUE, MESSAGE, TRAITS, RAW] }] }\n';
    guarded = await bootGuarded(`${roles}${tokensFor('admin', 'reader', 'outsider')}`);
    tidings = await commandLine(guarded.booted.url);
  });
  afterAll(async () => {
    await tidings[Symbol.asyncDispose]();
    await guarded[Symbol.asyncDispose]();
  });

  test('a token is created, used, listed without its secret, and revoked', async () => {
    const admin = ['--token', 'admin'];
    const create = ['tokens', 'create', 'ci', '--role', 'reader', '--expires', '1h', ...admin];
    const secret = (await tidings.done(...create)).trim();
    expect(secret).toMatch(/^tds_/);
    expect((await tidings.run(['query', '--token', secret])).code).toBe(0);
    const list = await tidings.done('tokens', 'list', ...admin, '-o', 'ndjson');
    expect(list).not.toContain(secret);
    const [token] = rows(list).filter(({ name }) => name === 'ci');
    expect(token).toMatchObject({ roles: ['reader'], revokedAt: null });
    expect(Date.parse(token.expiresAt)).toBeGreaterThan(Date.now() + 3_000_000);
    await tidings.done('tokens', 'revoke', 'ci', ...admin);
    await expect.poll(async () => (await tidings.run(['query', '--token', secret])).code).toBe(4);
  });

  test('fields that are hidden from a caller are left out', async () => {
    const what = ['--key', 'k1', '-m', 'hidden words', '--trait', 'size=1', '--value', '{"a":1}'];
    await tidings.done('report', 'A.B', ...what, '--token', 'admin');
    const outsider = ['--token', 'outsider', '-o', 'ndjson'];
    const whole = { key: 'k1', tags: [] };
    const [event] = rows(await tidings.done('query', 'type:A.B', ...outsider));
    expect(event).toMatchObject(whole);
    for (const name of ['message', 'traits', 'value', 'raw'])
      expect(event).not.toHaveProperty(name);
    const followed = ['follow', '--after', '0', '--until-caught-up', 'type:A.B'];
    for (const command of [['get', event.id], ['query', '--raw', 'type:A.B'], followed]) {
      expect(rows(await tidings.done(...command, ...outsider))).toEqual([event]);
    }
    expect(rows(await tidings.done('aggregate', '--by', 'key', 'type:A.B', ...outsider))).toEqual([
      { key: 'k1', count: 1 },
    ]);
    expect(await tidings.done('alarms', 'list', ...outsider)).toBe('');
    const asked = await tidings.run(['query', 'trait.size>0', ...outsider]);
    expect([asked.code, asked.notices]).toEqual([4, expect.stringContaining('not their traits')]);
  });

  test('a caller without the right, and a follower with a wrong token, end with 4', async () => {
    const forbidden = await tidings.run(['tokens', 'list', '--token', 'reader']);
    expect([forbidden.code, forbidden.notices]).toEqual([
      4,
      expect.stringContaining('(FORBIDDEN)'),
    ]);
    const wrong = await tidings.run(['follow', '--token', 'wrong']);
    expect([wrong.code, wrong.notices]).toEqual([4, expect.stringContaining('rejects the token')]);
  });
});
