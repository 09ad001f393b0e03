/** How far the rollups are: stored events after rolledIndex are not yet in event_counts. */
export interface RollupProgress {
  readonly rolledIndex: number;
  readonly storedIndex: number;
}

/** How far they are after events were counted. */
export interface RolledUp extends RollupProgress {
  /** How long the database worked, without the time in which the statement waited for others to end. */
  readonly busyMs: number;
}

/**
 * The longest tail, which is the events that no rollup counts yet: a query counts it event by event. In PostgreSQL that takes
 * some tens of milliseconds. While the tail is longer, rollups are not used.
 */
export const longestTail = 50_000;

/** How many indexes the events have that no rollup counts yet. */
export const uncountedIn = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.max(0, storedIndex - rolledIndex);

export const isTail = (progress: RollupProgress): boolean => uncountedIn(progress) <= longestTail;

export const percentOf = ({ rolledIndex, storedIndex }: RollupProgress): number =>
  Math.floor((100 * rolledIndex) / Math.max(1, storedIndex));
