import { requireRight, type Session } from '../access/access.ts';
import type { DialectContext } from '../dialects/dialect.ts';
import type { Instant } from '../event/event.ts';
import type {
  AlarmServices,
  DialectServices,
  GraphContext,
  GraphServices,
  SinkServices,
} from '../graphql/context.ts';
import type { OperationCaller } from '../graphql/operation.ts';
import type { Store } from '../store/store.ts';

/** What is the same in the contexts of all operations. */
export interface OperationSettings
  extends Pick<GraphServices, 'access' | 'dialects' | 'sinks' | 'alarms' | 'maxFilterDepth'> {
  /** Size of the answer to an operation, and of its reads together. */
  readonly maxAnswerBytes: number;
}

/** The gateway as one operation of a caller sees it. A class, as one is made for each operation: that takes no time. */
export class OperationContext implements GraphContext {
  readonly session: Session;
  readonly now: Instant;
  readonly #settings: OperationSettings;
  readonly #scoped: DialectContext;
  readonly #caller: OperationCaller;
  #store: Store | null = null;

  /** @param scoped the parts of the gateway as the caller may use them */
  constructor(
    settings: OperationSettings,
    scoped: DialectContext,
    caller: OperationCaller,
    now: Instant,
  ) {
    this.session = caller.session;
    this.now = now;
    this.#settings = settings;
    this.#scoped = scoped;
    this.#caller = caller;
  }

  get intake(): GraphServices['intake'] {
    return this.#scoped.intake;
  }

  get journal(): GraphServices['journal'] {
    return this.#scoped.journal;
  }

  get openFeed(): GraphServices['openFeed'] {
    return this.#scoped.openFeed;
  }

  get access(): GraphServices['access'] {
    return this.#settings.access;
  }

  get dialects(): DialectServices {
    return this.#settings.dialects;
  }

  get alarms(): AlarmServices {
    return this.#settings.alarms;
  }

  get maxFilterDepth(): number {
    return this.#settings.maxFilterDepth;
  }

  /** Whatever asks for a sink: there is no right to look at them alone. @throws Forbidden */
  get sinks(): SinkServices {
    requireRight(this.session, 'MANAGE_SINKS');
    return this.#settings.sinks;
  }

  /** The operation is a caller of its own to the database, so that one of many reads does not hold up the others. */
  get store(): Store {
    this.#store ??= this.#openStore();
    return this.#store;
  }

  #openStore(): Store {
    const maxMicros = this.session.quota?.limits.maxDatabaseTimeMicros;
    const maxBusyMs = maxMicros === undefined ? undefined : maxMicros / 1_000;
    const { signal, follows = false } = this.#caller;
    const maxReadBytes = follows ? undefined : this.#settings.maxAnswerBytes;
    return this.#scoped.store.for({ signal, maxBusyMs, maxReadBytes });
  }
}
