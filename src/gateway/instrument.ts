import type { Dialect } from '../event/event.ts';
import type { Intake, ReportResult } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { Metrics, ReportOutcome } from '../telemetry/metrics.ts';

/** The intake, its answers counted. */
export function instrumentIntake(intake: Intake, metrics: Metrics): Intake {
  return {
    report(drafts, wait, mayReport) {
      const dialects = drafts.map(({ dialect }) => dialect);
      return intake.report(drafts, wait, mayReport).then((results) => {
        for (const { dialect, status, count } of tallied(dialects, results)) {
          metrics.reported(dialect, status.toLowerCase() as ReportOutcome, count);
        }
        return results;
      });
    },
  };
}

interface Tally {
  readonly dialect: Dialect;
  readonly status: ReportResult['status'];
  count: number;
}

/** Counted here first: looking a counter up by its labels takes longer than all else that is counted of an event. */
function tallied(dialects: readonly Dialect[], results: readonly ReportResult[]): Tally[] {
  const tallies: Tally[] = [];
  for (const [position, { status }] of results.entries()) {
    const dialect = dialects[position] ?? 'TIDINGS';
    const tally = tallies.find((each) => each.dialect === dialect && each.status === status);
    if (tally) tally.count += 1;
    else tallies.push({ dialect, status, count: 1 });
  }
  return tallies;
}

/** The journal, its appends timed. */
export function instrumentJournal(journal: Journal, metrics: Metrics): Journal {
  return {
    kind: journal.kind,
    get id() {
      return journal.id;
    },
    get position() {
      return journal.position;
    },
    async append(reports) {
      const begin = performance.now();
      const outcomes = await journal.append(reports);
      metrics.appended((performance.now() - begin) / 1_000);
      return outcomes;
    },
    lastIndex: () => journal.lastIndex(),
    follow: (follower) => journal.follow(follower),
    healthReason: () => journal.healthReason(),
    [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose](),
  };
}
