import type { Policy, RoleLimits } from './policy.ts';
import { type Principal, principalKey } from './principal.ts';
import { Quota } from './quota.ts';

/** Principals that are remembered; beyond it those that have nothing open begin anew. */
const maxQuotas = 10_000;

/** Each principal's use of the limits of their roles. */
export class Quotas {
  readonly #gateways: () => number;
  readonly #byPrincipal = new Map<string, Quota>();

  constructor(gateways: () => number) {
    this.#gateways = gateways;
  }

  /** Null where none of the principal's roles has limits. */
  of(principal: Principal, policy: Policy): Quota | null {
    const limits = limitsOf(principal.roles, policy);
    if (limits === null) return null;
    const key = JSON.stringify([principalKey(principal), [...principal.roles].sort()]);
    const known = this.#byPrincipal.get(key);
    if (known !== undefined) {
      known.limits = limits;
      return known;
    }
    if (this.#byPrincipal.size >= maxQuotas) this.#forgetIdle();
    const quota = new Quota(limits, this.#gateways);
    this.#byPrincipal.set(key, quota);
    return quota;
  }

  #forgetIdle(): void {
    for (const [key, { isIdle }] of this.#byPrincipal) if (isIdle) this.#byPrincipal.delete(key);
  }
}

/** Of several roles with the same limit the least holds. */
function limitsOf(roles: readonly string[], policy: Policy): RoleLimits | null {
  const least: Partial<Record<keyof RoleLimits, number>> = {};
  for (const role of roles) {
    for (const [name, limit] of Object.entries(policy.roles.get(role)?.limits ?? {})) {
      const limitName = name as keyof RoleLimits;
      least[limitName] = Math.min(least[limitName] ?? Number.POSITIVE_INFINITY, limit);
    }
  }
  return Object.keys(least).length === 0 ? null : least;
}
