import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Ceilometer } from '../../../src/dialects/ceilometer/ceilometer.ts';
import {
  DefinitionsError,
  parseDefinitions,
} from '../../../src/dialects/ceilometer/definitions.ts';
import type { Log } from '../../../src/telemetry/log.ts';

const faultsOf = (yaml: string): readonly string[] => {
  try {
    parseDefinitions(yaml, 'events.yaml');
    return [];
  } catch (error) {
    if (error instanceof DefinitionsError) return error.faults;
    throw error;
  }
};

test('all faults of a file are reported together, with its line, definition and trait', () => {
  const faults = faultsOf(
    `- event_type: a.*
  traits:
    good: payload.x
    sum: {type: money, fields: payload.sum}
    path:
      fields: payload.a[
- event_type: [b, 5]
- traits: {}
- text
- event_type: c
  traits:
    t: {fields: payload.t, plugin: {name: nosuch}}
    u: {type: int}
    m: {fields: payload.m, plugin: map}
    &: {fields: payload.m}
`.replace('&', "''"),
  );
  expect(faults).toEqual([
    "events.yaml:4: definition 1 ('a.*'), trait sum: Invalid trait type 'money' for trait sum.",
    "events.yaml:6: definition 1 ('a.*'), trait path: Parse error in JSONPath specification 'payload.a[' for path: Unexpected end.",
    "events.yaml:7: definition 2 (['b', 5]): Required field traits not specified.",
    "events.yaml:7: definition 2 (['b', 5]): event_type must hold patterns, not a number.",
    'events.yaml:8: definition 3: Required field event_type not specified.',
    'events.yaml:9: definition 4: must be a mapping, not a string.',
    "events.yaml:12: definition 5 ('c'), trait t: No plugin named nosuch available for t.",
    "events.yaml:13: definition 5 ('c'), trait u: The field 'fields' is required for u.",
    "events.yaml:14: definition 5 ('c'), trait m: plugin map: The 'values' parameter is required for the map trait plugin.",
    "events.yaml:15: definition 5 ('c'): the name of a trait has 1 to 256 characters.",
  ]);
});

test.each([
  ['', 'events.yaml: must be a list of definitions, not null.'],
  ['a: 1', 'events.yaml: must be a list of definitions, not an object.'],
  ['- [', /^events\.yaml:1: .+\.$/],
  ['- a\n- !!python/object b', /^events\.yaml:2: .*python\/object.* is not supported\.$/],
  ['- &a [*a]', /^events\.yaml:1: .*itself.*\.$/],
  ['- *nowhere', /^events\.yaml:1: .+\.$/],
  ['- <<: 5', /^events\.yaml:1: only mappings can be merged/],
])('%j is rejected', (yaml, fault) => {
  expect(faultsOf(yaml)).toEqual([
    typeof fault === 'string' ? fault : expect.stringMatching(fault),
  ]);
});

