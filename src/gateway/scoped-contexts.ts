import type { Access, Session } from '../access/access.ts';
import type { Principal } from '../access/principal.ts';
import type { Quota } from '../access/quota.ts';
import type { Scope } from '../access/scope.ts';
import { scopedStore } from '../access/scoped-store.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import { limitedIntake } from '../intake/limited-intake.ts';
import { scopedIntake } from '../intake/scoped-intake.ts';
import { limitedFeed } from '../live/limited-feed.ts';
import { scopedFeed } from '../live/scoped-feed.ts';

const maxContexts = 10_000;

/** The parts of the gateway as somebody with limits may use them, as long as their rights and the time of their reads stay the same. */
interface Limited {
  readonly scope: Scope;
  readonly maxReadMs: number | undefined;
  readonly context: DialectContext;
}

/** The parts of the gateway as callers may use them: an object for all who have equal rights, and one for each who has limits. */
export class ScopedContexts {
  readonly #whole: DialectContext;
  readonly #byScope = new WeakMap<Scope, DialectContext>();
  readonly #byKey = new Map<string, DialectContext>();
  readonly #byQuota = new WeakMap<Quota, Limited>();

  constructor(whole: DialectContext) {
    this.#whole = whole;
  }

  readonly of = ({ scope, quota }: Session): DialectContext => {
    const scoped = this.#ofScope(scope);
    if (quota === null) return scoped;
    const { maxDatabaseTimeMicros } = quota.limits;
    const maxReadMs = maxDatabaseTimeMicros && maxDatabaseTimeMicros / 1_000;
    const known = this.#byQuota.get(quota);
    if (known?.scope === scope && known.maxReadMs === maxReadMs) return known.context;
    const context = {
      ...scoped,
      intake: limitedIntake(scoped.intake, quota),
      openFeed: limitedFeed(scoped.openFeed, quota),
      store: maxReadMs === undefined ? scoped.store : scoped.store.for({ maxReadMs }),
    };
    this.#byQuota.set(quota, { scope, maxReadMs, context });
    return context;
  };

  #ofScope(scope: Scope): DialectContext {
    if (scope.unrestricted) return this.#whole;
    let context = this.#byScope.get(scope) ?? this.#byKey.get(scope.key);
    if (context === undefined) {
      context = this.#scoped(scope);
      if (this.#byKey.size >= maxContexts) this.#byKey.clear();
      this.#byKey.set(scope.key, context);
    }
    this.#byScope.set(scope, context);
    return context;
  }

  #scoped(scope: Scope): DialectContext {
    const { intake, store, openFeed } = this.#whole;
    return {
      ...this.#whole,
      scope,
      intake: scopedIntake(intake, scope),
      store: scopedStore(store, scope),
      openFeed: scopedFeed(openFeed, scope),
    };
  }
}

/** The parts of the gateway as the sources of a dialect may use them, by the policy of the moment. */
export const sourceContexts =
  (access: Access, whole: DialectContext, contextOf: (session: Session) => DialectContext) =>
  (dialect: string): DialectContext => {
    const role = `source:${dialect}`;
    const source: Principal = {
      kind: 'SOURCE',
      name: role,
      roles: [role],
      expiresAtMs: null,
      tokenId: null,
      origin: null,
    };
    return {
      ...whole,
      intake: {
        report(drafts, wait, mayReport) {
          const isKnown = access.policy.roles.has(role);
          const { intake } = isKnown ? contextOf(access.sessionOf(source)) : whole;
          return intake.report(drafts, wait, mayReport);
        },
      },
    };
  };
