import { FeedError, type OpenFeed } from '../live/feed.ts';
import type { ConsumerLease, ConsumerRun, DurableConsumer } from './consumer.ts';
import type { RepeatWindow } from './window.ts';

/**
 * Hands the journal after the lease's cursor to a consumer until the lease's signal is aborted, or the feed ends.
 * @throws what the consumer or the feed failed with
 */
export async function runConsumer(
  consumer: DurableConsumer,
  lease: ConsumerLease,
  openFeed: OpenFeed,
  window: RepeatWindow,
): Promise<void> {
  const ended = new AbortController();
  const end = () => {
    ended.abort();
    window.close();
  };
  if (lease.signal.aborted) return;
  lease.signal.addEventListener('abort', end, { once: true });
  const run = await consumer.begin(lease);
  try {
    const { filter } = consumer;
    const { cursor: afterIndex } = lease;
    const reading = { filter, afterIndex, run, window, openFeed, signal: ended.signal };
    await Promise.race([read(reading), window.failed]);
    await window.empty();
  } finally {
    lease.signal.removeEventListener('abort', end);
    end();
    await run.end();
  }
}

interface Reading extends Pick<DurableConsumer, 'filter'> {
  readonly run: ConsumerRun;
  readonly window: RepeatWindow;
  readonly openFeed: OpenFeed;
  readonly signal: AbortSignal;
  /** Everything up to here was handed over. */
  afterIndex: number;
}

async function read(reading: Reading): Promise<void> {
  while (!reading.signal.aborted) {
    try {
      return await readFeed(reading);
    } catch (error) {
      const firstIndex = expiredUpTo(error);
      if (firstIndex === null || firstIndex <= reading.afterIndex) throw error;
      await handGap(reading, firstIndex);
    }
  }
}

async function readFeed(reading: Reading): Promise<void> {
  const { filter, afterIndex, run, window, openFeed, signal } = reading;
  for await (const { events, index } of openFeed({ filter, afterIndex }, signal)) {
    if (signal.aborted) return;
    window.add(events.length, index, run.handle(events, index));
    reading.afterIndex = index;
    await window.room();
  }
}

async function handGap(reading: Reading, firstIndex: number): Promise<void> {
  const { run, window, signal, afterIndex } = reading;
  await window.empty();
  if (signal.aborted) return;
  window.add(0, firstIndex, run.gap(afterIndex, firstIndex));
  reading.afterIndex = firstIndex;
  await window.empty();
}

/** The index from which a feed can resume where everything up to it is deleted; null for any other error. */
function expiredUpTo(error: unknown): number | null {
  if (!(error instanceof FeedError) || error.code !== 'INDEX_EXPIRED') return null;
  return error.details.firstIndex ?? null;
}
