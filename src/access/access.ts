import { Repeated } from '../runtime/repeated.ts';
import type { StoredToken, TokenStore } from '../store/tokens.ts';
import type { Log } from '../telemetry/log.ts';
import { type Audit, noAudit } from './audit.ts';
import { Authenticator, anonymous } from './authenticator.ts';
import type { Credential } from './credential.ts';
import type { ExpectedIdToken } from './jwt.ts';
import { type Grant, type GrantAction, openPolicy, type Policy } from './policy.ts';
import { Forbidden, type Principal, Unauthenticated } from './principal.ts';
import type { Quota } from './quota.ts';
import { Quotas } from './quotas.ts';
import { compileScope, type Scope } from './scope.ts';
import { SessionWatch, type WatchedRights } from './session-watch.ts';
import { StreamTickets } from './stream-tickets.ts';

/** A caller and what they may do now. */
export interface Session {
  readonly principal: Principal;
  readonly scope: Scope;
  /** What the limits of their roles leave them; null where there are none. */
  readonly quota: Quota | null;
}

/** Why a session is not what it was. */
export type SessionChange =
  /** The credential does not hold any more: everything of the session ends. */
  | 'REVOKED'
  | 'EXPIRED'
  /** The rights are others: what began with the old ones ends. */
  | 'SCOPE';

/** How often tokens are looked for that another gateway revoked: what was open with one is to end within 2 s. */
const revocationEveryMs = 500;
const maxScopes = 10_000;

export interface AccessOptions {
  /** Null where everybody may do everything: then credentials are not looked at. */
  readonly policy: Policy | null;
  readonly tokens: TokenStore;
  readonly log: Log;
  /** Without it nothing is recorded. */
  readonly audit?: Audit;
  /** How many gateways share the limits of a principal; 1 when absent. */
  readonly gateways?: () => number;
}

/** Who callers are and what they may do: one version of the policy at a time. */
export class Access implements AsyncDisposable {
  /** Whether there is a policy at all. */
  readonly isOn: boolean;
  readonly tickets: StreamTickets;
  readonly tokens: TokenStore;
  readonly audit: Audit;
  readonly #log: Log;
  readonly #authenticator: Authenticator;
  readonly #scopes = new Map<string, Scope>();
  /** By the list itself: a principal that is known keeps its own. */
  #scopesByRoles = new WeakMap<readonly string[], Scope>();
  readonly #quotas: Quotas;
  readonly #watch: SessionWatch;
  readonly #revocation: Repeated;
  readonly #everybody: Session;
  #policy: Policy;

