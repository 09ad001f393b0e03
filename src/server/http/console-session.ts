import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import { sessionCookies } from '../../access/credential.ts';
import type { OpenIdClient } from '../../access/openid-client.ts';
import { Unauthenticated } from '../../access/principal.ts';
import { BodyError, readBody } from '../../http/body.ts';
import { replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { cookieOf, ownCookie, signInCookies } from './session-cookie.ts';

export const consoleSessionPath = '/console/session';

/** The path that begins to sign in through the issuer. */
export const consoleSignInPath = '/console/sign-in';

interface SessionOptions {
  readonly access: Access;
  readonly publicUrls: readonly string[];
  /** Null where nobody signs in through an issuer. */
  readonly openId: OpenIdClient | null;
}

const maxBodyBytes = 16_384;
/** Browsers drop a cookie of more than 4,096 bytes without a word. */
const maxTokenLength = 3_900;
/** Of a credential that does not expire. */
const longestSeconds = 30 * 86_400;

/** Somebody signs in at the issuer for as long as this at most. */
const signInSeconds = 600;

/**
 * Signing in and out of the console. POST keeps a credential, or the one that the issuer gives for a code, as a cookie that
 * scripts cannot read and that other sites' pages do not send, DELETE removes it, and GET says whether there is anything to
 * sign in to, and through which issuer.
 */
export async function answerConsoleSession(
  request: IncomingMessage,
  response: ServerResponse,
  options: SessionOptions,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  switch (request.method) {
    case 'GET':
      return replyJson(response, 200, {
        signIn: options.access.isOn,
        issuer: options.openId?.issuer?.issuer ?? null,
      });
    case 'POST':
      return await signIn(request, response, options);
    case 'DELETE':
      response.setHeader(
        'Set-Cookie',
        cookieOf(request, options.publicUrls, { names: sessionCookies, value: '', seconds: 0 }),
      );
      return replyJson(response, 200, {});
    default:
      response.setHeader('Allow', 'GET, POST, DELETE');
      return replyJson(response, 405, { error: 'Use GET, POST or DELETE.' });
  }
}

/** Begins to sign in through the issuer: answers with its URL, to which the page goes, and keeps what the answer must fit. */
export async function answerConsoleSignIn(
  request: IncomingMessage,
  response: ServerResponse,
  options: SessionOptions,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    return replyJson(response, 405, { error: 'Use POST.' });
  }
  const origin = ownOriginOf(request);
  if (origin === null || options.openId === null) {
    const error =
      origin === null
        ? 'Only the console of this gateway signs in.'
        : 'Nobody signs in through an issuer here: set TIDINGS_CONSOLE_CLIENT_ID.';
    return replyJson(response, origin === null ? 403 : 404, { error });
  }
  try {
    const { begun, url } = await options.openId.begin(`${origin}/`);
    const { state, nonce, codeVerifier } = begun;
    const value = [state, nonce, codeVerifier].join('.');
    const cookie = { names: signInCookies, value, seconds: signInSeconds };
    response.setHeader('Set-Cookie', cookieOf(request, options.publicUrls, cookie));
    replyJson(response, 200, { url });
  } catch (error) {
    fail(response, error);
  }
}

async function signIn(
  request: IncomingMessage,
  response: ServerResponse,
  options: SessionOptions,
): Promise<void> {
  try {
    const token = await tokenOf(request, options);
    const { principal } = await options.access.session({ kind: 'TOKEN', secret: token });
    const { name, expiresAtMs } = principal;
    const seconds =
      expiresAtMs === null ? longestSeconds : Math.ceil((expiresAtMs - Date.now()) / 1_000);
    const { publicUrls } = options;
    const kept = { names: sessionCookies, value: token, seconds };
    const ended = { names: signInCookies, value: '', seconds: 0 };
    const began = ownCookie(request, publicUrls, signInCookies) !== null;
    response.setHeader(
      'Set-Cookie',
      [kept, ...(began ? [ended] : [])].map((cookie) => cookieOf(request, publicUrls, cookie)),
    );
    replyJson(response, 200, { name });
  } catch (error) {
    fail(response, error);
  }
}

/** The token of the body, or the issuer's for its code. @throws BodyError, Unauthenticated, Unavailable */
async function tokenOf(
  request: IncomingMessage,
  { openId, publicUrls }: SessionOptions,
): Promise<string> {
  const { token, code, state } = await fieldsOf(request);
  const isFit = typeof token === 'string' && /^[!#-+\--:<-[\]-~]+$/.test(token);
  if (isFit && token.length <= maxTokenLength) return token;
  const origin = ownOriginOf(request);
  if (openId === null || origin === null || typeof code !== 'string') {
    const message = `The body must be JSON with a "token" of at most ${maxTokenLength} visible characters.`;
    throw new BodyError(message, { status: 400 });
  }
  const begun = ownCookie(request, publicUrls, signInCookies) ?? '';
  const [begunState, nonce, codeVerifier] = begun.split('.');
  if (!codeVerifier || !nonce || begunState !== state) {
    throw new Unauthenticated('the sign-in did not begin in this browser, or is too old');
  }
  const answer = { code, nonce, codeVerifier, redirectUri: `${origin}/` };
  return await openId.finish(answer, maxTokenLength);
}

/** None where the body is not a JSON object. @throws BodyError */
async function fieldsOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return {};
  const body = await readBody(request, maxBodyBytes);
  try {
    return { ...JSON.parse(body) };
  } catch {
    return {};
  }
}

/** The origin of a page of this gateway; null for a page of another one, and for no page. */
function ownOriginOf({ headers: { origin, host } }: IncomingMessage): string | null {
  if (origin === undefined || !URL.canParse(origin)) return null;
  const url = new URL(origin);
  return url.host === host ? url.origin : null;
}

function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof Unauthenticated) {
    replyJson(response, 401, {
      error: 'The token is not valid here, or not any more: sign in again.',
    });
  } else if (error instanceof BodyError) {
    replyJson(response, error.status, { error: error.message }, { Connection: 'close' });
  } else if (error instanceof Unavailable) {
    replyJson(response, error.status, { error: error.message }, retryAfter(error));
  } else throw error;
}
