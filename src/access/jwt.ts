import {
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { isJsonObject } from '../event/json.ts';
import { storable } from '../event/text.ts';
import { discover } from './openid-discovery.ts';
import type { JwtIssuer } from './policy.ts';
import { type Principal, Unauthenticated } from './principal.ts';
import { originOf } from './token.ts';

const clockToleranceSeconds = 30;
/** The last second that a date-time of RFC 3339 can name: who counts milliseconds is beyond it. */
const latestSeconds = 253_402_300_799;
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
    return await this.#issuer(named).verify(token);
  }

  /**
   * Checks that an ID token was made for a sign-in that began here (OpenID Connect Core 1.0, section 3.1.3.7).
   * @throws Unauthenticated
   */
  async verifyIdToken(issuer: string, token: string, expected: ExpectedIdToken): Promise<void> {
    await this.#issuer(issuer).verifyIdToken(token, expected);
  }

  #issuer(name: string): VerifiedIssuer {
    const issuer = this.#issuers.get(name);
    if (issuer === undefined) throw new Unauthenticated(`no issuer of the policy is ${name}`);
    return issuer;
  }
}

/** What an ID token must say. */
export interface ExpectedIdToken {
  readonly clientId: string;
  readonly nonce: string;
}

function unverifiedIssuer(token: string): string {
  try {
    return String(decodeJwt(token).iss);
  } catch (error) {
    throw new Unauthenticated('the token cannot be read', { cause: error });
  }
}

/** One issuer of the policy, and its keys. */
class VerifiedIssuer {
  readonly #issuer: JwtIssuer;
  #keys: Promise<JWTVerifyGetKey> | null = null;

  constructor(issuer: JwtIssuer) {
    this.#issuer = issuer;
  }

  async verify(token: string): Promise<Principal> {
    return this.#principalOf(await this.#verified(token, this.#issuer.audience));
  }

  async verifyIdToken(token: string, { clientId, nonce }: ExpectedIdToken): Promise<void> {
    const payload = await this.#verified(token, clientId);
    if (payload.nonce !== nonce) throw new Unauthenticated('the nonce is not that of the sign-in');
    if (payload.azp !== undefined && payload.azp !== clientId) {
      throw new Unauthenticated('the ID token is for another client');
    }
  }

  async #verified(token: string, audience: string): Promise<JWTPayload> {
    const { issuer, algorithms } = this.#issuer;
    const options = {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockToleranceSeconds,
    };
    try {
      return await verifiedBy(await this.#getKeys(), token, options);
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
    const url = this.#issuer.jwksUrl ?? (await discover(this.#issuer.issuer)).jwksUri;
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
    const { sub: name, exp = 0 } = payload;
    if (!isName(name)) {
      throw new Unauthenticated('"sub" claim must be a string that is not empty');
    }
    if (exp > latestSeconds) throw new Unauthenticated('"exp" claim must be in seconds');
    return {
      kind: 'JWT',
      name,
      roles: this.#rolesOf(payload),
      expiresAtMs: exp * 1_000,
      tokenId: null,
      origin: originOf(this.#issuer),
    };
  }

  #rolesOf(payload: JWTPayload): readonly string[] {
    const { rolesClaim, roles } = this.#issuer;
    const claim = claimAt(payload, rolesClaim);
    const named: unknown[] = typeof claim === 'string' ? claim.split(' ') : [claim].flat();
    return named.filter(isName).flatMap((name) => {
      if (roles === null) return [name];
      return Object.hasOwn(roles, name) ? [roles[name] as string] : [];
    });
  }
}

const isName = (claim: unknown): claim is string =>
  typeof claim === 'string' && claim !== '' && storable(claim) === claim;

/** The claims of a token. One that names no key, while the issuer exchanges its keys, may be signed with any of them. */
async function verifiedBy(
  keys: JWTVerifyGetKey,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, options).catch((reason: unknown) => {
        if (reason instanceof errors.JWSSignatureVerificationFailed) return null;
        throw reason;
      });
      if (verified !== null) return verified.payload;
    }
    throw new errors.JWSSignatureVerificationFailed(undefined, { cause: error });
  }
}

/** The claim at a path of names with dots between them. Names may have dots as well: those of Auth0 are URLs. */
function claimAt(claims: unknown, path: string): unknown {
  if (!isJsonObject(claims)) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const name = path.slice(0, end);
    if (Object.hasOwn(claims, name)) return claimAt(claims[name], path.slice(end + 1));
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  return error instanceof Error ? error.message : String(error);
}
