import { complete, type IndexedReport, sameReport } from '../../src/event/completion.ts';
import type { Event } from '../../src/event/event.ts';

export interface PlainOutcome {
  /** The event of the report's id after this report. */
  readonly event: Event;
  readonly outcome: 'CHANGED' | 'DUPLICATE' | 'CONFLICT';
}

/** The outcome of each report of a whole journal, in index order: the rule as it is written, without memory or bounds. */
export function plainOutcomes(journal: readonly IndexedReport[]): PlainOutcome[] {
  const taken: IndexedReport[] = [];
  return journal.map((next) => {
    const earlier = taken.filter(({ report }) => report.id === next.report.id);
    const owner = earlier[0]?.report.namespace ?? next.report.namespace;
    if (owner !== next.report.namespace) return { event: complete(earlier), outcome: 'CONFLICT' };
    if (earlier.some(({ report }) => sameReport(report, next.report))) {
      return { event: complete(earlier), outcome: 'DUPLICATE' };
    }
    taken.push(next);
    return { event: complete([...earlier, next]), outcome: 'CHANGED' };
  });
}

/** The changes that followers of the whole journal are notified of. */
export const plainChanges = (journal: readonly IndexedReport[]): Event[] =>
  plainOutcomes(journal).flatMap(({ event, outcome }) => (outcome === 'CHANGED' ? [event] : []));

/** The events at the end of the journal, in index order. */
export function plainEvents(journal: readonly IndexedReport[]): Event[] {
  const latest = new Map(plainChanges(journal).map((event) => [event.id, event]));
  return [...latest.values()].sort((a, b) => a.index - b.index);
}
