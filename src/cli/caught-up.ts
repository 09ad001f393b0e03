import type { EventFilter } from '../client/schema.generated.ts';
import { CommandError, exitCodes } from './exit-code.ts';
import type { Position } from './follow-state.ts';
import type { Gateway } from './gateway.ts';

/** Up to where a follower has to go to have caught up with the journal as it is now. */
export interface Goal {
  readonly journalId: string;
  /** The oldest index to go on from; 0 where nothing has expired. */
  readonly firstIndex: number;
  /** The journal's last index: everything up to it has been looked at once the last match is there. */
  readonly lastIndex: number;
  /** The index of the last event that matches; 0 where none does. */
  readonly lastMatch: number;
}

interface Answer {
  readonly journal: {
    readonly id: string;
    readonly firstIndex: number | null;
    readonly lastIndex: number;
  };
}

interface LastMatch {
  readonly events: { readonly nodes: readonly { readonly index: number }[] };
}

/**
 * @param from where the follower begins; null where it begins now
 * @throws CommandError where it cannot begin there
 */
export async function goalOf(
  gateway: Gateway,
  filter: EventFilter,
  from: { readonly index: number; readonly journalId: string | null } | null,
): Promise<Goal> {
  const { journal } = await gateway.ask<Answer>('{ journal { id firstIndex lastIndex } }');
  if (from !== null) checkBeginning(from, journal);
  const { events } = await gateway.ask<LastMatch>(
    `query ($filter: EventFilter, $minIndex: SafeInt) {
      events(filter: $filter, orderBy: INDEX_DESC, first: 1, minIndex: $minIndex) { nodes { index } }
    }`,
    { filter, minIndex: journal.lastIndex },
  );
  return {
    journalId: journal.id,
    firstIndex: journal.firstIndex ?? 0,
    lastIndex: journal.lastIndex,
    lastMatch: events.nodes[0]?.index ?? 0,
  };
}

function checkBeginning(
  { index, journalId }: { readonly index: number; readonly journalId: string | null },
  journal: Answer['journal'],
): void {
  const cannot = (message: string) => new CommandError(message, exitCodes.cannotResume);
  if (journalId !== null && journalId !== journal.id) {
    throw cannot(
      `The state is of another journal, ${journalId}; this is ${journal.id}. (OTHER_JOURNAL)`,
    );
  }
  if (index > journal.lastIndex) {
    throw cannot(`Index ${index} is after the journal's last, ${journal.lastIndex}. (INDEX_AHEAD)`);
  }
}

/** Where a follower is that has caught up. */
export const positionAt = ({ journalId, lastIndex }: Goal, index: number): Position => ({
  journalId,
  index: Math.max(index, lastIndex),
});
