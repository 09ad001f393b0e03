import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Headers, htmlHeaders, reply, replyJson } from '../../http/reply.ts';
import { type ConsoleFiles, consoleFolder, readConsole } from './console-files.ts';

/** The paths of the console's files begin so. */
export const consoleFilesPath = '/console/';

export interface Console {
  /** Answers with the page. */
  page(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers with one of its files. */
  file(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

interface Served {
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly tag: string;
  readonly headers: Headers;
}

/** The scripts and styles are files of the gateway: nothing inside the page runs, and nothing is asked of others. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders: Headers = {
  ...htmlHeaders,
  'Content-Security-Policy': policy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-cache',
};

/** The web page for people, from the package. */
export function createConsole(): Console {
  let loaded: Promise<ReadonlyMap<string, Served>> | undefined;
  const served = () => {
    // Read when somebody first looks.
    loaded ??= load().then(serve);
    return loaded;
  };

  return {
    async page(request, response) {
      answer(request, response, (await served()).get('') as Served);
    },
    async file(request, response, { pathname }) {
      const file = (await served()).get(pathname.slice(consoleFilesPath.length) || '/');
      if (file !== undefined && request.method === 'GET') answer(request, response, file);
      else replyJson(response, 404, { error: `There is nothing at ${pathname}.` });
    },
  };
}

/** As the build made it; from the source there is no build, and it is made here. */
async function load(): Promise<ConsoleFiles> {
  if (!import.meta.url.endsWith('.ts')) return readConsole(consoleFolder);
  const { bundleConsole } = await import('./console-bundle.ts');
  return bundleConsole();
}

/** By name; the page has none. */
async function serve({ page, files }: ConsoleFiles): Promise<ReadonlyMap<string, Served>> {
  const entries = files.map(async ({ name, type, content }) => {
    const headers = { 'Content-Type': type, 'Cache-Control': cachingOf(name) };
    return [name, await servedOf(content, headers)] as const;
  });
  return new Map([['', await servedOf(page, pageHeaders)], ...(await Promise.all(entries))]);
}

/** A name with a digest belongs to one content for ever. */
const cachingOf = (name: string): string =>
  /-[0-9a-f]{16}\./.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache';

async function servedOf(plain: Buffer, headers: Headers): Promise<Served> {
  const tag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { plain, gzipped: await promisify(gzip)(plain, { level: 9 }), tag, headers };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { plain, gzipped, tag, headers }: Served,
): void {
  const fields = { ...headers, ETag: tag, Vary: 'Accept, Accept-Encoding' };
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
