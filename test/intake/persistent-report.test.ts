import { expect, test } from 'vitest';
import type { EventDraft } from '../../src/event/draft.ts';
import type { Intake, ReportResult } from '../../src/intake/intake.ts';
import { reportPersistently } from '../../src/intake/persistent-report.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { report } from '../journal/report.ts';

const log = createLog('silent');
const drafts: readonly EventDraft[] = ['a', 'b', 'c'].map((message) => ({
  dialect: 'MAYASTOR',
  message,
}));
const accepted: ReportResult = { status: 'ACCEPTED', index: 1, report: report() };
const never = new AbortController().signal;

/** Answers each call by `answer`, and keeps what was called. */
function intakeOf(answer: (messages: readonly string[], call: number) => ReportResult | Error) {
  const calls: string[] = [];
  const ids = new Set<string | null | undefined>();
  const intake: Intake = {
    async report(batch) {
      const messages = batch.map(({ message }) => message ?? '');
      calls.push(messages.join(''));
      for (const { id } of batch) ids.add(id);
      const answered = answer(messages, calls.length);
      if (answered instanceof Error) throw answered;
      return batch.map(() => answered);
    },
  };
  return { intake, calls, ids };
}

test('while the journal is down the same drafts are reported again, under the same ids', async () => {
  const { intake, calls, ids } = intakeOf((_, call) =>
    call <= 2 ? new Unavailable('The journal is down.') : accepted,
  );
  const reasons: string[] = [];
  const results = await reportPersistently(drafts, {
    intake,
    log,
    maxBatch: 10,
    signal: never,
    whileUnavailable: (reason) => reasons.push(reason),
  });
  expect(results).toEqual([accepted, accepted, accepted]);
  expect(calls).toEqual(['abc', 'abc', 'abc']);
  expect(reasons).toEqual(['The journal is down.', 'The journal is down.']);
  expect(ids.size).toBe(3);
});

test('a draft that always fails is rejected alone, after three attempts', async () => {
  const { intake, calls } = intakeOf((messages) =>
    messages.includes('b') ? new Error('a bug') : accepted,
  );
  const [a, b, c] = await reportPersistently(drafts, { intake, log, maxBatch: 10, signal: never });
  expect([a?.status, b?.status, c?.status]).toEqual(['ACCEPTED', 'REJECTED', 'ACCEPTED']);
  expect(calls).toEqual(['abc', 'a', 'b', 'b', 'b', 'c']);
});

test('once the signal is aborted it does not wait for the journal any longer', async () => {
  const stopping = new AbortController();
  const { intake } = intakeOf(() => new Unavailable('The journal is down.'));
  const reported = reportPersistently(drafts, {
    intake,
    log,
    maxBatch: 2,
    signal: stopping.signal,
    whileUnavailable: () => stopping.abort(),
  });
  await expect(reported).rejects.toThrow(Unavailable);
});

test('a call has as many drafts as it may', async () => {
  const { intake, calls } = intakeOf(() => accepted);
  await reportPersistently(drafts, { intake, log, maxBatch: 2, signal: never });
  expect(calls).toEqual(['ab', 'c']);
});
