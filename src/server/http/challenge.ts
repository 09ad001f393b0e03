import type { Unauthenticated } from '../../access/principal.ts';

/** The WWW-Authenticate header (RFC 6750, section 3). */
export const challengeOf = ({ shown, message }: Unauthenticated): string =>
  shown
    ? `Bearer realm="tidings", error="invalid_token", error_description="${message}"`
    : 'Bearer realm="tidings"';
