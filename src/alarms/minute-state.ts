/** SkyWalking's states of one entity of a rule, of its version 10.4 and later. */
export type MinutePhase =
  | 'NORMAL'
  | 'FIRING'
  | 'SILENCED_FIRING'
  | 'OBSERVING_RECOVERY'
  | 'RECOVERED';

/** The state of one entity of a rule, after one check a minute. It is JSON. */
export interface MinuteState {
  readonly phase: MinutePhase;
  /** Checks that are still silent; negative where none is. */
  readonly silenceCountdown: number;
  /** Checks without a match that are still observed before the recovery; negative where none is. */
  readonly recoveryCountdown: number;
}

export interface MinutePeriods {
  /** Checks after firing that do not fire again. */
  readonly silencePeriod: number;
  /** Checks without a match before the recovery. */
  readonly recoveryObservationPeriod: number;
}

export const initialMinuteState = ({ recoveryObservationPeriod }: MinutePeriods): MinuteState => ({
  phase: 'NORMAL',
  silenceCountdown: -1,
  recoveryCountdown: recoveryObservationPeriod,
});

/**
 * The state after a check. After each check a state of FIRING sends an alarm, and one of RECOVERED a recovery: so an
 * entity that stays FIRING, which it does without a silence, sends one alarm a minute.
 */
export const afterCheck = (
  state: MinuteState,
  matches: boolean,
  periods: MinutePeriods,
): MinuteState => (matches ? afterMatch(state, periods) : afterMismatch(state, periods));

function afterMatch(before: MinuteState, periods: MinutePeriods): MinuteState {
  const state = { ...before, silenceCountdown: before.silenceCountdown - 1 };
  const isSilent = state.silenceCountdown >= 0;
  switch (state.phase) {
    case 'NORMAL':
      return firing(periods);
    case 'FIRING':
      return isSilent ? { ...state, phase: 'SILENCED_FIRING' } : state;
    case 'SILENCED_FIRING':
    case 'OBSERVING_RECOVERY':
    case 'RECOVERED':
      return isSilent ? { ...state, phase: 'SILENCED_FIRING' } : firing(periods);
  }
}

function afterMismatch(before: MinuteState, periods: MinutePeriods): MinuteState {
  const { recoveryObservationPeriod } = periods;
  const state = {
    ...before,
    silenceCountdown: before.silenceCountdown - 1,
    recoveryCountdown: before.recoveryCountdown - 1,
  };
  const isOver = state.silenceCountdown < 0 && state.recoveryCountdown < 0;
  const recovered: MinuteState = {
    ...state,
    phase: 'RECOVERED',
    recoveryCountdown: recoveryObservationPeriod,
  };
  switch (state.phase) {
    case 'NORMAL':
      return state;
    case 'FIRING':
    case 'SILENCED_FIRING':
      if (isOver) return recovered;
      return {
        ...state,
        phase: 'OBSERVING_RECOVERY',
        recoveryCountdown: recoveryObservationPeriod - 1,
      };
    case 'OBSERVING_RECOVERY':
      return isOver ? recovered : state;
    case 'RECOVERED':
      return { ...state, phase: 'NORMAL', recoveryCountdown: recoveryObservationPeriod };
  }
}

const firing = ({ silencePeriod, recoveryObservationPeriod }: MinutePeriods): MinuteState => ({
  phase: 'FIRING',
  silenceCountdown: silencePeriod,
  recoveryCountdown: recoveryObservationPeriod,
});
