import type { Session, SessionChange } from './access.ts';
import type { Principal } from './principal.ts';
import type { Scope } from './scope.ts';

/** Which rights something depends on, by the key of a scope: those to read, or all. */
export type WatchedRights = 'readKey' | 'key';

interface Watched {
  session: Session;
  readonly rights: WatchedRights;
  readonly onChange: (change: SessionChange) => void;
  expiry: NodeJS.Timeout | undefined;
}

/** A timer takes no more. */
const maxTimerMs = 2 ** 31 - 1;

/** The sessions of what is open for longer than a request. */
export class SessionWatch implements Disposable {
  readonly #scopeOf: (principal: Principal) => Scope;
  readonly #watched = new Set<Watched>();

  constructor(scopeOf: (principal: Principal) => Scope) {
    this.#scopeOf = scopeOf;
  }

  add(
    session: Session,
    rights: WatchedRights,
    onChange: (change: SessionChange) => void,
  ): Disposable {
    const watched: Watched = { session, rights, onChange, expiry: undefined };
    this.#watched.add(watched);
    this.#arm(watched);
    // The policy may have been replaced since the session was asked for.
    this.#compare(watched);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(watched.expiry);
        this.#watched.delete(watched);
      },
    };
  }

  tokenIds(): readonly string[] {
    return [...this.#watched].flatMap(({ session }) => session.principal.tokenId ?? []);
  }

  /** Ends the sessions whose credential does not hold any more. */
  end(isRevoked: (principal: Principal) => boolean): void {
    for (const { session, onChange } of [...this.#watched]) {
      if (isRevoked(session.principal)) onChange('REVOKED');
    }
  }

  /** Notifies those whose rights are others now. */
  compareScopes(): void {
    for (const watched of [...this.#watched]) this.#compare(watched);
  }

  [Symbol.dispose](): void {
    for (const { expiry } of this.#watched) clearTimeout(expiry);
    this.#watched.clear();
  }

  #compare(watched: Watched): void {
    const { principal, scope: before } = watched.session;
    const scope = this.#scopeOf(principal);
    if (scope === before) return;
    watched.session = { ...watched.session, scope };
    if (scope[watched.rights] !== before[watched.rights]) watched.onChange('SCOPE');
  }

  #arm(watched: Watched): void {
    const { expiresAtMs } = watched.session.principal;
    if (expiresAtMs === null) return;
    const leftMs = Math.max(expiresAtMs - Date.now(), 0);
    const onTime = () => (leftMs > maxTimerMs ? this.#arm(watched) : watched.onChange('EXPIRED'));
    watched.expiry = setTimeout(onTime, Math.min(leftMs, maxTimerMs)).unref();
  }
}
