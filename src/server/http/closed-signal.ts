import type { ServerResponse } from 'node:http';

/** Aborted when the client closes its connection before it has the whole answer. */
export function closedSignal(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) closed.abort();
  });
  return closed.signal;
}
