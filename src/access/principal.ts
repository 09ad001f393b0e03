import type { GrantAction } from './policy.ts';

/** Who a caller is. */
export interface Principal {
  readonly kind: 'ANONYMOUS' | 'TOKEN' | 'JWT' | 'SOURCE';
  /** anonymous where nobody said who they are. */
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970; null where it does not expire. */
  readonly expiresAtMs: number | null;
  /** Id of a stored token, which can be revoked; null for everything else. */
  readonly tokenId: string | null;
  /** Digest of what in the policy it was found by, a static token or an issuer; null for everything else. */
  readonly origin: string | null;
}

/** Equal for the same principal, by whichever of their credentials they were found. */
export const principalKey = ({ kind, name, origin }: Principal): string =>
  JSON.stringify(kind === 'JWT' ? [kind, name, origin] : [kind, name]);

/** The credential is bad or missing: nobody may be taken for somebody else. Answered as 401 and UNAUTHENTICATED. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  /** For the operator's log, never for the answer. */
  readonly reason: string;
  /** Whether a credential was shown at all. */
  readonly shown: boolean;

  constructor(reason: string, { shown = true, cause }: { shown?: boolean; cause?: unknown } = {}) {
    super(
      shown
        ? 'The credential is not valid: check the token, or sign in again.'
        : 'This needs a credential: send a token as Authorization: Bearer.',
      { cause },
    );
    this.reason = reason;
    this.shown = shown;
  }
}

/** The caller may not do this. Answered as 403 and FORBIDDEN. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
  /** The right that is missing. */
  readonly action: GrantAction;

  constructor(action: GrantAction, message = `This needs the right ${action}.`) {
    super(message);
    this.action = action;
  }
}
