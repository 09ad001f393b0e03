import { complete } from '../../src/event/completion.ts';
import type { Event } from '../../src/event/event.ts';
import { validate } from '../../src/intake/validate.ts';

const limits = {
  events: 1_000,
  eventBytes: 2 ** 20,
  tags: 64,
  traits: 128,
  filterKeys: 64,
  futureMicros: 300_000_000,
};

/** An event as a sink is handed it, made of a report. */
export function eventOf(
  draft: object,
  index = 42,
  recordedAt = Date.parse('2026-11-28T04:00:10Z') * 1_000,
): Event {
  const report = validate({ dialect: 'TIDINGS', ...draft }, recordedAt, { limits, storeRaw: true });
  if (!('id' in report)) throw new Error(JSON.stringify(report));
  return complete([{ index, report }]);
}
