import type { ServerResponse } from 'node:http';

export type Headers = Readonly<Record<string, string>>;

/** For a page without scripts; no other site may show it inside its own. */
export const htmlHeaders: Headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
};

/**
 * Answers with a whole body, unless an answer has begun or the client is gone; the server leaves the body out of
 * the answer to HEAD.
 */
export function reply(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Headers,
): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(status, {
    ...headers,
    ...(status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    // The rest of a body that was too long has not been read.
    ...(status === 413 ? { Connection: 'close' } : {}),
  });
  response.end(body);
}

export function replyJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Headers = {},
): void {
  reply(response, status, JSON.stringify(body), {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
  });
}
