import type { Access } from '../access/access.ts';
import { compileScope, openScope, type Scope } from '../access/scope.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';
import type { SinkOwner } from './caller.ts';

/** A sink as far as its rights depend on it. */
type Owned = Pick<SinkRow, 'owner' | 'origin'>;

const noScope = compileScope([]);

/** The rights of those who made sinks, by the policy of the moment: a sink delivers no more than its owner may read. */
export class SinkOwners {
  readonly #access: Access;
  #revoked: ReadonlySet<string> = new Set();

  constructor(access: Access) {
    this.#access = access;
  }

  /** Looks which tokens of these owners are revoked. @throws Unavailable */
  async refresh(owners: readonly (string | null)[]): Promise<void> {
    if (!this.#access.isOn) return;
    const tokens = owners.flatMap((owner) => (owner === null ? [] : (read(owner).tokenId ?? [])));
    const ids = [...new Set(tokens)];
    this.#revoked = new Set(ids.length === 0 ? [] : await this.#access.tokens.revokedAmong(ids));
  }

  /**
   * The rights of a sink. One of a file has all, and so has every sink where there is no policy. One that was made before
   * there was a policy belongs to nobody, and has none.
   */
  scopeOf({ owner, origin }: Owned): Scope {
    if (!this.#access.isOn) return openScope;
    if (owner === null) return origin === 'FILE' ? openScope : noScope;
    return this.#access.scopeOf(this.#rolesOf(read(owner)));
  }

  /** Whether a caller may read all that a sink may deliver. */
  includes({ readKey }: Pick<Scope, 'readKey'>, sink: Owned): boolean {
    return readKey === openScope.readKey || readKey === this.scopeOf(sink).readKey;
  }

  #rolesOf({ kind, name, roles, tokenId, expiresAtMs }: SinkOwner): readonly string[] {
    // A JSON Web Token is short-lived by its nature: what its subject set up outlives it.
    if (kind !== 'TOKEN') return roles;
    if (tokenId !== null) return this.#revoked.has(tokenId) || isPast(expiresAtMs) ? [] : roles;
    const tokens = this.#access.policy.tokens.filter(
      (token) => token.name === name && !isPast(token.expiresAtMs),
    );
    return tokens.flatMap((token) => token.roles);
  }
}

const read = (owner: string): SinkOwner => JSON.parse(owner) as SinkOwner;
const isPast = (ms: number | null): boolean => ms !== null && ms <= Date.now();
