import type { IncomingMessage } from 'node:http';

/** The body is longer than the limit: answered 413. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';

  constructor(limit: number) {
    super(`The body is longer than ${limit} bytes.`);
  }
}

/**
 * The whole body as text. Reading stops at the limit, with the connection still open for an answer.
 * @throws BodyTooLarge; and whatever ended the connection before the body did
 */
export function readBody(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      reject(new BodyTooLarge(limit));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= limit) return;
      request.off('data', take).pause();
      reject(new BodyTooLarge(limit));
    };
    request.on('data', take);
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new Error('The connection ended within the body.'));
    });
  });
}

/** Whether the body is JSON by its Content-Type. */
export const hasJsonBody = ({ headers }: IncomingMessage): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '');
