import type { Event } from '../event/event.ts';
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
  const request = { filter, afterIndex, rejectsGapAfter0: true };
  for await (const { events, index } of openFeed(request, signal)) {
    for (const part of partsOf(events, index, window.maxEvents)) {
      if (signal.aborted) return;
      window.add(part.events.length, part.upTo, run.handle(part.events, part.upTo));
      reading.afterIndex = part.upTo;
      await window.room();
    }
  }
}

/** Hand-overs of one window: while the last ones are under way the cursor follows the first ones. */
const partsOfWindow = 8;

/** A batch in parts, so that a long one does not fill the window until all of it is settled. */
function partsOf(events: readonly Event[], upTo: number, maxEvents: number) {
  const size = Math.max(1, Math.ceil(maxEvents / partsOfWindow));
  if (events.length <= size) return [{ events, upTo }];
  return Array.from({ length: Math.ceil(events.length / size) }, (_, at) => {
    const part = events.slice(at * size, (at + 1) * size);
    const isLast = (at + 1) * size >= events.length;
    return { events: part, upTo: isLast ? upTo : (part.at(-1)?.index ?? upTo) };
  });
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
