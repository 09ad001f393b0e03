import { useEffect, useState } from 'preact/hooks';
import type { ListedEvent } from './events.ts';
import { useKeys } from './keys.ts';

interface Movement {
  readonly events: readonly ListedEvent[];
  /** Fetches more, at the end of the list. */
  readonly more?: () => void;
  readonly openId: string | null;
  readonly open: (id: string) => void;
  readonly close: () => void;
}

/**
 * j and k move, Enter opens, Escape closes; while an event is open, moving opens the next.
 * @returns the id of the row that is reached
 */
export function useMovement({ events, more, openId, open, close }: Movement): string | null {
  const [activeId, setActiveId] = useState<string | null>(openId);
  useEffect(() => {
    if (openId !== null) setActiveId(openId);
  }, [openId]);
  const move = (step: 1 | -1) => {
    const at = events.findIndex(({ id }) => id === activeId);
    const next = events[Math.max(0, at + step)];
    if (next === undefined) return more?.();
    setActiveId(next.id);
    if (openId !== null) open(next.id);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => {
      if (activeId !== null) open(activeId);
    },
    Escape: close,
  });
  return activeId;
}
