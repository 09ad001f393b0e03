import type { Quota } from '../access/quota.ts';
import type { FeedBatch, OpenFeed } from './feed.ts';

/** Feeds as somebody with limits opens them. @throws RateLimited from the call */
export const limitedFeed =
  (openFeed: OpenFeed, quota: Quota): OpenFeed =>
  (request, signal) => {
    const slot = quota.openFeed();
    const release = () => slot[Symbol.dispose]();
    signal.addEventListener('abort', release, { once: true });
    if (signal.aborted) release();
    return released(openFeed(request, signal), () => {
      signal.removeEventListener('abort', release);
      release();
    });
  };

async function* released(
  feed: AsyncIterable<FeedBatch>,
  release: () => void,
): AsyncGenerator<FeedBatch> {
  try {
    yield* feed;
  } finally {
    release();
  }
}
