import { useEffect, useRef, useState } from 'preact/hooks';
import { isFollowed, isRelative, type TimeRange } from './time-range.ts';
import { useJournal } from './use-journal.ts';

interface Revision {
  /** Another number when the range is to be asked for again. */
  readonly revision: number;
  /** Whether there is something newer that is shown only when somebody asks for it. */
  readonly isBehind: boolean;
  /** Whether new events may appear by themselves; until it is called, they may. */
  setFollowing(isFollowing: boolean): void;
  refresh(): void;
}

/** Counts up as the journal grows; not for long ranges, and not where that would be in the way. */
export function useRevision(range: TimeRange): Revision {
  const { storedIndex } = useJournal();
  const [revision, setRevision] = useState(0);
  const shownIndex = useRef(storedIndex);
  const isFollowing = useRef(true);
  const refresh = () => {
    shownIndex.current = storedIndex;
    setRevision((before) => before + 1);
  };
  const isBehind =
    isRelative(range) && shownIndex.current !== null && storedIndex !== shownIndex.current;
  const follows = () => isFollowing.current && isFollowed(range);
  useEffect(() => {
    if (shownIndex.current === null) shownIndex.current = storedIndex;
    else if (isBehind && follows()) refresh();
  }, [storedIndex]);
  const setFollowing = (following: boolean) => {
    isFollowing.current = following;
  };
  return { revision, isBehind: isBehind && !follows(), setFollowing, refresh };
}
