import type { Random } from './random.ts';

/** What is sent to the gateway, and when its answer counts as read. */
export type Input =
  | {
      readonly over: 'tcp';
      readonly port: 'http' | 'grpc';
      readonly bytes: Buffer;
      /** A whole request is answered; of anything else only silence is certain. */
      readonly until: 'answer' | 'silence';
    }
  | { readonly over: 'grpc'; readonly path: string; readonly bytes: Buffer };

export interface Surface {
  readonly name: string;
  /** Its share of all inputs, compared with that of others. */
  readonly weight: number;
  readonly make: (random: Random) => Input;
}

export interface HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

export type HttpHeader = HttpRequest['headers'][number];

/** The bytes of a request; its framing is right whatever is in it. */
export function httpBytes({ method, target, headers, body }: HttpRequest): Buffer {
  const content = Buffer.from(body ?? '');
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [
    `${method} ${target.replace(/[\r\n ]/g, '+')} HTTP/1.1`,
    ...(named.has('host') ? [] : ['Host: 127.0.0.1']),
    'Connection: close',
    ...headers.map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, ' ')}`),
    ...(content.length > 0 || method === 'POST' ? [`Content-Length: ${content.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content]);
}

export function httpInput(request: HttpRequest): Input {
  return { over: 'tcp', port: 'http', bytes: httpBytes(request), until: 'answer' };
}
