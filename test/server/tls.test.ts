import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Log } from '../../src/telemetry/log.ts';
import { freePort } from '../free-port.ts';
import { bootGateway, type TestGateway } from '../harness.ts';

let folder: string;
let gateway: TestGateway;
let grpcPort: number;
let statsPort: number;
let statusPort: number;
let certFile: string;
let keyFile: string;
const logged: string[] = [];
const log = {
  debug() {},
  info() {},
  warn() {},
  error: (_fields: unknown, message: string) => void logged.push(message),
} as unknown as Log;

/** Makes a pair signed by itself for the address 127.0.0.1 and the name localhost. */
async function makePair(name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, 'new-cert.pem'), join(folder, 'new-key.pem')];
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name} -addext subjectAltName=IP:127.0.0.1,DNS:localhost`;
  await promisify(execFile)('openssl', [...args.split(' '), '-keyout', key, '-out', cert]);
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
}

async function install({ cert, key }: { cert: string; key: string }): Promise<void> {
  await writeFile(certFile, cert);
  await writeFile(keyFile, key);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-tls-'));
  [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await install(await makePair('first'));
  [grpcPort, statsPort, statusPort] = [await freePort(), await freePort(), await freePort()];
  gateway = await bootGateway({
    environment: {
      TIDINGS_TLS_CERT: certFile,
      TIDINGS_TLS_KEY: keyFile,
      SKYWALKING_GRPC_PORT: String(grpcPort),
      MAYASTOR_STATS_PORT: String(statsPort),
      SKYWALKING_STATUS_PORT: String(statusPort),
    },
    overrides: { log },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const trusted = () => readFile(certFile, 'utf8');

async function ask(path: string, headers: Record<string, string> = {}, origin = gateway.origin) {
  const ca = await trusted();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${origin}${path}`, { ca, headers, agent: false }, resolve).on('error', reject).end();
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}

/** The common name of the certificate that a port shows to a new connection. */
const shownAt = (port: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    }).on('error', reject);
  });

const httpPort = (): number => Number(new URL(gateway.origin).port);

test('readiness and operations are answered over https, and not over http', async () => {
  expect(gateway.origin).toMatch(/^https:/);
  expect(await ask('/readyz')).toMatchObject({ status: 200 });
  const query = encodeURIComponent('{ viewer { name } }');
  expect(JSON.parse((await ask(`/graphql?query=${query}`)).body)).toEqual({
    data: { viewer: { name: 'anonymous' } },
  });
  await expect(fetch(`http://127.0.0.1:${httpPort()}/readyz`)).rejects.toThrow();
});

test("pages on ports of their own: Mayastor's statistics and SkyWalking's status", async () => {
  for (const [port, path] of [
    [statsPort, '/stats'],
    [statusPort, '/status/alarm/rules'],
  ] as const) {
    expect(await ask(path, {}, `https://127.0.0.1:${port}`)).toMatchObject({ status: 200 });
    await expect(fetch(`http://127.0.0.1:${port}${path}`)).rejects.toThrow();
  }
});

test("a page of the gateway's own origin may call it, and no other", async () => {
  const own = { origin: gateway.origin };
  expect((await ask('/graphql?query=%7B__typename%7D', own)).status).toBe(200);
  const plain = { origin: gateway.origin.replace('https:', 'http:') };
  expect((await ask('/graphql?query=%7B__typename%7D', plain)).status).toBe(403);
});

test('WebSockets', async () => {
  const ca = await trusted();
  class Trusting extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols, { ca });
    }
  }
  const client = createClient({
    url: `${gateway.origin.replace('https:', 'wss:')}/graphql`,
    webSocketImpl: Trusting,
  });
  for await (const { data } of client.iterate({ query: '{ viewer { name } }' })) {
    expect(data).toEqual({ viewer: { name: 'anonymous' } });
  }
  await client.dispose();
});

test('gRPC', async () => {
  const secure = credentials.createSsl(Buffer.from(await trusted()));
  const client = new Client(`localhost:${grpcPort}`, secure);
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 20_000, (error) => (error ? reject(error) : resolve()));
  });
  client.close();
});

test('a new pair is shown to new connections; with a bad one the pair before stays', async () => {
  expect(await shownAt(httpPort())).toBe('first');
  await install(await makePair('second'));
  await gateway.gateway.reload();
  const everyPort = [httpPort(), grpcPort, statsPort, statusPort];
  for (const port of everyPort) expect(await shownAt(port)).toBe('second');
  expect((await ask('/readyz')).status).toBe(200);
  const good = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
  const { cert: ofAnother } = await makePair('third');
  await install({ ...good, cert: ofAnother });
  await gateway.gateway.reload();
  expect(logged).toContain('The new certificate was not taken: the one before stays.');
  for (const port of everyPort) expect(await shownAt(port)).toBe('second');
  await install(good);
  expect((await ask('/readyz')).status).toBe(200);
});

test('a gateway does not start with files that are not a pair', async () => {
  const bad = join(folder, 'bad.pem');
  await writeFile(bad, 'not a key');
  const environment = { TIDINGS_TLS_CERT: certFile, TIDINGS_TLS_KEY: bad };
  await expect(bootGateway({ environment, overrides: { log } })).rejects.toThrow(
    /TIDINGS_TLS_KEY .* are not a certificate and its private key/,
  );
});

test('the cookie of the console is one that browsers take over TLS from this host alone', async () => {
  const ca = await trusted();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { ca, method: 'DELETE', agent: false };
    request(`${gateway.origin}/console/session`, options, resolve).on('error', reject).end();
  });
  response.resume();
  expect(response.headers['set-cookie']).toEqual([
    '__Host-tidings_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure',
  ]);
});
