import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import type { Access } from './access.ts';
import {
  askIssuer,
  discover,
  type IssuerAnswer,
  type OpenIdConfiguration,
} from './openid-discovery.ts';
import type { JwtIssuer } from './policy.ts';
import { Unauthenticated } from './principal.ts';
import { isJwt } from './token.ts';

export interface OpenIdClientSettings {
  /** The public client that the issuer knows. */
  readonly clientId: string;
  /** One of the policy; null for its first. */
  readonly issuer: string | null;
  /** What is asked for, with spaces: openid profile. */
  readonly scope: string;
}

/** What a sign-in that began keeps until the issuer has answered. */
export interface BegunSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** What the issuer sent back through the browser. */
export interface SignInAnswer extends Pick<BegunSignIn, 'nonce' | 'codeVerifier'> {
  readonly code: string;
  /** Where the issuer sent the browser: the same as in the request. */
  readonly redirectUri: string;
}

/** Issuers change what they say of themselves rarely. */
const configurationMaxAgeMs = 600_000;
const randomText = (): string => randomBytes(32).toString('base64url');

/** Signs people in through an issuer of the policy: OpenID Connect's authorization code flow with PKCE (RFC 7636). */
export class OpenIdClient {
  readonly #settings: OpenIdClientSettings;
  readonly #access: Access;
  readonly #log: Log;
  #known: {
    readonly issuer: string;
    readonly configuration: OpenIdConfiguration;
    readonly untilMs: number;
  } | null = null;

  constructor(settings: OpenIdClientSettings, { access, log }: { access: Access; log: Log }) {
    this.#settings = settings;
    this.#access = access;
    this.#log = log;
  }

  /** Null while the policy has no such issuer. */
  get issuer(): JwtIssuer | null {
    const { issuers } = this.#access.policy;
    const wanted = this.#settings.issuer ?? issuers[0]?.issuer;
    return issuers.find(({ issuer }) => issuer === wanted) ?? null;
  }

  /**
   * What to keep, and the URL of the issuer to which the browser goes.
   * @throws Unavailable
   */
  async begin(redirectUri: string): Promise<{ readonly begun: BegunSignIn; readonly url: string }> {
    const { authorizationEndpoint } = await this.#configuration();
    if (authorizationEndpoint === null) throw this.#down('it names no authorization_endpoint');
    const begun = { state: randomText(), nonce: randomText(), codeVerifier: randomText() };
    const { clientId, scope } = this.#settings;
    const url = new URL(authorizationEndpoint);
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state: begun.state,
      nonce: begun.nonce,
      code_challenge: createHash('sha256').update(begun.codeVerifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return { begun, url: url.href };
  }

  /**
   * The JSON Web Token with which the signed-in person calls the gateway.
   * @param maxLength of the token
   * @throws Unauthenticated where the issuer did not mean it; Unavailable
   */
  async finish(
    { code, nonce, codeVerifier, redirectUri }: SignInAnswer,
    maxLength: number,
  ): Promise<string> {
    const { tokenEndpoint } = await this.#configuration();
    if (tokenEndpoint === null) throw this.#down('it names no token_endpoint');
    const { clientId } = this.#settings;
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: codeVerifier,
    });
    const { status, body } = await this.#ask(() => askIssuer(tokenEndpoint, form));
    if (status >= 500) throw this.#down(`its token endpoint answered ${status}`);
    const { id_token: idToken, access_token: accessToken, error } = body ?? {};
    if (status !== 200 || typeof idToken !== 'string') {
      throw this.#rejected(`the issuer gave no ID token: ${status} ${String(error ?? '')}`);
    }
    const { issuer, audience } = this.#required();
    await this.#access.verifyIdToken(issuer, idToken, { clientId, nonce });
    const token = [accessToken, idToken].find(
      (each): each is string => typeof each === 'string' && isFor(each, audience),
    );
    if (token === undefined) {
      throw this.#rejected(`the issuer gave no token with the audience ${audience}`);
    }
    if (token.length <= maxLength) return token;
    throw this.#rejected(
      `the token has ${token.length} characters, and a cookie at most ${maxLength}`,
    );
  }

  async #configuration(): Promise<OpenIdConfiguration> {
    const { issuer } = this.#required();
    const known = this.#known;
    if (known?.issuer === issuer && Date.now() < known.untilMs) return known.configuration;
    const configuration = await this.#ask(() => discover(issuer));
    this.#known = { issuer, configuration, untilMs: Date.now() + configurationMaxAgeMs };
    return configuration;
  }

  #required(): JwtIssuer {
    const { issuer } = this;
    if (issuer === null) throw new Unavailable('Nobody signs in through an issuer here.');
    return issuer;
  }

  async #ask<Answer extends OpenIdConfiguration | IssuerAnswer>(
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      throw this.#down(error instanceof Error ? error.message : String(error));
    }
  }

  #rejected(reason: string): Unauthenticated {
    this.#log.info({ reason }, 'A sign-in through the issuer was rejected.');
    return new Unauthenticated(reason);
  }

  #down(reason: string): Unavailable {
    const { issuer } = this.#required();
    this.#log.warn({ issuer, reason }, 'Nobody can sign in through the issuer now.');
    return new Unavailable('The issuer does not answer as it should: try again, or use a token.');
  }
}

/** Whether a token is a JSON Web Token for an audience, by what it says itself: it is verified afterwards. */
function isFor(token: string, audience: string): boolean {
  if (!isJwt(token)) return false;
  try {
    return [decodeJwt(token).aud].flat().includes(audience);
  } catch {
    return false;
  }
}
