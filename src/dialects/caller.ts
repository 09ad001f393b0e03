import type { Access, Session, SessionChange } from '../access/access.ts';
import type { Credential } from '../access/credential.ts';
import type { Principal } from '../access/principal.ts';
import { type SinkCaller, sinkCallerOf } from '../sinks/caller.ts';
import type { DialectContext } from './dialect.ts';

/** Who calls, for as long as the call lasts. */
export interface Caller {
  readonly principal: Principal;
  /** The caller's rights at the moment: ask for it when it is used, as another policy may hold by then. */
  readonly context: DialectContext;
  /** The caller as somebody who manages sinks. */
  readonly sinks: SinkCaller;
  /** Calls back when the credential does not hold any more, or the rights to read are others. */
  watch(onChange: (change: SessionChange) => void): Disposable;
}

/** The services for a caller. */
type ContextOf = (session: Session) => DialectContext;

/** @throws Unauthenticated; Unavailable when a token cannot be looked up now, or a limit of the caller is reached */
export type Identify = (credential: Credential) => Promise<Caller>;

export const callerOf = (access: Access, contextOf: ContextOf, session: Session): Caller => ({
  principal: session.principal,
  sinks: sinkCallerOf(access, session.principal),
  get context() {
    return contextOf(access.sessionOf(session.principal));
  },
  watch: (onChange) => access.watch(session, onChange),
});

/** Who shows a credential at a port of a dialect's own. */
export const identifyBy =
  (access: Access, contextOf: ContextOf): Identify =>
  async (credential) => {
    const session = await access.session(credential);
    session.quota?.takeOperation();
    return callerOf(access, contextOf, session);
  };
