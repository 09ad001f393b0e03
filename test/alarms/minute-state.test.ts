import { describe, expect, test } from 'vitest';
import {
  afterCheck,
  initialMinuteState,
  type MinutePeriods,
  type MinutePhase,
} from '../../src/alarms/minute-state.ts';

/** What each state becomes, as the table of SkyWalking's states has it: `s` and `r` are the countdowns after the check. */
const table: Readonly<
  Record<
    MinutePhase,
    {
      readonly match: (s: number) => MinutePhase;
      readonly mismatch: (s: number, r: number) => MinutePhase;
    }
  >
> = {
  NORMAL: { match: () => 'FIRING', mismatch: () => 'NORMAL' },
  FIRING: {
    match: (s) => (s >= 0 ? 'SILENCED_FIRING' : 'FIRING'),
    mismatch: (s, r) => (r < 0 && s < 0 ? 'RECOVERED' : 'OBSERVING_RECOVERY'),
  },
  SILENCED_FIRING: {
    match: (s) => (s < 0 ? 'FIRING' : 'SILENCED_FIRING'),
    mismatch: (s, r) => (r < 0 && s < 0 ? 'RECOVERED' : 'OBSERVING_RECOVERY'),
  },
  OBSERVING_RECOVERY: {
    match: (s) => (s < 0 ? 'FIRING' : 'SILENCED_FIRING'),
    mismatch: (s, r) => (r < 0 && s < 0 ? 'RECOVERED' : 'OBSERVING_RECOVERY'),
  },
  RECOVERED: {
    match: (s) => (s < 0 ? 'FIRING' : 'SILENCED_FIRING'),
    mismatch: () => 'NORMAL',
  },
};

/** The states after each check, by the table and its rules of the two countdowns. */
function byTable(checks: readonly boolean[], periods: MinutePeriods): MinutePhase[] {
  let phase: MinutePhase = 'NORMAL';
  let [s, r] = [-1, periods.recoveryObservationPeriod];
  return checks.map((matches) => {
    s -= 1;
    r -= Number(!matches);
    const { match, mismatch } = table[phase];
    const next = matches ? match(s) : mismatch(s, r);
    const entered = next !== phase;
    phase = next;
    if (entered && next === 'FIRING') s = periods.silencePeriod;
    if (entered && next !== 'SILENCED_FIRING') r = periods.recoveryObservationPeriod;
    if (entered && next === 'OBSERVING_RECOVERY') r -= 1;
    return phase;
  });
}

function phasesAfter(checks: readonly boolean[], periods: MinutePeriods): MinutePhase[] {
  let state = initialMinuteState(periods);
  return checks.map((matches) => {
    state = afterCheck(state, matches, periods);
    return state.phase;
  });
}

/** A fixed sequence of numbers in [0, 1) for a seed. */
function* random(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('the state of an entity', () => {
  test('follows the table for random checks and periods', () => {
    const numbers = random(17);
    const next = () => numbers.next().value as number;
    for (let run = 0; run < 2_000; run += 1) {
      const periods = {
        silencePeriod: Math.floor(next() * 6),
        recoveryObservationPeriod: Math.floor(next() * 5),
      };
      const bias = next();
      const checks = Array.from({ length: 40 }, () => next() < bias);
      expect(phasesAfter(checks, periods), JSON.stringify({ periods, checks })).toEqual(
        byTable(checks, periods),
      );
    }
  });

  test('fires again after the silence, which N checks have', () => {
    const periods = { silencePeriod: 2, recoveryObservationPeriod: 0 };
    expect(phasesAfter([true, true, true, true, true], periods)).toEqual([
      'FIRING',
      'SILENCED_FIRING',
      'SILENCED_FIRING',
      'FIRING',
      'SILENCED_FIRING',
    ]);
  });

  test('fires at each check without a silence', () => {
    const periods = { silencePeriod: 0, recoveryObservationPeriod: 0 };
    expect(phasesAfter([true, true, true], periods)).toEqual(['FIRING', 'FIRING', 'FIRING']);
  });

  test('recovers after the observation, and never within the silence', () => {
    const quick = { silencePeriod: 0, recoveryObservationPeriod: 2 };
    expect(phasesAfter([true, false, false, false, false], quick)).toEqual([
      'FIRING',
      'OBSERVING_RECOVERY',
      'OBSERVING_RECOVERY',
      'RECOVERED',
      'NORMAL',
    ]);
    const silent = { silencePeriod: 3, recoveryObservationPeriod: 0 };
    expect(phasesAfter([true, false, false, false, false], silent)).toEqual([
      'FIRING',
      'OBSERVING_RECOVERY',
      'OBSERVING_RECOVERY',
      'OBSERVING_RECOVERY',
      'RECOVERED',
    ]);
  });

  test('a match while the recovery is observed is silent, or fires anew after the silence', () => {
    const periods = { silencePeriod: 2, recoveryObservationPeriod: 5 };
    expect(phasesAfter([true, false, true, false, true], periods)).toEqual([
      'FIRING',
      'OBSERVING_RECOVERY',
      'SILENCED_FIRING',
      'OBSERVING_RECOVERY',
      'FIRING',
    ]);
  });
});
