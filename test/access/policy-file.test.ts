import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse as parseYamlText } from 'yaml';
import { z } from 'zod';
import { PolicyError } from '../../src/access/policy-error.ts';
import { parsePolicy } from '../../src/access/policy-file.ts';
import { policySchema } from '../../src/access/policy-schema.ts';
import { schema } from '../../src/gateway/schema.ts';
import { createGrantFilterParser } from '../../src/graphql/grant-filter.ts';

const parse = (text: string) => parsePolicy(text, 'auth.yaml', createGrantFilterParser(schema, 8));

function faultsOf(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof PolicyError) return error.faults;
    throw error;
  }
  return [];
}

test('a policy has its roles, tokens and issuers, with defaults', () => {
  const policy = parse(`
roles:
  admin:
    grants:
      - actions: [ADMIN]
  team:
    grants:
      - actions: [READ, REPORT]
        namespaces: [team-*, shared]
        topics: ["Job:web", Node]
        filter: { severities: [ERROR], traits: [{ name: size, op: GT, value: { int: 3 } }] }
        hide: [RAW]
      - { actions: [READ], namespaces: [team-secret], effect: DENY }
tokens:
  - { name: ci, sha256: ${'AB'.repeat(32)}, roles: [team], expiresAt: "2030-01-01T00:00:00Z" }
jwt:
  - { issuer: "https://id.example.org", audience: tidings, roles: { admins: admin } }
`);
  expect(policy.roles.get('admin')?.grants[0]).toMatchObject({
    effect: 'ALLOW',
    namespaces: ['*'],
    topics: ['*'],
    events: {},
  });
  const [allowed, denied] = policy.roles.get('team')?.grants ?? [];
  expect(allowed?.events).toEqual({
    namespaceGlobs: ['shared', 'team-*'],
    topics: [
      { category: 'Job', key: 'web' },
      { category: 'Node', key: null },
    ],
    all: [
      {
        severities: ['ERROR'],
        traits: [{ name: 'size', op: 'GT', operand: { type: 'INT', value: 3 } }],
      },
    ],
  });
  expect(allowed?.hide).toEqual(['RAW']);
  expect(denied).toMatchObject({ effect: 'DENY', events: { namespaces: ['team-secret'] } });
  expect(policy.tokens).toEqual([
    {
      name: 'ci',
      sha256: 'ab'.repeat(32),
      roles: ['team'],
      expiresAtMs: Date.UTC(2030, 0, 1),
    },
  ]);
  expect(policy.issuers[0]).toMatchObject({
    rolesClaim: 'roles',
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    jwksUrl: null,
    roles: { admins: 'admin' },
  });
});

