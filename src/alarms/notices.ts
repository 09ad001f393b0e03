import type { Session } from '../access/access.ts';
import type { DeliveryAttempt } from '../sinks/sender.ts';
import type { OpenStore } from '../store/open.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';

interface NoticesOptions {
  readonly store: Pick<OpenStore, 'sinks' | 'reports' | 'alarms'>;
  readonly attempts: {
    attempts(
      caller: Pick<Session, 'scope'>,
      row: SinkRow,
      count: number,
    ): readonly DeliveryAttempt[] | Promise<readonly DeliveryAttempt[]>;
  };
}

/** Attempts of each sink that are looked through. */
const maxAttempts = 1_000;

/** What sinks did with the event of an alarm. */
export class AlarmNotices {
  readonly #options: NoticesOptions;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** The attempts of sinks that the caller may manage, newest first; a notice of several counts for each of its alarms. */
  async of(
    { scope }: Session,
    alarmId: string,
    count: number,
  ): Promise<readonly DeliveryAttempt[]> {
    const { store, attempts } = this.#options;
    const sinks = (await store.sinks.list()).filter(({ namespace }) =>
      scope.mayIn('MANAGE_SINKS', namespace),
    );
    if (sinks.length === 0) return [];
    const groupId = (await store.alarms.find(alarmId))?.groupId ?? null;
    const reports = await store.reports(groupId === null ? [alarmId] : [alarmId, groupId]);
    const indexes = new Set([...reports.values()].flat().map(({ index }) => index));
    const found: DeliveryAttempt[] = [];
    for (const sink of sinks) {
      const latest = await attempts.attempts({ scope }, sink, maxAttempts);
      found.push(...latest.filter((each) => each.indexes.some((index) => indexes.has(index))));
    }
    return found.sort((a, b) => b.atMs - a.atMs).slice(0, count);
  }
}
