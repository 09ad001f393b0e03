import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** A body that is rejected, and the status of the answer. */
export class BodyError extends Error {
  override readonly name: string = 'BodyError';
  readonly status: 400 | 413 | 415;

  constructor(message: string, options: ErrorOptions & { readonly status: BodyError['status'] }) {
    super(message, options);
    this.status = options.status;
  }
}

/** The body is longer than the limit. */
class BodyTooLarge extends BodyError {
  override readonly name = 'BodyTooLarge';

  constructor(maxBytes: number, options?: ErrorOptions) {
    super(`The body is longer than ${maxBytes} bytes.`, { ...options, status: 413 });
  }
}

/** The client closed the connection within the body: there is nobody to answer, and nothing to log. */
export class BodyAborted extends Error {
  override readonly name = 'BodyAborted';

  constructor() {
    super('The connection was closed within the body.');
  }
}

/**
 * The whole body as a string: UTF-8, plain or compressed with gzip.
 * @throws BodyError, BodyAborted
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  checkCharset(request);
  return (await readBytes(request, maxBytes)).toString('utf8');
}

/**
 * The whole body, inflated where it is compressed with gzip. Reading stops at the limit, which also holds for the
 * inflated body, with the connection still open for an answer.
 * @throws BodyError, BodyAborted
 */
export async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = encodingOf(request);
  const bytes = await receive(request, maxBytes);
  return encoding === 'gzip' ? await inflate(bytes, maxBytes) : bytes;
}

function checkCharset({ headers }: IncomingMessage): void {
  const [, charset] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '') ?? [];
  if (charset === undefined || /^(utf-?8|us-ascii)$/i.test(charset)) return;
  throw new BodyError('The body must be UTF-8.', { status: 415 });
}

function encodingOf({ headers }: IncomingMessage): 'gzip' | 'identity' {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return 'identity';
  if (encoding === 'gzip' || encoding === 'x-gzip') return 'gzip';
  throw new BodyError('The body must be plain or compressed with gzip.', { status: 415 });
}

function receive(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      reject(new BodyTooLarge(maxBytes));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= maxBytes) return;
      request.off('data', take).pause();
      reject(new BodyTooLarge(maxBytes));
    };
    request.on('data', take);
    request.on('end', () => {
      const [whole] = chunks;
      resolve(whole !== undefined && chunks.length === 1 ? whole : Buffer.concat(chunks));
    });
    request.on('error', () => reject(new BodyAborted()));
    request.on('close', () => {
      if (!request.complete) reject(new BodyAborted());
    });
  });
}

/** Whether the body is JSON by its Content-Type. */
export const hasJsonBody = ({ headers }: IncomingMessage): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '');

async function inflate(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BodyTooLarge(maxBytes, { cause });
    }
    throw new BodyError('The body is not in the format of gzip.', { status: 400, cause });
  }
}
