import type { SessionChange } from '../../access/access.ts';
import { FeedError } from '../../live/feed.ts';

const reasons: Readonly<Record<SessionChange, string>> = {
  REVOKED: 'the credential was revoked',
  EXPIRED: 'the credential has expired',
  SCOPE: 'your rights have changed',
};

/** Why a subscription ends that is no feed, and has no index to resume after. */
export const subscriptionForbidden = (change: SessionChange): FeedError =>
  new FeedError('FORBIDDEN', `The subscription has ended because ${reasons[change]}.`);

/** Why a feed ends that may not go on as it began. */
export const feedForbidden = (change: SessionChange, lastIndex: number): FeedError =>
  new FeedError(
    'FORBIDDEN',
    `The feed has ended because ${reasons[change]}: resume after lastIndex.`,
    {
      lastIndex,
    },
  );
