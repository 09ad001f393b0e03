import { CloseCode } from 'graphql-ws';
import type { Access, Session, SessionChange } from '../../access/access.ts';
import { credentialOfPayload } from '../../access/credential.ts';
import { type Principal, principalKey, Unauthenticated } from '../../access/principal.ts';
import type { Quota } from '../../access/quota.ts';
import type { Scope } from '../../access/scope.ts';
import type { WatchedRights } from '../../access/session-watch.ts';
import type { Ending } from './ending.ts';

/** What a session ends on its socket. */
interface Socket {
  close(code: number, reason: string): void;
}

/** A subscription that ends with the rights that it began with. */
export interface Following {
  /** Calls back once it has ended. */
  onEnd(ended: () => void): void;
  forbid(change: SessionChange): void;
}

/** The rights that a subscription began with, and which of them it depends on. */
export interface BegunWith {
  readonly scope: Scope;
  readonly rights: WatchedRights;
}

type Payload = Readonly<Record<string, unknown>>;

/** What the client learns of itself: who it is, and until when. */
export interface Acknowledgement extends Record<string, unknown> {
  readonly principal: string;
  readonly expiresAt: string | null;
}

/**
 * Who is at the other end of a socket: known from the upgrade, or from connection_init, until the credential expires or
 * a ping brings a newer one.
 */
export class SocketSession implements Disposable {
  readonly #access: Access;
  readonly #following = new Map<Following, BegunWith>();
  #socket: Socket | null = null;
  #principal: Principal | null;
  #watch: Disposable | null = null;
  /** Its place among the connections of the caller. */
  #slot: Disposable | null = null;

  /** @param session null where the upgrade showed no credential */
  constructor(access: Access, session: Session | null) {
    this.#access = access;
    this.#principal = session?.principal ?? null;
  }

  open(socket: Socket): void {
    this.#socket = socket;
  }

  /** At the moment: the policy may be another than at the start. @throws Unauthenticated before connection_init */
  get current(): Session {
    if (this.#principal === null) throw new Unauthenticated('connection_init has not come');
    return this.#access.sessionOf(this.#principal);
  }

  /** Answers connection_init. @throws Unauthenticated; Unavailable, of which RateLimited is one */
  async connect(payload: Payload | undefined): Promise<Acknowledgement | true> {
    if (!this.#access.isOn) {
      this.#principal = (await this.#access.session({ kind: 'NONE' })).principal;
      return true;
    }
    const session =
      this.#principal === null
        ? await this.#access.session(credentialOfPayload(payload))
        : this.current;
    return this.#begin(session);
  }

  /** Takes the newer credential of a ping, where it has one and it is the same caller's; null where it has none. */
  async renew(payload: Payload | undefined): Promise<Payload | null> {
    const credential = credentialOfPayload(payload);
    const before = this.#principal;
    if (!this.#access.isOn || credential.kind === 'NONE' || before === null) return null;
    try {
      const session = await this.#access.session(credential);
      const { principal } = session;
      if (principalKey(principal) === principalKey(before)) {
        const { expiresAt } = this.#begin(session);
        this.#compare(session.scope);
        return { expiresAt };
      }
    } catch (error) {
      if (!(error instanceof Unauthenticated)) throw error;
    }
    this.#socket?.close(CloseCode.Forbidden, 'Forbidden');
    return {};
  }

  /** Counts a feed and takes note of it. False where it must not begin: it has ended. */
  followFeed(following: Following & { readonly ending: Ending }, scope: Scope): boolean {
    const slot = feedOf(this.current.quota, following);
    if (slot === null) return false;
    following.onEnd(() => slot[Symbol.dispose]());
    return this.follow(following, { scope, rights: 'readKey' });
  }

  /** Takes note of a subscription, which ends with the rights that it began with. False where it has ended already. */
  follow(following: Following, begunWith: BegunWith): boolean {
    this.#following.set(following, begunWith);
    following.onEnd(() => this.#following.delete(following));
    if (isAsBegun(begunWith, this.current.scope)) return true;
    following.forbid('SCOPE');
    return false;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#slot?.[Symbol.dispose]();
    this.#following.clear();
  }

  #begin(session: Session): Acknowledgement {
    this.#slot ??= session.quota?.openConnection() ?? null;
    this.#watch?.[Symbol.dispose]();
    this.#principal = session.principal;
    this.#watch = this.#access.watch(session, (change) => this.#changed(change), 'key');
    const { name, expiresAtMs } = session.principal;
    return {
      principal: name,
      expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    };
  }

  #changed(change: SessionChange): void {
    if (change === 'SCOPE') this.#compare(this.current.scope);
    // Feeds of an expired credential end with the socket alone: graphql-ws's own client then resumes them.
    else if (change === 'EXPIRED') this.#close('Token expired');
    else {
      for (const following of [...this.#following.keys()]) following.forbid(change);
      // The errors of the feeds leave first.
      setImmediate(() => this.#close('Token revoked'));
    }
  }

  #compare(scope: Scope): void {
    for (const [following, begunWith] of [...this.#following]) {
      if (!isAsBegun(begunWith, scope)) following.forbid('SCOPE');
    }
  }

  /** 4403, as graphql-ws's clients connect again after it, and never after 4401. */
  #close(reason: string): void {
    this.#socket?.close(CloseCode.Forbidden, reason);
  }
}

const isAsBegun = ({ scope, rights }: BegunWith, now: Scope): boolean =>
  scope[rights] === now[rights];

/** Null where the caller follows as many feeds as they may: then this one has ended. */
function feedOf(quota: Quota | null, { ending }: { readonly ending: Ending }): Disposable | null {
  if (quota === null) return unlimited;
  try {
    return quota.openFeed();
  } catch (error) {
    ending.end(error as Error);
    return null;
  }
}

const unlimited: Disposable = { [Symbol.dispose]() {} };
