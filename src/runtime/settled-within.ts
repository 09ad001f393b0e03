import { pause } from './backoff.ts';

/** Resolves once the work has ended, however it ended, or after this time. */
export async function settledWithin(work: Promise<unknown>, maxMs: number): Promise<void> {
  const settled = new AbortController();
  await Promise.race([work.catch(() => {}), pause(maxMs, settled.signal)]);
  settled.abort();
}
