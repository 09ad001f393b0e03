import type { IncomingMessage } from 'node:http';
import { cookieIn, sessionCookies } from '../../access/credential.ts';
import { publicOrigin } from './challenge.ts';

const isReachedByHttps = (request: IncomingMessage, publicUrls: readonly string[]): boolean =>
  publicOrigin(request, publicUrls).startsWith('https:');

/** State, nonce and code verifier of a sign-in at the issuer that began in this browser. */
export const signInCookies = {
  https: '__Host-tidings_sign_in',
  http: 'tidings_sign_in',
} as const;

type CookieNames = Readonly<Record<'https' | 'http', string>>;

interface Cookie {
  readonly names: CookieNames;
  readonly value: string;
  readonly seconds: number;
}

/** The Set-Cookie header that keeps a value in the browser for some seconds, or removes it after 0. */
export function cookieOf(
  request: IncomingMessage,
  publicUrls: readonly string[],
  { names, value, seconds }: Cookie,
): string {
  const isSecure = isReachedByHttps(request, publicUrls);
  return [
    `${isSecure ? names.https : names.http}=${value}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${Math.max(0, seconds)}`,
    ...(isSecure ? ['Secure'] : []),
  ].join('; ');
}

/** The value of the gateway's own cookie; null where there is none. */
export const ownCookie = (
  request: IncomingMessage,
  publicUrls: readonly string[],
  names: CookieNames,
): string | null =>
  cookieIn(
    request.headers.cookie,
    isReachedByHttps(request, publicUrls) ? names.https : names.http,
  );

/** Over https the cookie of the other name is none of the gateway's: another host of the same domain may have set it. */
export function dropForeignCookies(request: IncomingMessage, publicUrls: readonly string[]): void {
  const { cookie } = request.headers;
  if (cookie === undefined || !isReachedByHttps(request, publicUrls)) return;
  const own = cookie.split(';').filter((pair) => nameOf(pair) !== sessionCookies.http);
  request.headers.cookie = own.join(';');
}

const nameOf = (pair: string): string => (pair.split('=', 1)[0] ?? '').trim();
