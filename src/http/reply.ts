import type { ServerResponse } from 'node:http';

type Headers = Readonly<Record<string, string>>;

/** Of a page for people; no other site may show it inside its own. */
export const htmlHeaders: Headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'X-Frame-Options': 'DENY',
};

/** Answers with a whole body; the server leaves the body out of the answer to HEAD. */
export function reply(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Headers,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
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
