import type { IncomingMessage, ServerResponse } from 'node:http';
import { reply } from '../../http/reply.ts';
import { playgroundFolder, readPlayground } from './playground-files.ts';
import type { PlaygroundPage } from './playground-page.ts';

/** GraphiQL with everything it needs inside the page, so that it opens without the internet. */
export function createPlayground(): (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> {
  let page: Promise<PlaygroundPage> | undefined;

  return async (request, response) => {
    // Nine megabytes that most gateways never show: read when somebody first looks.
    page ??= load();
    const { plain, gzipped, tag, headers } = await page;
    const caching = { ETag: tag, 'Cache-Control': 'no-cache', Vary: 'Accept, Accept-Encoding' };
    if (request.headers['if-none-match'] === tag) {
      response.writeHead(304, caching).end();
      return;
    }
    const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    reply(response, 200, zipped ? gzipped : plain, {
      ...caching,
      ...headers,
      ...(zipped && { 'Content-Encoding': 'gzip' }),
    });
  };
}

/** As the build made it; from the source there is no build, and it is made here. */
async function load(): Promise<PlaygroundPage> {
  if (!import.meta.url.endsWith('.ts')) return readPlayground(playgroundFolder);
  const { renderPlayground } = await import('./playground-page.ts');
  return renderPlayground();
}
