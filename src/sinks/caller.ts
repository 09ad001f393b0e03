import type { Access } from '../access/access.ts';
import type { HiddenField } from '../access/policy.ts';
import type { Principal } from '../access/principal.ts';
import { everything, type Filter } from '../event/filter.ts';

/** Actions on sinks that need a right. */
export type SinkAction = 'READ' | 'MANAGE_SINKS' | 'ADMIN';

/** Who asks. */
export interface SinkCaller {
  /** Whose rights bound the sinks that the caller makes; null where there is no policy. */
  readonly owner: SinkOwner | null;
  mayIn(action: SinkAction, namespace: string): boolean;
  /** Which events the caller may read. */
  readonly read: Filter | 'ALL' | 'NONE';
  /** Fields of them that are kept back. */
  readonly hidden: ReadonlySet<HiddenField>;
}

/** As much of a principal as says what they may do later. */
export type SinkOwner = Pick<Principal, 'kind' | 'name' | 'roles' | 'tokenId' | 'expiresAtMs'>;

/** Somebody who may do everything but what is the operator's alone. */
export const unrestricted: SinkCaller = {
  owner: null,
  mayIn: (action) => action !== 'ADMIN',
  read: 'ALL',
  hidden: new Set(),
};

/** Whoever manages the sinks of a namespace sees them, and nobody else does: by the policy of the moment. */
export function restricted(access: Access, principal: Principal): SinkCaller {
  const { kind, name, roles, tokenId, expiresAtMs } = principal;
  const scope = () => access.scopeOf(roles);
  return {
    owner: { kind, name, roles, tokenId, expiresAtMs },
    mayIn: (action, namespace) =>
      action === 'ADMIN'
        ? scope().mayEverywhere('ADMIN')
        : scope().mayIn('MANAGE_SINKS', namespace),
    get read() {
      return scope().read;
    },
    get hidden() {
      return scope().hidden;
    },
  };
}

/** The filter of what a caller may read of what a sink asks for. */
export function readableBy({ read }: Pick<SinkCaller, 'read'>, filter: Filter): Filter {
  if (read === 'ALL') return filter;
  return read === 'NONE' ? { not: everything } : { all: [filter, read] };
}
