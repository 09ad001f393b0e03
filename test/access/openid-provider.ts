import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
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
  /** Named in the header instead of the key's own; null names none. */
  readonly kid?: string | null;
}

/** How the provider answers those who sign in by its page. */
interface SignIns {
  /** The redirect URI of its one client, `console`. */
  redirectUri: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Of the access token; opaque when null. */
  audience: string | null;
  /** In the ID token instead of the nonce of the request. */
  nonce: string | null;
}

/** A small OpenID provider on loopback: discovery, keys that it can exchange, tokens, and a page to sign in by. */
export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Requests so far, by path. */
  readonly asked: ReadonlyMap<string, number>;
  /** Whether it takes requests and never answers them. */
  silent: boolean;
  readonly signIns: SignIns;
  /** Another key signs from now on, and the keys before are not published any more, unless the old one is kept. */
  rotate(options?: { readonly keepsOld: boolean }): Promise<void>;
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
  let old: readonly Key[] = [];
  let keys = 1;
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    if (provider.silent) return;
    const url = new URL(path, 'http://provider');
    if (url.pathname === '/realm/authorize') {
      response.setHeader('content-type', 'text/html');
      response.end(pages.authorize(url.searchParams));
      return;
    }
    if (url.pathname === '/realm/token') {
      void pages.token(request).then((answer) => {
        response.writeHead('error' in answer ? 400 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
      return;
    }
    const documents: Readonly<Record<string, object>> = {
      '/realm/.well-known/openid-configuration': {
        issuer: provider.issuer,
        jwks_uri: `${provider.issuer}/keys`,
        authorization_endpoint: `${provider.issuer}/authorize`,
        token_endpoint: `${provider.issuer}/token`,
      },
      '/realm/keys': { keys: [key, ...old].map(({ jwk }) => jwk) },
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
    signIns: { redirectUri: '', claims: {}, audience: 'tidings', nonce: null },
    async rotate({ keepsOld } = { keepsOld: false }) {
      keys += 1;
      old = keepsOld ? [key] : [];
      key = await newKey(`key-${keys}`);
    },
    async token({ claims = {}, issuer, audience, subject = 'ada', expiresIn = 300, kid } = {}) {
      const given = {
        iss: issuer ?? provider.issuer,
        aud: audience ?? 'tidings',
        sub: subject,
        ...(expiresIn !== null && { exp: Math.floor(Date.now() / 1_000) + expiresIn }),
        ...claims,
      };
      return await new SignJWT(given)
        .setProtectedHeader({ alg: 'ES256', ...(kid !== null && { kid: kid ?? key.kid }) })
        .sign(key.privateKey);
    },
    publicKeyText: () => JSON.stringify(key.jwk),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  const pages = signInPages(provider);
  return provider;
}

/** The part of a provider by which browsers sign in: the authorization code flow, with PKCE alone. */
function signInPages(provider: OpenIdProvider) {
  const { signIns } = provider;
  const codes = new Map<string, URLSearchParams>();
  return {
    /** A page with a link for each answer. */
    authorize(asked: URLSearchParams): string {
      const of = (name: string) => asked.get(name) ?? '';
      const wanted = {
        response_type: 'code',
        client_id: 'console',
        redirect_uri: signIns.redirectUri,
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(wanted)) {
        if (of(name) !== value) return `<h1>Wrong ${name}: ${of(name)}</h1>`;
      }
      const code = randomUUID();
      codes.set(code, asked);
      const link = (parameters: Record<string, string>) =>
        `${signIns.redirectUri}?${new URLSearchParams({ ...parameters, state: of('state') })}`;
      const denied = link({ error: 'access_denied', error_description: 'no, said Ada' });
      return `<link rel="icon" href="data:,"><h1>Provider</h1>
        <a href="${link({ code, iss: provider.issuer })}">Ada</a> <a href="${denied}">Nobody</a>`;
    },
    async token(request: IncomingMessage): Promise<object> {
      let body = '';
      for await (const chunk of request) body += chunk;
      const form = new URLSearchParams(body);
      const asked = codes.get(form.get('code') ?? '');
      codes.delete(form.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(form.get('code_verifier') ?? '')
        .digest('base64url');
      const isMeant =
        form.get('grant_type') === 'authorization_code' &&
        form.get('client_id') === 'console' &&
        form.get('redirect_uri') === signIns.redirectUri &&
        asked?.get('code_challenge') === challenge;
      if (!isMeant) return { error: 'invalid_grant' };
      const { claims, audience } = signIns;
      const nonce = signIns.nonce ?? asked?.get('nonce');
      return {
        token_type: 'Bearer',
        access_token: audience === null ? 'opaque' : await provider.token({ claims, audience }),
        id_token: await provider.token({ audience: 'console', claims: { nonce } }),
      };
    },
  };
}