test.each([
  ["payload.l[?a~'(']", /\( is not valid: Invalid regular expression/],
  ['payload.a.`sub(/(?i)x/, y)`', /is not valid: this kind of group is not supported$/],
  ['payload.a.`sub(/a*+/, y)`', /is not valid: possessive repeats are not supported$/],
  ['payload.a.`sub(/x/, \\\\1)`', /is not valid: there is no group 1$/],
  [`${'('.repeat(50_000)}a`, /./],
])('the path %.40s is rejected by name', (path, reason) => {
  const [fault = ''] = faultsOf(`- event_type: t\n  traits:\n    t: ${JSON.stringify(path)}\n`);
  expect(fault).toMatch(/^events\.yaml:3: definition 1 \('t'\), trait t: /);
  expect(fault.slice(0, -1)).toMatch(reason);
});

test('an anchor that is used very often is read once', () => {
  const levels = Array.from({ length: 40 }, (_, at) => `  - &a${at + 1} [*a${at}, *a${at}]`);
  const yaml = `- event_type: a\n  lol:\n  - &a0 [x]\n${levels.join('\n')}\n  traits: {}\n`;
  expect(faultsOf(yaml)).toEqual([]);
});

test.each([
  ['1,001 aliases', `- &a x\n${'- *a\n'.repeat(1_001)}`, 'has more than 1000 aliases'],
  ['501 levels', '['.repeat(501), 'is nested more than 500 levels deep'],
  ['a million lines', '- x\n'.repeat(1_000_000), 'has more than 500000 tokens'],
])('a file with %s is rejected', (_name, yaml, reason) => {
  expect(faultsOf(yaml)).toEqual([`events.yaml: ${reason}.`]);
});

test.each([
  ['an anchor within itself', '- event_type: &a\n    b: *a\n  traits: {}\n', 2],
  ['a list within itself, twice', '- event_type: a\n  traits: &a [*a, *a]\n', 2],
  ['a mapping merged with itself', '- event_type: a\n  traits: &a\n    <<: *a\n', 3],
  ['a file within itself', '&a\n- *a\n', 2],
])('a file with %s is rejected', (_name, yaml, line) => {
  expect(faultsOf(yaml)).toEqual([`events.yaml:${line}: an anchor contains itself.`]);
});

test('a file whose aliases nest too deeply is rejected', () => {
  const [open, close] = ['['.repeat(200), ']'.repeat(200)];
  const anchors = Array.from({ length: 100 }, (_, at) =>
    at === 0 ? `- &a0 ${open}${close}` : `- &a${at} ${open}*a${at - 1}${close}`,
  );
  expect(faultsOf(anchors.join('\n'))).toEqual([
    'events.yaml:3: this is nested more than 500 levels deep.',
  ]);
});

test('aliases that repeat each other many times cost nothing in traits either', () => {
  const levels = Array.from(
    { length: 40 },
    (_, at) => `    t${at}: &a${at + 1} [*a${at}, *a${at}]`,
  );
  const yaml = `- event_type: a\n  traits:\n    t: &a0 [x]\n${levels.join('\n')}\n`;
  expect(faultsOf(yaml).length).toBeGreaterThan(0);
});

test('a second document is a fault', () => {
  expect(faultsOf('- a\n---\n- b')).toEqual(['events.yaml:2: there is more than one document.']);
});

test('an alias stands for the last anchor of its name before it', () => {
  const yaml = '- event_type: &a one\n  traits: {}\n- event_type: [&a two, *a]\n  traits: {}\n';
  const [, second] = parseDefinitions(yaml, 'events.yaml');
  expect(['one', 'two'].map((type) => second?.matches(type))).toEqual([false, true]);
});

describe('a file that is read again', () => {
  let folder: string;
  let file: string;
  const logged: unknown[] = [];
  const write = (...line: unknown[]) => logged.push(line);
  const log = { debug: write, info: write, warn: write, error: write } as unknown as Log;
  const definitions = (path: string) => `- event_type: t\n  traits: {x: ${path}}\n`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidings-definitions-'));
    file = join(folder, 'events.yaml');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const xOf = (ceilometer: Ceilometer): unknown => {
    const metadata = { message_id: 'm', timestamp: '2026-01-01' };
    const reading = ceilometer.read(
      { event_type: 't', payload: { a: 'A', b: 'B' }, metadata },
      'info',
    );
    return (
      reading.outcome === 'event' && reading.draft.traits?.find(({ name }) => name === 'x')?.value
    );
  };

  test('takes effect when it is good, changes nothing when it is bad, and says so', async () => {
    await writeFile(file, definitions('payload.a'));
    const ceilometer = await Ceilometer.open({ definitionsFile: file }, log);
    expect(xOf(ceilometer)).toBe('A');

    await writeFile(file, definitions('payload.b'));
    expect(await ceilometer.reload()).toBe(true);
    expect(xOf(ceilometer)).toBe('B');

    logged.length = 0;
    for (const bad of [definitions("'payload.('"), definitions('{}'), '- [']) {
      await writeFile(file, bad);
      expect(await ceilometer.reload()).toBe(false);
    }
    await rm(file);
    expect(await ceilometer.reload()).toBe(false);
    expect(xOf(ceilometer)).toBe('B');
    expect(logged).toHaveLength(4);
    expect(logged[0]).toEqual([
      { file, faults: [expect.stringContaining(`${file}:2: definition 1 ('t'), trait x: `)] },
      'The new event definitions are bad: the old ones stay in use.',
    ]);
  });

  test('must be there at the start', async () => {
    const open = Ceilometer.open({ definitionsFile: join(folder, 'missing.yaml') }, log);
    await expect(open).rejects.toThrow(/missing\.yaml: cannot be read/);
  });
});

test('a path that no notification has is warned of, with its line', () => {
  const warnings: string[] = [];
  const yaml = `- event_type: a.*
  traits:
    tenant: _context_tenant
    user:
      fields: [payload.user_id, _context_user.id]
    good: [$.ctxt.user_id, payload.*, metadata.timestamp, '*']
    host: {fields: hostname, type: text}
`;
  expect(parseDefinitions(yaml, 'events.yaml', (warning) => warnings.push(warning))).toHaveLength(
    1,
  );
  expect(warnings).toEqual([
    "events.yaml:3: definition 1 ('a.*'), trait tenant: _context_tenant never matches: use ctxt.tenant.",
    "events.yaml:5: definition 1 ('a.*'), trait user: _context_user never matches: use ctxt.user.",
    "events.yaml:7: definition 1 ('a.*'), trait host: hostname never matches: a notification has ctxt, publisher_id, event_type, payload, metadata.",
  ]);
});
