import type { Event, Instant } from '../event/event.ts';
import type { FilterInput } from '../event/filter-input.ts';
import { compileFilter, type Matcher } from '../event/matcher.ts';
import type { SilenceRow, SilenceTable } from '../store/alarms/silence-table.ts';
import type { AlarmRule } from './rule.ts';
import { filterOf } from './rule.ts';

interface Silence {
  readonly row: SilenceRow;
  /** Null where it covers alarms about any event. */
  readonly matches: Matcher | null;
}

/** The silences that are active at a moment. */
export class ActiveSilences {
  readonly #silences: readonly Silence[];

  private constructor(silences: readonly Silence[]) {
    this.#silences = silences;
  }

  static async read(
    table: SilenceTable,
    at: Instant,
    maxFilterDepth: number,
  ): Promise<ActiveSilences> {
    const rows = (await table.anyActive()) ? await table.list(true, at) : [];
    return new ActiveSilences(
      rows.map((row) => ({
        row,
        matches:
          row.filter === null
            ? null
            : compileFilter(filterOf(row.filter as FilterInput, ['filter'], maxFilterDepth)),
      })),
    );
  }

  /** Whether it depends on the event that led to an alarm of the rule. */
  needEvent(rule: AlarmRule): boolean {
    return this.#silences.some((silence) => concerns(silence, rule) && silence.matches !== null);
  }

  cover(rule: AlarmRule, event: Event | null, at: Instant): boolean {
    return this.#silences.some(
      (silence) =>
        concerns(silence, rule) &&
        at < silence.row.until &&
        (silence.matches === null || (event !== null && silence.matches(event))),
    );
  }
}

const concerns = ({ row }: Silence, { namespace, name }: AlarmRule): boolean =>
  row.namespace === namespace && (row.rules.length === 0 || row.rules.includes(name));
