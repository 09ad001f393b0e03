import type { Access } from '../access/access.ts';
import type { Scope } from '../access/scope.ts';
import { scopedStore } from '../access/scoped-store.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import { scopedIntake } from '../intake/scoped-intake.ts';
import { scopedFeed } from '../live/scoped-feed.ts';

const maxContexts = 10_000;

/** The parts of the gateway as callers may use them: one object for all who have equal rights. */
export class ScopedContexts {
  readonly #whole: DialectContext;
  readonly #byScope = new WeakMap<Scope, DialectContext>();
  readonly #byKey = new Map<string, DialectContext>();

  constructor(whole: DialectContext) {
    this.#whole = whole;
  }

  readonly of = (scope: Scope): DialectContext => {
    if (scope.unrestricted) return this.#whole;
    let context = this.#byScope.get(scope) ?? this.#byKey.get(scope.key);
    if (context === undefined) {
      context = this.#scoped(scope);
      if (this.#byKey.size >= maxContexts) this.#byKey.clear();
      this.#byKey.set(scope.key, context);
    }
    this.#byScope.set(scope, context);
    return context;
  };

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
  (access: Access, whole: DialectContext, contextOf: (scope: Scope) => DialectContext) =>
  (dialect: string): DialectContext => {
    const role = `source:${dialect}`;
    return {
      ...whole,
      intake: {
        report(drafts, wait, mayReport) {
          const { intake } = access.policy.roles.has(role)
            ? contextOf(access.scopeOf([role]))
            : whole;
          return intake.report(drafts, wait, mayReport);
        },
      },
    };
  };