  constructor({ policy, tokens, log, audit = noAudit, gateways = () => 1 }: AccessOptions) {
    this.isOn = policy !== null;
    this.audit = this.isOn ? audit : noAudit;
    this.#policy = policy ?? openPolicy;
    this.tokens = tokens;
    this.#log = log;
    this.#quotas = new Quotas(gateways);
    this.#authenticator = new Authenticator({
      policy: this.#policy,
      tokens,
      log,
      audit: this.audit,
    });
    this.tickets = new StreamTickets(tokens);
    this.#watch = new SessionWatch((principal) => this.scopeOf(principal.roles));
    this.#everybody = this.sessionOf(anonymous);
    this.#revocation = new Repeated(
      () => revocationEveryMs,
      () => this.#lookForRevoked(),
      // While the database is down, what was known stays; the store says by itself that it is down.
      (error) => this.#log.debug({ error }, 'Revoked tokens could not be looked for.'),
    );
  }

  get policy(): Policy {
    return this.#policy;
  }

  /**
   * Who shows this credential, and what they may do; at once where the credential is known.
   * @throws Unauthenticated; Unavailable when a token cannot be looked up now
   */
  session(credential: Credential): Session | Promise<Session> {
    if (!this.isOn) return this.#everybody;
    const principal = this.#authenticator.authenticate(credential);
    return principal instanceof Promise
      ? principal.then((found) => this.sessionOf(found))
      : this.sessionOf(principal);
  }

  /** Checks an ID token of a sign-in that began here. @throws Unauthenticated */
  verifyIdToken(issuer: string, token: string, expected: ExpectedIdToken): Promise<void> {
    return this.#authenticator.verifyIdToken(issuer, token, expected);
  }

  /** @throws Unauthenticated where the ticket, or the credential it was made with, does not hold; Unavailable */
  async useTicket(ticket: string): Promise<Session> {
    const principal = await this.tickets.use(ticket);
    const { tokenId } = principal;
    const revoked = tokenId === null ? [] : await this.tokens.revokedAmong([tokenId]);
    if (revoked.length === 0 && this.#authenticator.isKnown(principal)) {
      return this.sessionOf(principal);
    }
    throw new Unauthenticated('the credential of the ticket does not hold any more');
  }

  /** The rights of an authenticated caller at this moment. */
  sessionOf(principal: Principal): Session {
    const { roles } = principal;
    return {
      principal,
      scope: this.scopeOf(roles),
      quota: this.#quotas.of(principal, this.#policy),
    };
  }

  /** The rights of a set of roles; a role that the policy does not have gives none. */
  scopeOf(roles: readonly string[]): Scope {
    let scope = this.#scopesByRoles.get(roles);
    if (scope === undefined) {
      scope = this.#compiled(roles);
      this.#scopesByRoles.set(roles, scope);
    }
    return scope;
  }

  /** From now on this policy holds. Sessions that it changes are notified; all others go on untouched. */
  replacePolicy(policy: Policy): void {
    this.#policy = policy;
    this.#scopes.clear();
    this.#scopesByRoles = new WeakMap();
    this.#authenticator.replacePolicy(policy);
    this.#watch.end((principal) => !this.#authenticator.isKnown(principal));
    this.#watch.compareScopes();
  }

  /**
   * Calls back when the session changes, until it is disposed of; at once where it has changed already.
   * @param rights whose change counts
   */
  watch(
    session: Session,
    onChange: (change: SessionChange) => void,
    rights: WatchedRights = 'readKey',
  ): Disposable {
    const watch = this.#watch.add(session, rights, onChange);
    if (!this.#authenticator.isKnown(session.principal)) onChange('REVOKED');
    return watch;
  }

  /** Null where there is no such token; one that is revoked already stays as it is. */
  async revoke(id: string): Promise<StoredToken | null> {
    const revoked = await this.tokens.revoke(id);
    if (revoked !== null) this.#end([id]);
    return revoked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch[Symbol.dispose]();
    await this.#revocation[Symbol.asyncDispose]();
  }

  #compiled(roles: readonly string[]): Scope {
    const key = JSON.stringify([...roles].sort());
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const grants = [...new Set(roles)].flatMap(
      (role): readonly Grant[] => this.#policy.roles.get(role)?.grants ?? [],
    );
    const scope = compileScope(grants);
    if (this.#scopes.size >= maxScopes) this.#scopes.clear();
    this.#scopes.set(key, scope);
    return scope;
  }

  async #lookForRevoked(): Promise<void> {
    const inUse = [...new Set([...this.#watch.tokenIds(), ...this.#authenticator.rememberedIds()])];
    if (inUse.length === 0) return;
    this.#end(await this.tokens.revokedAmong(inUse));
    const used = this.#authenticator.takeUsed();
    if (used.length > 0) await this.tokens.used(used, Date.now());
  }

  #end(revoked: readonly string[]): void {
    if (revoked.length === 0) return;
    const ids = new Set(revoked);
    this.#authenticator.forget(ids);
    this.#watch.end(({ tokenId }) => tokenId !== null && ids.has(tokenId));
  }
}

/** @throws Forbidden */
export function requireRight({ scope }: Session, action: GrantAction): void {
  if (!scope.may(action)) throw new Forbidden(action);
}