describe('every fault is named with its line', () => {
  const role = (grant: string) => `roles:\n  a:\n    grants:\n      - ${grant}\n`;
  test.each([
    ['nothing', '', /^auth.yaml:1: /],
    ['no mapping', '- a', /^auth.yaml:1: /],
    ['no YAML', 'roles: {\n  a: [', /^auth.yaml:2: /],
    ['two documents', 'roles: {}\n---\nroles: {}', /one YAML document/],
    ['an unknown field', `roles: {}\nrole: {}`, /^auth.yaml:2: role: Unrecognized key/],
    [
      'an unknown field of a grant',
      `${role('actions: [READ]')}        namespace: [a]\n`,
      /^auth.yaml:5: roles.a.grants.0.namespace: Unrecognized key/,
    ],
    ['an unknown action', role('actions: [WRITE]'), /^auth.yaml:4: roles.a.grants.0.actions.0: /],
    ['no actions', role('actions: []'), /^auth.yaml:4: roles.a.grants.0.actions: /],
    [
      'a bad glob',
      `${role('actions: [READ]')}        namespaces: ["team-[a"]\n`,
      /^auth.yaml:5: roles.a.grants.0.namespaces: "team-\[a" has a \[ without its \]/,
    ],
    [
      'a bad topic',
      `${role('actions: [READ]')}        topics: [":a"]\n`,
      /^auth.yaml:5: roles.a.grants.0.topics.+not a topic/,
    ],
    [
      'a filter with an unknown field',
      `${role('actions: [READ]')}        filter:\n          sevrities: [ERROR]\n`,
      /^auth.yaml:5: .+filter: Field "sevrities" is not defined/,
    ],
    [
      'a filter with a bad value',
      `${role('actions: [READ]')}        filter:\n          types: [a]\n          severities: [BAD]\n`,
      /^auth.yaml:7: roles.a.grants.0.filter.severities.0: /,
    ],
    [
      'a filter that moves with the clock',
      `${role('actions: [READ]')}        filter: { time: { gte: now-1h } }\n`,
      /^auth.yaml:5: .+must be absolute/,
    ],
    [
      'hidden fields of a denial',
      `${role('actions: [READ]')}        effect: DENY\n        hide: [RAW]\n`,
      /^auth.yaml:6: roles.a.grants.0.hide: Fields are hidden by a grant that allows READ/,
    ],
    [
      'a denial that takes back a whole grant',
      `${role('actions: [READ]')}        namespaces: [x]\n      - { actions: [READ], effect: DENY }\n`,
      /^auth.yaml:4: roles.a.grants.0: It has no effect: grants.1 denies all of it/,
    ],
    [
      'a role that is there twice',
      'roles:\n  a: {}\n  a: {}\n',
      /^auth.yaml:3: a is there twice\./,
    ],
    [
      "a token's unknown role",
      `roles: {}\ntokens:\n  - name: a\n    sha256: ${'f'.repeat(64)}\n    roles: [b]\n`,
      /^auth.yaml:5: tokens.0.roles: There is no role b/,
    ],
    [
      "a token's secret instead of its digest",
      `roles: {a: {}}\ntokens:\n  - name: a\n    sha256: secret\n    roles: [a]\n`,
      /^auth.yaml:4: tokens.0.sha256: must be 64 hexadecimal digits, in quotes\./,
    ],
    [
      'a symmetric algorithm',
      'roles: {}\njwt:\n  - issuer: https://a\n    audience: a\n    algorithms: [HS256]\n',
      /^auth.yaml:5: jwt.0.algorithms.0: /,
    ],
    [
      'an issuer without an audience',
      'roles: {}\njwt:\n  - issuer: https://a\n',
      /^auth.yaml:3: jwt.0.audience: /,
    ],
    [
      'an unknown role of a claim',
      'roles: {}\njwt:\n  - issuer: https://a\n    audience: a\n    roles: { x: y }\n',
      /^auth.yaml:5: jwt.0.roles: There is no role y/,
    ],
  ])('%s', (_name, text, expected) => {
    expect(faultsOf(text).join('\n')).toMatch(expected);
  });

  test('all of them at once', () => {
    const text = `roles: {a: {grants: [{actions: [READ], namespaces: ["["]}]}}\ntokens: [{name: t, sha256: "${'f'.repeat(64)}", roles: [x, y]}]`;
    expect(faultsOf(text)).toHaveLength(3);
  });
});

test('the example in docs is a good policy', () => {
  const example = readFileSync(new URL('../../docs/auth.example.yaml', import.meta.url), 'utf8');
  expect(faultsOf(example)).toEqual([]);
});

describe('the JSON schema of the file', () => {
  const path = '../../docs/auth.schema.json';

  test('is that of the reader', async () => {
    const written = {
      title: 'TIDINGS_AUTH_FILE',
      ...z.toJSONSchema(policySchema, { io: 'input' }),
    };
    await expect(`${JSON.stringify(written, null, 2)}\n`).toMatchFileSnapshot(path);
  });

  test('takes the example, and no unknown field', () => {
    const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
    const byJsonSchema = z.fromJSONSchema(JSON.parse(read(path)));
    const example = parseYamlText(read('../../docs/auth.example.yaml'));
    expect(byJsonSchema.safeParse(example).error).toBeUndefined();
    expect(byJsonSchema.safeParse({ ...example, role: {} }).success).toBe(false);
  });
});
