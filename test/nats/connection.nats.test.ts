import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from 'nats';
import { expect, test, vi } from 'vitest';
import { NatsLink, type NatsServers } from '../../src/nats/connection.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { serversAt, silent } from '../journal/nats/harness.ts';
import { startNatsServer } from '../nats-server.ts';
import { patienceMs } from '../patience.ts';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const within = { timeout: patienceMs, interval: 10 };
const fixture = (name: string) => join(import.meta.dirname, '../fixtures/nats-tls', name);

/** A server that knows users by tokens that an operator's accounts have signed. */
function operatorMode(): { configuration: string; credentials: string } {
  const [operator, system, account, user] = [
    nkeys.createOperator(),
    nkeys.createAccount(),
    nkeys.createAccount(),
    nkeys.createUser(),
  ];
  const part = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const token = (issuer: KeyPair, subject: KeyPair, type: string, nats = {}) => {
    const claims = {
      jti: subject.getPublicKey(),
      iat: 1_700_000_000,
      iss: issuer.getPublicKey(),
      sub: subject.getPublicKey(),
      name: type,
      nats: { type, version: 2, ...nats },
    };
    const signed = `${part({ typ: 'JWT', alg: 'ed25519-nkey' })}.${part(claims)}`;
    return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
  };
  const limits = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1 };
  const accountToken = (of: KeyPair) => token(operator, of, 'account', { limits });
  const userToken = token(account, user, 'user', { subs: -1, data: -1, payload: -1 });
  const seed = Buffer.from(user.getSeed()).toString();
  const preload = [system, account].map((of) => `${of.getPublicKey()}: ${accountToken(of)}`);
  return {
    configuration: [
      `operator: ${token(operator, operator, 'operator')}`,
      `system_account: ${system.getPublicKey()}`,
      'resolver: MEMORY',
      `resolver_preload: { ${preload.join(', ')} }`,
    ].join('\n'),
    credentials: `-----BEGIN NATS USER JWT-----\n${userToken}\n------END NATS USER JWT------\n
-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`,
  };
}

async function reaches(servers: NatsServers): Promise<void> {
  await using link = new NatsLink(servers, silent);
  await vi.waitFor(() => expect(link.healthReason()).toBeNull(), within);
  await link.current.flush();
}

async function fails(servers: NatsServers, reason: RegExp): Promise<void> {
  await using link = new NatsLink(servers, silent);
  await vi.waitFor(() => expect(link.healthReason()).toMatch(reason), within);
  expect(() => link.current).toThrow(reason);
}

test('a user and a password, or a token, in the URL', async () => {
  await using server = await startNatsServer(['--user', 'some@one', '--pass', 'pass:word']);
  const at = (user: string) => serversAt(server.url.replace('//', `//${user}`));
  await reaches(at('some%40one:pass%3Aword@'));
  await fails(at('some%40one:wrong@'), /credentials were rejected/);
  await fails(at(''), /credentials were rejected/);
  await using other = await startNatsServer(['--auth', 'secret']);
  await reaches(serversAt(other.url.replace('//', '//secret@')));
});

test('TLS, with a private certificate authority and a client certificate', async () => {
  const [cert, key] = [fixture('cert.pem'), fixture('key.pem')];
  await using server = await startNatsServer([
    '--tls',
    '--tlscert',
    cert,
    '--tlskey',
    key,
    '--tlsverify',
    '--tlscacert',
    cert,
  ]);
  const at = serversAt(server.url);
  await reaches({ ...at, caFile: cert, certFile: cert, keyFile: key });
  await fails({ ...at, caFile: cert }, /NATS cannot be reached/);
  await fails(at, /NATS cannot be reached/);
});

test('a credentials file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-creds-'));
  try {
    const { configuration, credentials } = operatorMode();
    const file = (name: string) => join(folder, name);
    await writeFile(file('server.conf'), configuration);
    await writeFile(file('nats.creds'), credentials);
    await writeFile(file('nonsense.creds'), 'nonsense');
    await using server = await startNatsServer(['-c', file('server.conf')]);
    const by = (name: string) => ({ ...serversAt(server.url), credentialsFile: file(name) });
    await reaches(by('nats.creds'));
    await fails(by('nonsense.creds'), /not one of NATS/);
    await fails(by('missing.creds'), /ENOENT/);
    await fails(serversAt(server.url), /credentials were rejected/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('any one of several servers is enough', async () => {
  await using gone = await startNatsServer();
  await gone.stop();
  await using server = await startNatsServer();
  await reaches({ ...serversAt(''), servers: [gone.url, server.url] });
});

test('retries for ever, with a log line for each attempt and growing pauses between them', async () => {
  await using server = await startNatsServer();
  await server.stop();
  const pauses: number[] = [];
  const sentences: string[] = [];
  const log = {
    ...silent,
    warn: ({ retryInMs }: { retryInMs: number }, sentence: string) => {
      pauses.push(retryInMs);
      sentences.push(sentence);
    },
    info: () => {},
  } as unknown as Log;
  await using link = new NatsLink(serversAt(server.url), log);
  await vi.waitFor(() => expect(pauses.length).toBeGreaterThanOrEqual(4), within);
  expect(pauses[3]).toBeGreaterThan(pauses[0] as number);
  expect(new Set(sentences)).toEqual(
    new Set(['NATS cannot be reached: the connection was refused.']),
  );
  await server.restart();
  await vi.waitFor(() => expect(link.healthReason()).toBeNull(), within);
});

test('ends while it still tries', async () => {
  await using server = await startNatsServer();
  await server.stop();
  const link = new NatsLink(serversAt(server.url), silent);
  const waiting = link.connection(AbortSignal.timeout(100));
  await link[Symbol.asyncDispose]();
  expect(await waiting).toBeNull();
});
