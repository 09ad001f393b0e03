/** How far the rollups are: stored events after rolledIndex are not yet in event_counts. */
export interface RollupProgress {
  readonly rolledIndex: number;
  readonly storedIndex: number;
}

/**
 * Events that no rollup counts yet are counted one by one beside the rollups, as long as they are so few. In PostgreSQL that
 * takes some tens of milliseconds.
 */
export const longestTail = 50_000;

/** How many indexes the events have that no rollup counts yet. */
export const uncountedIn = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.max(0, storedIndex - rolledIndex);

export const isTail = (progress: RollupProgress): boolean => uncountedIn(progress) <= longestTail;

export const percentOf = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.floor((100 * rolledIndex) / Math.max(1, storedIndex));
