import { useEffect, useState } from 'preact/hooks';

/** Counts up while somebody looks, and whenever somebody says so. */
export function useTicks(everyMs: number): [number, () => void] {
  const [ticks, setTicks] = useState(0);
  const next = () => setTicks((before) => before + 1);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) next();
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return [ticks, next];
}
