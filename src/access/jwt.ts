import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { JwtIssuer } from './policy.ts';
import { type Principal, Unauthenticated } from './principal.ts';
import { originOf } from './token.ts';

const clockToleranceSeconds = 30;
const keysMaxAgeMs = 600_000;
const cooldownMs = 30_000;
const timeoutMs = 5_000;

/**
 * Verifies JSON Web Tokens of the issuers that the policy names (RFC 7519, RFC 8725): the algorithm must be one of the
 * issuer's, expiry and audience must be there, and headers that point to keys are ignored. Keys are fetched once and kept
 * while the issuer is down.
 */
export class JwtVerifier {
  readonly #issuers: ReadonlyMap<string, VerifiedIssuer>;

  constructor(issuers: readonly JwtIssuer[]) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, new VerifiedIssuer(issuer)]));
  }

  /** @throws Unauthenticated */
  async verify(token: string): Promise<Principal> {
    const named = unverifiedIssuer(token);
    const issuer = this.#issuers.get(named);
    if (issuer === undefined) throw new Unauthenticated(`no issuer of the policy is ${named}`);
    return await issuer.verify(token);
  }
}

function unverifiedIssuer(token: string): string {
  try {
    return String(decodeJwt(token).iss);
  } catch (error) {
    throw new Unauthenticated('the token cannot be read', { cause: error });
  }
}

class VerifiedIssuer {
  readonly #issuer: JwtIssuer;
  #keys: Promise<JWTVerifyGetKey> | null = null;

  constructor(issuer: JwtIssuer) {
    this.#issuer = issuer;
  }

  async verify(token: string): Promise<Principal> {
    const { issuer, audience, algorithms } = this.#issuer;
    try {
      const { payload } = await jwtVerify(token, await this.#getKeys(), {
        issuer,
        audience,
        algorithms: [...algorithms],
        requiredClaims: ['exp', 'sub'],
        clockTolerance: clockToleranceSeconds,
      });
      return this.#principalOf(payload);
    } catch (error) {
      throw new Unauthenticated(reasonOf(error), { cause: error });
    }
  }

  #getKeys(): Promise<JWTVerifyGetKey> {
    this.#keys ??= this.#discover().catch((error: unknown) => {
      // The next token tries again.
      this.#keys = null;
      throw error;
    });
    return this.#keys;
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const url = this.#issuer.jwksUrl ?? (await jwksUrlOf(this.#issuer.issuer));
    const remote = createRemoteJWKSet(new URL(url), {
      cacheMaxAge: keysMaxAgeMs,
      cooldownDuration: cooldownMs,
      timeoutDuration: timeoutMs,
    });
    return async (header, token) => {
      try {
        return await remote(header, token);
      } catch (error) {
        const known = remote.jwks();
        if (known === undefined || error instanceof errors.JWKSNoMatchingKey) throw error;
        return await createLocalJWKSet(known)(header, token);
      }
    };
  }

  #principalOf(payload: JWTPayload): Principal {
    return {
      kind: 'JWT',
      name: String(payload.sub),
      roles: this.#rolesOf(payload),
      expiresAtMs: Number(payload.exp) * 1_000,
      tokenId: null,
      origin: originOf(this.#issuer),
    };
  }

  #rolesOf(payload: JWTPayload): readonly string[] {
    const { rolesClaim, roles } = this.#issuer;
    let claim: unknown = payload;
    for (const step of rolesClaim.split('.')) {
      claim = isRecord(claim) && Object.hasOwn(claim, step) ? claim[step] : undefined;
    }
    const named: unknown[] = typeof claim === 'string' ? claim.split(' ') : [claim].flat();
    return named
      .filter((name): name is string => typeof name === 'string' && name !== '')
      .flatMap((name) => {
        if (roles === null) return [name];
        return Object.hasOwn(roles, name) ? [roles[name] as string] : [];
      });
  }
}

/** OpenID Connect Discovery 1.0, section 4. */
async function jwksUrlOf(issuer: string): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const found: unknown = await response.json();
  if (!isRecord(found) || found.issuer !== issuer || typeof found.jwks_uri !== 'string') {
    throw new Error(`${url} is not the discovery document of ${issuer}`);
  }
  return found.jwks_uri;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  return error instanceof Error ? error.message : String(error);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
