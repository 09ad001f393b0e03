import type { TimeSpan } from '../../event/filter.ts';
import { InstantError, instantOf } from '../../event/instant.ts';
import { QueryError } from './query-error.ts';

/** SkyWalking's window: its first and its last step, as strings in the server's time zone, which is UTC here. */
export interface Duration {
  readonly start: string;
  readonly end: string;
  readonly step: Step;
}

type Step = 'DAY' | 'HOUR' | 'MINUTE' | 'SECOND';

interface StepForm {
  readonly form: string;
  readonly pattern: RegExp;
  readonly lengthMs: number;
}

const steps: Readonly<Record<Step, StepForm>> = {
  DAY: { form: 'yyyy-MM-dd', pattern: /^\d{4}-\d\d-\d\d$/, lengthMs: 86_400_000 },
  HOUR: { form: 'yyyy-MM-dd HH', pattern: /^\d{4}-\d\d-\d\d \d\d$/, lengthMs: 3_600_000 },
  MINUTE: { form: 'yyyy-MM-dd HHmm', pattern: /^\d{4}-\d\d-\d\d \d{4}$/, lengthMs: 60_000 },
  SECOND: { form: 'yyyy-MM-dd HHmmss', pattern: /^\d{4}-\d\d-\d\d \d{6}$/, lengthMs: 1_000 },
};

/**
 * The instants inside a window. As in SkyWalking neither end belongs to it: not the first instant of the first step,
 * and not the instant at which the last step ends.
 * @throws QueryError
 */
export function spanOf({ start, end, step }: Duration): TimeSpan {
  const { lengthMs } = steps[step];
  const [first, last] = [momentOf(start, step, 'start'), momentOf(end, step, 'end')];
  try {
    return { from: instantOf(first, 1), to: instantOf(last + lengthMs - 1, 999) };
  } catch (cause) {
    if (!(cause instanceof InstantError)) throw cause;
    throw new QueryError('time must lie within the years 0001 to 9999.', { cause });
  }
}

/** Milliseconds since the epoch. */
function momentOf(text: string, step: Step, field: 'start' | 'end'): number {
  const { form, pattern } = steps[step];
  const [date = '', time = ''] = text.split(' ');
  const padded = time.padEnd(6, '0');
  const iso = `${date}T${padded.slice(0, 2)}:${padded.slice(2, 4)}:${padded.slice(4)}.000Z`;
  const moment = pattern.test(text) ? Date.parse(iso) : Number.NaN;
  // Date.parse reads 31 June as 1 July.
  if (Number.isNaN(moment) || new Date(moment).toISOString() !== iso) {
    throw new QueryError(`time.${field} must be a time in the form ${form}, as step is ${step}.`);
  }
  return moment;
}
