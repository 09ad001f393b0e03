import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Forbidden, Unauthenticated } from '../../access/principal.ts';

export const metadataPath = '/.well-known/oauth-protected-resource';

/** The WWW-Authenticate header of a 401 (RFC 6750, section 3; RFC 9728, section 5). */
export function challengeOf(
  { shown, message }: Unauthenticated,
  request: IncomingMessage,
  publicUrls: readonly string[] = [],
): string {
  const parameters = [
    'realm="tidings"',
    ...(shown ? ['error="invalid_token"', `error_description="${message}"`] : []),
    `resource_metadata="${publicOrigin(request, publicUrls)}${metadataPath}"`,
  ];
  return `Bearer ${parameters.join(', ')}`;
}

/** The same of a 403. */
export const scopeChallengeOf = ({ action }: Forbidden): string =>
  `Bearer realm="tidings", error="insufficient_scope", scope="${action}"`;

/**
 * The origin by which a client reaches the gateway: of the public URL that it called, or of the first of them. Without any
 * it is what the client called, whose name has been checked.
 */
export function publicOrigin(
  { headers, socket }: IncomingMessage,
  publicUrls: readonly string[],
): string {
  const host = headers.host ?? 'localhost';
  const urls = publicUrls.map((url) => new URL(url));
  const called = urls.find((url) => url.host === host) ?? urls[0];
  return called?.origin ?? `${(socket as TLSSocket).encrypted ? 'https' : 'http'}://${host}`;
}
