import type { Access } from '../access/access.ts';
import { openScope, type Scope } from '../access/scope.ts';
import type { SinkOwner } from './caller.ts';

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

  /** The scope of an owner; a sink of the operator's has all rights, and so has every sink where there is no policy. */
  scopeOf(owner: string | null): Scope {
    if (owner === null || !this.#access.isOn) return openScope;
    return this.#access.scopeOf(this.#rolesOf(read(owner)));
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
