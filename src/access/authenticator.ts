import type { StoredToken, TokenStore } from '../store/tokens.ts';
import type { Log } from '../telemetry/log.ts';
import type { Audit } from './audit.ts';
import type { Credential } from './credential.ts';
import { type ExpectedIdToken, JwtVerifier } from './jwt.ts';
import { anonymousRole, type Policy, type StaticToken } from './policy.ts';
import { type Principal, Unauthenticated } from './principal.ts';
import { digestOf, isJwt, isOurs, originOf } from './token.ts';

/** Verified credentials that are remembered, so that they are not looked up for each request. */
const maxRemembered = 10_000;
/** A token that is used is looked up again after this time, whatever else was heard of it. */
const rememberedMs = 60_000;
const maxSecretLength = 8_192;

export const anonymous: Principal = {
  kind: 'ANONYMOUS',
  name: 'anonymous',
  roles: [anonymousRole],
  expiresAtMs: null,
  tokenId: null,
  origin: null,
};

interface Remembered {
  readonly principal: Principal;
  readonly untilMs: number;
}

interface AuthenticatorOptions {
  readonly policy: Policy;
  readonly tokens: TokenStore;
  readonly log: Log;
  readonly audit: Audit;
}

/** Finds out who a caller is by the credential that they show. */
export class Authenticator {
  readonly #tokens: TokenStore;
  readonly #log: Log;
  readonly #audit: Audit;
  readonly #remembered = new Map<string, Remembered>();
  readonly #used = new Set<string>();
  #policy: Policy;
  #origins: ReadonlySet<string> = new Set();
  #staticTokens: ReadonlyMap<string, StaticToken> = new Map();
  #jwt = new JwtVerifier([]);

  constructor({ policy, tokens, log, audit }: AuthenticatorOptions) {
    this.#tokens = tokens;
    this.#log = log;
    this.#audit = audit;
    this.#policy = policy;
    this.replacePolicy(policy);
  }

  /** From now on the tokens and issuers of this policy hold. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy;
    this.#origins = new Set([...policy.tokens, ...policy.issuers].map(originOf));
    this.#staticTokens = new Map(policy.tokens.map((token) => [token.sha256, token]));
    this.#jwt = new JwtVerifier(policy.issuers);
    this.#remembered.clear();
  }

  /** Whether the policy still says what a principal was found by. */
  isKnown({ origin }: Principal): boolean {
    return origin === null || this.#origins.has(origin);
  }

  /** Forgets what is known of tokens that were revoked. */
  forget(tokenIds: ReadonlySet<string>): void {
    for (const [digest, { principal }] of this.#remembered) {
      if (principal.tokenId !== null && tokenIds.has(principal.tokenId)) {
        this.#remembered.delete(digest);
      }
    }
  }

  /** The stored tokens that are remembered. */
  rememberedIds(): readonly string[] {
    return [...this.#remembered.values()].flatMap(({ principal: { tokenId } }) => tokenId ?? []);
  }

  /** The stored tokens that were used since this was asked last. */
  takeUsed(): readonly string[] {
    const used = [...this.#used];
    this.#used.clear();
    return used;
  }

  /**
   * The caller, at once where the credential is known.
   * @throws Unauthenticated; Unavailable when a token cannot be looked up now
   */
  authenticate(credential: Credential): Principal | Promise<Principal> {
    if (credential.kind === 'NONE') return this.#anonymous();
    const { secret } = credential;
    if (secret.length > maxSecretLength) throw this.#rejected('the secret is too long');
    const digest = digestOf(secret);
    const known = this.#remembered.get(digest);
    if (known !== undefined && Date.now() < known.untilMs) {
      return this.#checked(known.principal, credential);
    }
    return this.#verify(secret, digest).then((found) => this.#checked(found, credential));
  }

  /** @throws Unauthenticated */
  verifyIdToken(issuer: string, token: string, expected: ExpectedIdToken): Promise<void> {
    return this.#jwt.verifyIdToken(issuer, token, expected).catch((error) => this.#logged(error));
  }

  #anonymous(): Principal {
    if (this.#policy.roles.has(anonymousRole)) return anonymous;
    throw new Unauthenticated('no credential was shown', { shown: false });
  }

  async #verify(secret: string, digest: string): Promise<Principal> {
    const policy = this.#policy;
    const principal = await this.#find(secret, digest);
    // An answer of an older policy is not remembered.
    if (policy !== this.#policy) return principal;
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.set(digest, { principal, untilMs: Date.now() + rememberedMs });
    return principal;
  }

  async #find(secret: string, digest: string): Promise<Principal> {
    const token = this.#staticTokens.get(digest);
    if (token !== undefined) return ofStaticToken(token);
    if (isJwt(secret)) return await this.#jwt.verify(secret).catch((error) => this.#logged(error));
    const stored = isOurs(secret) ? await this.#tokens.find(digest) : null;
    if (stored === null) throw this.#rejected('no token has this secret');
    if (stored.revokedAtMs !== null) throw this.#rejected('the token was revoked');
    this.#used.add(stored.id);
    return ofStoredToken(stored);
  }

  #checked(principal: Principal, credential: Credential): Principal {
    if (principal.expiresAtMs !== null && principal.expiresAtMs <= Date.now()) {
      throw this.#rejected('the credential has expired');
    }
    if (credential.kind === 'NAME_AND_TOKEN' && credential.name !== principal.name) {
      throw this.#rejected('the name is not that of the token');
    }
    return principal;
  }

  #rejected(reason: string): Unauthenticated {
    const error = new Unauthenticated(reason);
    this.#note(error);
    return error;
  }

  #logged(error: unknown): never {
    if (error instanceof Unauthenticated) this.#note(error);
    throw error;
  }

  #note({ reason }: Unauthenticated): void {
    this.#log.info({ reason }, 'A credential was rejected.');
    this.#audit.sample({
      action: 'SignInRejected',
      by: null,
      message: 'A credential was rejected.',
      severity: 'ERROR',
      facts: { reason },
    });
  }
}

const ofStaticToken = (token: StaticToken): Principal => ({
  kind: 'TOKEN',
  name: token.name,
  roles: token.roles,
  expiresAtMs: token.expiresAtMs,
  tokenId: null,
  origin: originOf(token),
});

const ofStoredToken = ({ id, name, roles, expiresAtMs }: StoredToken): Principal => ({
  kind: 'TOKEN',
  name,
  roles,
  expiresAtMs,
  tokenId: id,
  origin: null,
});
