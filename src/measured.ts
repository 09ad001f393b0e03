import type { Intake } from './intake/intake.ts';
import type { Journal } from './journal/journal.ts';
import type { Metrics, ReportOutcome } from './metrics.ts';

/** The intake, its answers counted. */
export function measuredIntake(intake: Intake, metrics: Metrics): Intake {
  return {
    async report(drafts, wait) {
      const results = await intake.report(drafts, wait);
      for (const [place, { status }] of results.entries()) {
        const dialect = drafts[place]?.dialect ?? 'TIDINGS';
        metrics.reported(dialect, status.toLowerCase() as ReportOutcome);
      }
      return results;
    },
  };
}

/** The journal, its appends timed. */
export function measuredJournal(journal: Journal, metrics: Metrics): Journal {
  return {
    kind: journal.kind,
    get position() {
      return journal.position;
    },
    async append(reports) {
      const begin = performance.now();
      const places = await journal.append(reports);
      metrics.appended((performance.now() - begin) / 1_000);
      return places;
    },
    lastIndex: () => journal.lastIndex(),
    follow: (follower) => journal.follow(follower),
    trouble: () => journal.trouble(),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}
