import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerBuiltPage, builtOnce } from './built-page.ts';
import { playgroundFolder, readPlayground } from './playground-files.ts';

/** GraphiQL with everything it needs inside the page, so that it opens without the internet. */
export function createPlayground(): (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> {
  // Nine megabytes that most gateways never show.
  const page = builtOnce(
    () => readPlayground(playgroundFolder),
    async () => (await import('./playground-page.ts')).renderPlayground(),
  );
  return async (request, response) => answerBuiltPage(request, response, await page());
}
