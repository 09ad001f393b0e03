import type { Access, Session } from '../access/access.ts';
import type { Scope } from '../access/scope.ts';
import type { Alarms, RuleSummary } from '../alarms/alarms.ts';
import type { AlarmRule } from '../alarms/rule.ts';
import type { RuleTest } from '../alarms/rule-test.ts';
import type { Instant } from '../event/event.ts';
import type { Intake } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenFeed } from '../live/feed.ts';
import type { Consents } from '../sinks/consents.ts';
import type { DeclaredSinks } from '../sinks/declared-sinks.ts';
import type { DeliveryAttempt } from '../sinks/sender.ts';
import type { Sinks } from '../sinks/sinks.ts';
import type { SinkViews } from '../sinks/views.ts';
import type { FailedDeliveryTable } from '../store/sinks/failed-delivery-table.ts';
import type { Store } from '../store/store.ts';

/**
 * What the fields that dialects add to the schema need: each dialect declares its own member here.
 * @public
 */
// biome-ignore lint/suspicious/noEmptyInterface: the members are declared by the dialects.
export interface DialectServices {}

/** What the fields of sinks need. */
export interface SinkServices {
  readonly management: Sinks;
  readonly views: SinkViews;
  /** Sinks of files, which dialects declare. */
  readonly declared: DeclaredSinks;
  readonly failedDeliveries: FailedDeliveryTable;
  /** Of targets that are asked before they are sent anything. */
  readonly consents: Consents;
}

/** What the fields of alarms need. */
export interface AlarmServices {
  readonly management: Alarms;
  /** Firing alarms of rules that somebody may read, asked for together. */
  readonly summaries: {
    of(ruleId: string, scope: Pick<Scope, 'read' | 'readKey'>): Promise<RuleSummary | undefined>;
  };
  test(
    rule: AlarmRule,
    options: { readonly store: Store; readonly from: Instant; readonly to: Instant },
  ): Promise<RuleTest>;
  /** What sinks did with an alarm's event, newest first. */
  notices(session: Session, alarmId: string, first: number): Promise<readonly DeliveryAttempt[]>;
}

/** What the operations of the schema need of the gateway. */
export interface GraphServices {
  readonly intake: Intake;
  readonly store: Store;
  readonly journal: Journal;
  readonly openFeed: OpenFeed;
  readonly access: Access;
  readonly dialects: DialectServices;
  readonly sinks: SinkServices;
  readonly alarms: AlarmServices;
  /** Levels of `all`, `any` and `not` in a filter. */
  readonly maxFilterDepth: number;
}

/** The context of one operation. */
export interface GraphContext extends GraphServices {
  /** When the operation began: what `now` means in its time expressions. */
  readonly now: Instant;
  /** Who asks. What the services of the context show and take is what this session may. */
  readonly session: Session;
}
