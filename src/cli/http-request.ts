import type { IncomingMessage, RequestOptions } from 'node:http';

interface Sent {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the wait for the answer, and for its body. */
  readonly signal: AbortSignal;
}

/**
 * Sends one request, and resolves with the answer to it, whatever its status; redirects are answers. Not by fetch, which
 * takes longer to load than everything else of a command.
 */
export async function send(url: URL, { body, ...sent }: Sent): Promise<IncomingMessage> {
  const { request } = await (url.protocol === 'https:'
    ? import('node:https')
    : import('node:http'));
  const options: RequestOptions = sent;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body);
  });
  // Else its body would end as if the server had hung up.
  const { signal } = sent;
  signal.addEventListener('abort', () => response.destroy(signal.reason), { once: true });
  return response;
}

export async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}
