import { useSession } from './session.tsx';
import { useAnswer } from './use-answer.ts';
import { useTicks } from './use-ticks.ts';

/** Something that is wrong, and is shown in detail by a view. */
export interface Attention {
  readonly count: number;
  /** Of which state they are: firing. */
  readonly what: string;
}

interface Answer {
  readonly alarms: { readonly totalCount: number };
  readonly sinks?: readonly { readonly id: string }[];
}

const refreshMs = 5_000;

const queryOf = (withSinks: boolean): string => `query Attention {
  alarms(filter: { states: [FIRING] }, first: 1) { totalCount }
  ${withSinks ? 'sinks(states: [FAILING, BLOCKED, DISABLED]) { id }' : ''}
}`;

/** The alarms that fire, and the sinks that do not deliver: null where there are none, and before that is known. */
export function useAttention(): {
  readonly alarms: Attention | null;
  readonly sinks: Attention | null;
} {
  const { may } = useSession();
  const [ticks] = useTicks(refreshMs);
  const query = may('READ') ? queryOf(may('MANAGE_SINKS')) : null;
  const { data } = useAnswer<Answer>(query, {}, ticks);
  return {
    alarms: attentionTo(data?.alarms.totalCount, 'firing'),
    sinks: attentionTo(data?.sinks?.length, 'not delivering'),
  };
}

const attentionTo = (count = 0, what: string): Attention | null =>
  count === 0 ? null : { count, what };
