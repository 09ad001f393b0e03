import type { Scope } from '../access/scope.ts';
import { readable, withoutHidden } from '../access/scoped-store.ts';
import type { FeedBatch, OpenFeed } from './feed.ts';

/** Feeds as somebody with these rights sees them. @throws Forbidden from the call */
export function scopedFeed(openFeed: OpenFeed, scope: Scope): OpenFeed {
  if (scope.read === 'ALL' && scope.hidden.size === 0) return openFeed;
  return (request, signal) => {
    const feed = openFeed({ ...request, filter: readable(request.filter, scope) }, signal);
    return scope.hidden.size === 0 ? feed : shown(feed, scope);
  };
}

async function* shown(
  feed: AsyncIterable<FeedBatch>,
  { hidden }: Scope,
): AsyncGenerator<FeedBatch> {
  for await (const { index, events } of feed) {
    yield { index, events: events.map((event) => withoutHidden(event, hidden)) };
  }
}
