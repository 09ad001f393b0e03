import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

interface Key {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export interface TokenOptions {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  /** Seconds from now; null leaves the claim out. */
  readonly expiresIn?: number | null;
  /** Named in the header instead of the key's own. */
  readonly kid?: string;
}

/** A small OpenID provider on loopback: discovery, keys that it can exchange, and tokens. */
export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Requests so far, by path. */
  readonly asked: ReadonlyMap<string, number>;
  /** Whether it takes requests and never answers them. */
  silent: boolean;
  /** Another key signs from now on, and the keys before are not published any more. */
  rotate(): Promise<void>;
  token(options?: TokenOptions): Promise<string>;
  /** The published key, as whoever mistakes it for a shared secret has it. */
  publicKeyText(): string;
}

const newKey = async (kid: string): Promise<Key> => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  return {
    kid,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' },
  };
};

export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  let key = await newKey('key-1');
  let keys = 1;
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (provider.silent) return;
    const documents: Readonly<Record<string, object>> = {
      '/realm/.well-known/openid-configuration': {
        issuer: provider.issuer,
        jwks_uri: `${provider.issuer}/keys`,
      },
      '/realm/keys': { keys: [key.jwk] },
    };
    const document = documents[path];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const provider: OpenIdProvider = {
    issuer: `http://127.0.0.1:${port}/realm`,
    asked,
    silent: false,
    async rotate() {
      keys += 1;
      key = await newKey(`key-${keys}`);
    },
    async token({ claims = {}, issuer, audience, subject = 'ada', expiresIn = 300, kid } = {}) {
      const token = new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: kid ?? key.kid })
        .setIssuer(issuer ?? provider.issuer)
        .setAudience(audience ?? 'tidings')
        .setSubject(subject);
      if (expiresIn !== null) {
        token.setExpirationTime(Math.floor(Date.now() / 1_000) + expiresIn);
      }
      return await token.sign(key.privateKey);
    },
    publicKeyText: () => JSON.stringify(key.jwk),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return provider;
}
