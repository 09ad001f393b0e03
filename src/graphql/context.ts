import type { Instant } from '../event/event.ts';
import type { ReportNotifications } from '../intake/dialects/ceilometer/report-notifications.ts';
import type { Intake } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenFeed } from '../live/feed.ts';
import type { Store } from '../store/store.ts';

/** What the operations of the schema need of the gateway. */
export interface GraphServices {
  readonly intake: Intake;
  readonly store: Store;
  readonly journal: Journal;
  readonly openFeed: OpenFeed;
  /** Absent where OpenStack's dialect is off. */
  readonly reportNotifications?: ReportNotifications;
  /** Levels of `any` and `not` in a filter. */
  readonly maxFilterDepth: number;
}

/** The context of one operation. */
export interface GraphContext extends GraphServices {
  /** When the operation began: what `now` means in its time expressions. */
  readonly now: Instant;
}
