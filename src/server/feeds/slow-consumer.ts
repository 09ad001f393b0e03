import { FeedError } from '../../live/feed.ts';

/** How long a reader that is too slow has to read the error. */
export const slowConsumerGraceMs = 10_000;

export const slowConsumer = (lastIndex: number): FeedError =>
  new FeedError(
    'SLOW_CONSUMER',
    'The feed has ended because the client read too slowly: resume after lastIndex.',
    { lastIndex },
  );
