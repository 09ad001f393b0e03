import type { IncomingMessage } from 'node:http';
import { sessionCookies } from '../../access/credential.ts';
import { publicOrigin } from './challenge.ts';

const isReachedByHttps = (request: IncomingMessage, publicUrls: readonly string[]): boolean =>
  publicOrigin(request, publicUrls).startsWith('https:');

/** The Set-Cookie header that keeps a credential in the browser for some seconds, or removes it after 0. */
export function sessionCookieOf(
  request: IncomingMessage,
  publicUrls: readonly string[],
  { value, seconds }: { readonly value: string; readonly seconds: number },
): string {
  const isSecure = isReachedByHttps(request, publicUrls);
  return [
    `${isSecure ? sessionCookies.https : sessionCookies.http}=${value}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${Math.max(0, seconds)}`,
    ...(isSecure ? ['Secure'] : []),
  ].join('; ');
}

/** Over https the cookie of the other name is none of the gateway's: another host of the same domain may have set it. */
export function dropForeignCookies(request: IncomingMessage, publicUrls: readonly string[]): void {
  const { cookie } = request.headers;
  if (cookie === undefined || !isReachedByHttps(request, publicUrls)) return;
  const own = cookie.split(';').filter((pair) => nameOf(pair) !== sessionCookies.http);
  request.headers.cookie = own.join(';');
}

const nameOf = (pair: string): string => (pair.split('=', 1)[0] ?? '').trim();
