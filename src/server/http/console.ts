import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Headers, htmlHeaders, replyJson } from '../../http/reply.ts';
import { answerBuiltPage, type BuiltPage, builtOnce, builtPage } from './built-page.ts';
import { type ConsoleFiles, consoleFolder, readConsole } from './console-files.ts';

/** The paths of the console's files begin so. */
export const consoleFilesPath = '/console/';

export interface Console {
  /** Answers with the page. */
  page(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Answers with one of its files. */
  file(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
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
};

/** The web page for people, from the package. */
export function createConsole(): Console {
  const files = builtOnce(
    () => readConsole(consoleFolder),
    async () => (await import('./console-bundle.ts')).bundleConsole(),
  );
  let served: Promise<ReadonlyMap<string, BuiltPage>> | undefined;
  const pages = () => {
    served ??= files().then(pagesOf);
    return served;
  };

  return {
    async page(request, response) {
      answerBuiltPage(request, response, (await pages()).get('') as BuiltPage);
    },
    async file(request, response, { pathname }) {
      const file = (await pages()).get(pathname.slice(consoleFilesPath.length) || '/');
      if (file !== undefined && request.method === 'GET') answerBuiltPage(request, response, file);
      else replyJson(response, 404, { error: `There is nothing at ${pathname}.` });
    },
  };
}

/** By name; the page has none. */
async function pagesOf({ page, files }: ConsoleFiles): Promise<ReadonlyMap<string, BuiltPage>> {
  const entries = files.map(async ({ name, type, content }) => {
    const headers = { 'Content-Type': type, 'Cache-Control': cachingOf(name) };
    return [name, await builtPage(content, headers)] as const;
  });
  return new Map([['', await builtPage(page, pageHeaders)], ...(await Promise.all(entries))]);
}

/** A name with a digest belongs to one content for ever. */
const cachingOf = (name: string): string =>
  /-[0-9a-f]{16}\./.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache';
