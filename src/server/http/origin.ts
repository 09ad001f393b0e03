import type { IncomingMessage, ServerResponse } from 'node:http';
import { replyJson } from '../../http/reply.ts';
import type { HostRules } from './hosts.ts';

export const foreignOrigin =
  'Pages of this origin may not call the gateway: TIDINGS_CORS_ORIGINS allows them.';

/**
 * Answers a request that is not meant for this gateway or comes from a page of a foreign origin, and the preflights of
 * allowed origins. True when the request has been answered.
 */
export function answerOrigin(
  hosts: HostRules,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const fault = hosts.fault(request);
  if (fault !== null) {
    const { status, message } = fault;
    replyJson(response, status, { errors: [{ message, extensions: { code: 'BAD_HOST' } }] });
    return true;
  }
  const { origin } = request.headers;
  if (origin === undefined) return false;
  response.setHeader('Vary', 'Origin');
  if (!hosts.isAllowedOrigin(request)) {
    replyJson(response, 403, {
      errors: [{ message: foreignOrigin, extensions: { code: 'FORBIDDEN' } }],
    });
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
