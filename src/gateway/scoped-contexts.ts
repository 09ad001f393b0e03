import type { Scope } from '../access/scope.ts';
import { scopedStore } from '../access/scoped-store.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import { scopedIntake } from '../intake/scoped-intake.ts';
import { scopedFeed } from '../live/scoped-feed.ts';

const maxContexts = 10_000;

/** What callers may use of the gateway: one object for all who have equal rights. */
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
