import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Access } from '../../access/access.ts';
import { Unauthenticated } from '../../access/principal.ts';
import { BodyError, readBody } from '../../http/body.ts';
import { replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { sessionCookieOf } from './session-cookie.ts';

export const consoleSessionPath = '/console/session';

interface SessionOptions {
  readonly access: Access;
  readonly publicUrls: readonly string[];
}

const maxBodyBytes = 16_384;
/** Browsers drop a cookie of more than 4,096 bytes without a word. */
const maxTokenLength = 3_900;
/** Of a credential that does not expire. */
const longestSeconds = 30 * 86_400;

/**
 * Signing in and out of the console. POST keeps a credential as a cookie that scripts cannot read and that other sites'
 * pages do not send, DELETE removes it, and GET says whether there is anything to sign in to.
 */
export async function answerConsoleSession(
  request: IncomingMessage,
  response: ServerResponse,
  options: SessionOptions,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store');
  switch (request.method) {
    case 'GET':
      return replyJson(response, 200, { signIn: options.access.isOn });
    case 'POST':
      return await signIn(request, response, options);
    case 'DELETE':
      response.setHeader(
        'Set-Cookie',
        sessionCookieOf(request, options.publicUrls, { value: '', seconds: 0 }),
      );
      return replyJson(response, 200, {});
    default:
      response.setHeader('Allow', 'GET, POST, DELETE');
      return replyJson(response, 405, { error: 'Use GET, POST or DELETE.' });
  }
}

async function signIn(
  request: IncomingMessage,
  response: ServerResponse,
  options: SessionOptions,
): Promise<void> {
  try {
    const token = await tokenIn(request);
    if (token === null) {
      const error = `The body must be JSON with a "token" of at most ${maxTokenLength} visible characters.`;
      return replyJson(response, 400, { error });
    }
    const { principal } = await options.access.session({ kind: 'TOKEN', secret: token });
    const { name, expiresAtMs } = principal;
    const seconds =
      expiresAtMs === null ? longestSeconds : Math.ceil((expiresAtMs - Date.now()) / 1_000);
    const cookie = { value: token, seconds };
    response.setHeader('Set-Cookie', sessionCookieOf(request, options.publicUrls, cookie));
    replyJson(response, 200, { name });
  } catch (error) {
    fail(response, error);
  }
}

/** Null where there is none that a cookie can hold. */
async function tokenIn(request: IncomingMessage): Promise<string | null> {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return null;
  const body = await readBody(request, maxBodyBytes);
  try {
    const { token } = JSON.parse(body) as { token?: unknown };
    // The characters of a cookie's value (RFC 6265, section 4.1.1).
    const isFit = typeof token === 'string' && /^[!#-+\--:<-[\]-~]+$/.test(token);
    return isFit && token.length <= maxTokenLength ? token : null;
  } catch {
    return null;
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (error instanceof Unauthenticated) {
    replyJson(response, 401, { error: 'The token is not valid here, or not any more.' });
  } else if (error instanceof BodyError) {
    replyJson(response, error.status, { error: error.message }, { Connection: 'close' });
  } else if (error instanceof Unavailable) {
    replyJson(response, error.status, { error: error.message }, retryAfter(error));
  } else throw error;
}
