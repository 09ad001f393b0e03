import type { IncomingMessage, ServerResponse } from 'node:http';
import { replyJson } from '../../http/reply.ts';

/** Whether a page of this origin may call the gateway. */
export type IsAllowedOrigin = (request: IncomingMessage) => boolean;

/**
 * Requests without an Origin do not come from a page of another site. A page that the gateway served itself
 * has the origin of the host it is called by.
 */
export function allowOrigins(allowed: readonly string[]): IsAllowedOrigin {
  const everyone = allowed.includes('*');
  return ({ headers: { origin, host } }) =>
    origin === undefined || everyone || allowed.includes(origin) || hostOf(origin) === host;
}

const hostOf = (origin: string): string | null =>
  URL.canParse(origin) ? new URL(origin).host : null;

/**
 * Says to a browser what an allowed origin may do, and answers its preflight; refuses every other origin.
 * True when the request has been answered.
 */
export function answerOrigin(
  isAllowed: IsAllowedOrigin,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = request.headers;
  if (origin === undefined) return false;
  response.setHeader('Vary', 'Origin');
  if (!isAllowed(request)) {
    const message = 'Pages of this origin may not call the gateway: TIDINGS_CORS_ORIGINS opens it.';
    replyJson(response, 403, { errors: [{ message, extensions: { code: 'FORBIDDEN' } }] });
    return true;
  }
  response.setHeader('Access-Control-Allow-Origin', origin);
  const wanted = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || wanted === undefined) return false;
  const headers = request.headers['access-control-request-headers'];
  response.writeHead(204, {
    'Access-Control-Allow-Methods': wanted,
    ...(headers !== undefined && { 'Access-Control-Allow-Headers': headers }),
    'Access-Control-Max-Age': '600',
  });
  response.end();
  return true;
}
