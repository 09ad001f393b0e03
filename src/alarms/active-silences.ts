import type { Access } from '../access/access.ts';
import { asksForHidden, readableBy } from '../access/scoped-store.ts';
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

interface MatcherOptions {
  readonly maxFilterDepth: number;
  readonly access: Pick<Access, 'isOn' | 'scopeOf'>;
}

/**
 * What a silence covers; null where that is alarms about any event. What it asks about events keeps to what its maker may
 * read, as the state of an alarm would answer it.
 */
function matcherOf(
  { filter: given, ownerRoles }: SilenceRow,
  { maxFilterDepth, access }: MatcherOptions,
): Matcher | null {
  if (given === null) return null;
  const filter = filterOf(given as FilterInput, ['filter'], maxFilterDepth);
  if (!access.isOn) return compileFilter(filter);
  const scope = access.scopeOf(ownerRoles ?? []);
  return asksForHidden(filter, scope) ? () => false : compileFilter(readableBy(scope, filter));
}

/** The silences that are active at a moment or later. */
export class ActiveSilences {
  readonly #silences: readonly Silence[];

  private constructor(silences: readonly Silence[]) {
    this.#silences = silences;
  }

  static async read(
    table: SilenceTable,
    at: Instant,
    options: MatcherOptions,
  ): Promise<ActiveSilences> {
    const rows = (await table.anyActive(at)) ? await table.list(true, at) : [];
    return new ActiveSilences(rows.map((row) => ({ row, matches: matcherOf(row, options) })));
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
