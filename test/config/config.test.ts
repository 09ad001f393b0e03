import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config/config.ts';

function faultsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

test('an empty environment is a gateway that needs nothing', () => {
  expect(readConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 4000,
    dataDirectory: './.tidings',
    databaseUrl: null,
    nats: null,
    sinks: { secretKey: null, networks: [] },
    corsOrigins: [],
    retentionMicros: null,
    storeRaw: true,
    intake: { events: 1000, eventBytes: 262_144, tags: 64, traits: 128, filterKeys: 64 },
    document: { maxDepth: 12, maxAliases: 30, maxTokens: 2000 },
    maxFilterDepth: 8,
  });
});

test('an empty variable counts as absent', () => {
  expect(
    readConfig({ TIDINGS_PORT: '', DATABASE_URL: '', NATS_URL: '', MAYASTOR_STREAM: '' }),
  ).toEqual(readConfig({}));
});

test('variables of other programs, and of the command line, are ignored', () => {
  const others = { PATH: '/bin', HOME: '/root', NODE_ENV: 'test' };
  const ofTheCommandLine = { TIDINGS_URL: 'x', TIDINGS_TOKEN: 'x', TIDINGS_CONTEXT: 'x' };
  expect(faultsOf({ ...others, ...ofTheCommandLine })).toEqual([]);
});

test('all faults are reported together, a sentence each', () => {
  expect(
    faultsOf({
      TIDINGS_PORT: '65536',
      TIDINGS_PROT: '4000',
      DATABASE_URL: 'mysql://user:secret@host/name',
      TIDINGS_MAX_EVENT_BYTES: '3 apples',
      MAYASTOR_STREAM: 'events-stream',
      NATS_CERT: '/nowhere/cert.pem',
    }),
  ).toEqual([
    'TIDINGS_PROT is not an option: README.md lists them all.',
    'TIDINGS_PORT must be a whole number from 0 to 65535, not "65536".',
    'DATABASE_URL must be a postgresql:// URL.',
    'NATS_CERT must be a file that can be read.',
    'TIDINGS_MAX_EVENT_BYTES must be a number of bytes such as 4096, 256KiB or 16MiB, not "3 apples".',
    'NATS_CERT needs NATS_KEY as well.',
    'MAYASTOR_STREAM needs NATS_URL as well.',
  ]);
});

test('a value that may hold a password is not repeated', () => {
  expect(faultsOf({ NATS_URL: 'http://user:secret@host' }).join()).not.toContain('secret');
});

test('NATS may be a cluster', () => {
  const { nats } = readConfig({
    NATS_URL: 'nats://a:4222, tls://b:4222',
    TIDINGS_STREAM: 'ORDERS',
  });
  expect(nats).toMatchObject({
    servers: { servers: ['nats://a:4222', 'tls://b:4222'] },
    stream: { name: 'ORDERS', replicas: 1 },
  });
});

test.each([
  ['TIDINGS_PORT', '-1'],
  ['TIDINGS_PORT', '4000.5'],
  ['TIDINGS_STORE_RAW', 'yes'],
  ['TIDINGS_RETENTION', 'soon'],
  ['TIDINGS_RETENTION', '0s'],
  ['TIDINGS_DIALECTS', 'nomad,klingon'],
  ['TIDINGS_CORS_ORIGINS', 'https://a.example/path'],
  ['TIDINGS_LOG_LEVEL', 'loud'],
  ['TIDINGS_STREAM', 'a.b'],
  ['TIDINGS_MAX_EVENTS', '0'],
  ['TIDINGS_NOMAD_TOPICS', 'Job:web:1'],
])('%s rejects %s', (name, value) => {
  expect(faultsOf({ [name]: value })).toEqual([
    expect.stringMatching(`^${name} must be .*${value}`),
  ]);
});

test('dialects are some, all or none', () => {
  expect(readConfig({}).dialects).toContain('nomad');
  expect(readConfig({ TIDINGS_DIALECTS: 'none' }).dialects).toEqual([]);
  expect(readConfig({ TIDINGS_DIALECTS: 'vamp, nomad' }).dialects).toEqual(['vamp', 'nomad']);
});

test('lengths of time are microseconds', () => {
  expect(readConfig({ TIDINGS_RETENTION: '90d' }).retentionMicros).toBe(90 * 86_400 * 1e6);
});

describe('access', () => {
  const policy = fileURLToPath(new URL('../../docs/auth.example.yaml', import.meta.url));
  test.each(['0.0.0.0', '::', '192.0.2.1', 'gateway.example.org'])(
    'a gateway that everybody may use does not listen on %s, unless that is meant',
    (TIDINGS_HOST) => {
      expect(faultsOf({ TIDINGS_HOST })).toEqual([expect.stringMatching(/TIDINGS_AUTH=off/)]);
      expect(faultsOf({ TIDINGS_HOST, TIDINGS_AUTH: 'off' })).toEqual([]);
      expect(faultsOf({ TIDINGS_HOST, TIDINGS_AUTH_FILE: policy })).toEqual([]);
    },
  );

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])(
    'it listens on %s without a policy',
    (TIDINGS_HOST) => {
      expect(faultsOf({ TIDINGS_HOST })).toEqual([]);
    },
  );

  test('TIDINGS_AUTH=off contradicts a policy', () => {
    expect(faultsOf({ TIDINGS_AUTH: 'off', TIDINGS_AUTH_FILE: policy })).toEqual([
      'TIDINGS_AUTH=off contradicts TIDINGS_AUTH_FILE: leave one of them out.',
    ]);
  });
});
