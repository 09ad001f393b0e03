import { expect, test } from 'vitest';
import type { EventDraft } from '../../src/event/draft.ts';
import { BatchReporter } from '../../src/intake/batch-reporter.ts';
import type { Intake, ReportErrorCode, ReportResult } from '../../src/intake/intake.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { SkipCounter } from '../../src/telemetry/skip-counter.ts';
import { report } from '../journal/report.ts';

const draft = (message: string): EventDraft => ({ dialect: 'SKYWALKING', message });
const accepted: ReportResult = { status: 'ACCEPTED', index: 1, report: report() };
const rejected = (code: ReportErrorCode): ReportResult => ({
  status: 'REJECTED',
  errors: [{ path: [], code, message: `It is ${code}.` }],
});

test('what was not recorded now is reported again alone; what never will be is counted and skipped', async () => {
  const calls: (string | null | undefined)[][] = [];
  const answers = [
    [accepted, rejected('UNAVAILABLE'), rejected('TOO_LONG'), rejected('UNAVAILABLE')],
    [rejected('INVALID'), accepted],
  ];
  const intake: Intake = {
    report: async (drafts) => {
      calls.push(drafts.map(({ message }) => message));
      return answers.shift() ?? [];
    },
  };
  const skipped = new SkipCounter(createLog('silent'), 'Events are skipped.');
  const reporter = new BatchReporter(intake, skipped, 10);
  for (const message of ['a', 'b', 'c', 'd']) reporter.add(draft(message), 10);
  await reporter.emptied();
  expect(calls).toEqual([
    ['a', 'b', 'c', 'd'],
    ['b', 'd'],
  ]);
  expect(skipped.count).toBe(2);
});
