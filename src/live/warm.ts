import type { Event } from '../event/event.ts';
import { everything } from '../event/filter.ts';
import type { Journal } from '../journal/journal.ts';
import type { Store } from '../store/store.ts';
import type { Ring } from './ring.ts';

const pageSize = 1_000;
const storeTimeoutMs = 10_000;

/**
 * Fills the ring with the newest events of the store, so that followers which reconnect after a restart of the gateway
 * resume from memory. Where the store lags or is down, the ring stays as it is.
 * @throws Unavailable
 */
export async function warm(
  ring: Ring,
  { journal, store, maxChanges }: { journal: Journal; store: Store; maxChanges: number },
): Promise<void> {
  // Only then is the position known: followers are notified of everything after it.
  await journal.lastIndex();
  const { position } = journal;
  if (position === 0 || !(await store.untilStored(position, storeTimeoutMs))) return;
  const newest = await newestOf(store, maxChanges);
  const oldest = newest[0];
  if (oldest) ring.prepend(newest, oldest.index - 1, position);
}

/** In index order. */
async function newestOf(store: Store, count: number): Promise<readonly Event[]> {
  const pages: (readonly Event[])[] = [];
  let before: number | null = null;
  for (let left = count; left > 0; left -= pageSize) {
    const { events, more } = await store.page({
      filter: everything,
      order: 'INDEX_DESC',
      limit: Math.min(left, pageSize),
      ...(before !== null && { after: { time: 0, index: before } }),
    });
    pages.unshift(events.toReversed());
    before = events.at(-1)?.index ?? null;
    if (!more || before === null) break;
  }
  return pages.flat();
}
