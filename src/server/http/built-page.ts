import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Headers, reply } from '../../http/reply.ts';

/** A page, or a file of one, that the build makes and the gateway shows as it is. */
export interface BuiltPage {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  /** Its ETag. */
  readonly tag: string;
  readonly headers: Headers;
}

export async function builtPage(plain: Buffer, headers: Headers): Promise<BuiltPage> {
  const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { plain, gzipped: await promisify(gzip)(plain, { level: 9 }), tag, headers };
}

/** As the build made it: read once somebody first looks. From the source there is no build, and it is made then. */
export function builtOnce<Built>(
  read: () => Promise<Built>,
  make: () => Promise<Built>,
): () => Promise<Built> {
  let built: Promise<Built> | undefined;
  return () => {
    built ??= import.meta.url.endsWith('.ts') ? make() : read();
    return built;
  };
}

/** Answers with a page, or with 304 to a browser that has it. */
export function answerBuiltPage(
  request: IncomingMessage,
  response: ServerResponse,
  { plain, gzipped, tag, headers }: BuiltPage,
): void {
  const fields = {
    'Cache-Control': 'no-cache',
    ...headers,
    ETag: tag,
    Vary: 'Accept, Accept-Encoding',
  };
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304, fields).end();
    return;
  }
  const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  reply(response, 200, zipped ? gzipped : plain, {
    ...fields,
    ...(zipped && { 'Content-Encoding': 'gzip' }),
  });
}
