import { useEffect, useRef } from 'preact/hooks';
import type { Refreshed } from './refreshed.ts';

/**
 * Runs one question from now on, and again whenever the revision changes.
 * @param open makes it; called when the key changes, which ends the question before
 */
export function useRefreshed<Answer>(
  open: () => Refreshed<Answer> | null,
  key: string,
  revision: unknown,
): void {
  const current = useRef<Refreshed<Answer> | null>(null);
  const asked = useRef(revision);
  useEffect(() => {
    const opened = open();
    current.current = opened;
    asked.current = revision;
    opened?.refresh();
    return () => opened?.stop();
  }, [key]);
  useEffect(() => {
    if (asked.current === revision) return;
    asked.current = revision;
    current.current?.refresh();
  }, [revision]);
}
