import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** A request as it is given: unlike fetch, with a body in a GET and without headers of its own. */
export function begin(url: string, { method = 'GET', headers = {}, body, signal }: Ask) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const options = { method, headers: { ...headers, ...length }, ...(signal && { signal }) };
    request(url, options, resolve).on('error', reject).end(body);
  });
}

export async function ask(url: string, options: Ask = {}): Promise<Reply> {
  const response = await begin(url, options);
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** A response that does not end, read as it comes. */
export class OpenStream implements AsyncDisposable {
  readonly #response: IncomingMessage;
  readonly #abort: AbortController;
  text = '';
  ended = false;

  private constructor(response: IncomingMessage, abort: AbortController) {
    this.#response = response;
    this.#abort = abort;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
    });
    response.on('close', () => {
      this.ended = true;
    });
    response.on('error', () => {});
  }

  static async open(url: string, options: Omit<Ask, 'signal'> = {}): Promise<OpenStream> {
    const abort = new AbortController();
    return new OpenStream(await begin(url, { ...options, signal: abort.signal }), abort);
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  /** Stops reading, as a client that has hung up without saying so. */
  stall(): void {
    this.#response.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }
}
