import type { Access } from '../access/access.ts';
import type { Principal } from '../access/principal.ts';
import { openScope, type Scope } from '../access/scope.ts';

/** Actions on sinks that need a right. */
export type SinkAction = 'READ' | 'MANAGE_SINKS' | 'ADMIN';

/** Who asks. */
export interface SinkCaller {
  /** Whose rights bound the sinks that the caller makes; null where there is no policy. */
  readonly owner: SinkOwner | null;
  mayIn(action: SinkAction, namespace: string): boolean;
  /** The caller's rights to read, at the moment. */
  readonly scope: Pick<Scope, 'read' | 'hidden' | 'readKey'>;
}

/** As much of a principal as says what they may do later. */
export type SinkOwner = Pick<Principal, 'kind' | 'name' | 'roles' | 'tokenId' | 'expiresAtMs'>;

/** Somebody who may do everything but what is the operator's alone. */
export const unrestricted: SinkCaller = {
  owner: null,
  mayIn: (action) => action !== 'ADMIN',
  scope: openScope,
};

/** A principal as a caller, by the policy of the moment. */
export const sinkCallerOf = (access: Access, principal: Principal): SinkCaller =>
  access.isOn ? restricted(access, principal) : unrestricted;

/** Whoever manages the sinks of a namespace sees them, and nobody else does. */
function restricted(access: Access, principal: Principal): SinkCaller {
  const { kind, name, roles, tokenId, expiresAtMs } = principal;
  const scope = () => access.scopeOf(roles);
  return {
    owner: { kind, name, roles, tokenId, expiresAtMs },
    mayIn: (action, namespace) =>
      action === 'ADMIN'
        ? scope().mayEverywhere('ADMIN')
        : scope().mayIn('MANAGE_SINKS', namespace),
    get scope() {
      return scope();
    },
  };
}
