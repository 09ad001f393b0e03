import { FeedError } from '../../live/feed.ts';

/** Milliseconds that a reader who is too slow has to take the error that says so. */
export const slowConsumerGrace = 10_000;

export const slowConsumer = (lastIndex: number): FeedError =>
  new FeedError(
    'SLOW_CONSUMER',
    'The feed has ended because too much of it waited to be read: resume after lastIndex.',
    { lastIndex },
  );
