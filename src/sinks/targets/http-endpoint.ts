import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { ForbiddenAddress, type NetworkPolicy } from '../network-policy.ts';

/** How an https:// address is verified, and what it is shown. */
export type TlsOptions = Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca' | 'cert' | 'key'>;

export interface HttpEndpointOptions {
  readonly url: URL;
  /** The whole exchange must end within it. */
  readonly timeoutMs: number;
  readonly network: Pick<NetworkPolicy, 'allowsHost' | 'lookup'>;
  readonly tls?: TlsOptions | undefined;
  /** Bytes of an answer that are read; one that is longer is cut off with its connection. */
  readonly maxResponseBytes: number;
  /** Bytes of it that are kept. */
  readonly maxKeptBytes: number;
}

interface HttpRequest {
  readonly method: string;
  /** Resolved against the URL; the URL itself where it is absent. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The beginning of the body. */
  readonly text: string;
}

const maxSockets = 64;

/** Sends requests to one server, each within bounds of time and size. Redirects are answers like any other. */
export class HttpEndpoint implements AsyncDisposable {
  readonly #options: HttpEndpointOptions;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: HttpEndpointOptions) {
    const { url, network, tls } = options;
    this.#options = options;
    const settings = { keepAlive: true, maxSockets, lookup: network.lookup };
    this.#agent =
      url.protocol === 'https:' ? new HttpsAgent({ ...settings, ...tls }) : new HttpAgent(settings);
  }

  /** Rejects where there is no answer: ForbiddenAddress where the network policy does not allow the address. */
  async send(sent: HttpRequest): Promise<HttpAnswer> {
    sent.signal.throwIfAborted();
    const { url, network, timeoutMs } = this.#options;
    if (!network.allowsHost(url.hostname)) throw new ForbiddenAddress(url.hostname);
    return await new Promise((resolve, reject) => {
      const exchange = this.#open(sent);
      const timer = setTimeout(() => {
        reject(new Error(`No answer within ${timeoutMs} ms.`));
        exchange.destroy();
      }, timeoutMs);
      exchange.on('close', () => clearTimeout(timer));
      exchange.on('error', reject);
      exchange.on('response', (response) => {
        const { statusCode: status = 0, headers } = response;
        this.#read(response).then((text) => resolve({ status, headers, text }), reject);
      });
      exchange.end(sent.body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  #open({ method, path, headers, body, signal }: HttpRequest): ClientRequest {
    const { url } = this.#options;
    const open = url.protocol === 'https:' ? secureRequest : request;
    return open(path === undefined ? url : new URL(path, url), {
      method,
      agent: this.#agent,
      signal,
      headers: {
        'User-Agent': 'Tidings',
        ...headers,
        ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
      },
    });
  }

  async #read(response: IncomingMessage): Promise<string> {
    const { maxResponseBytes, maxKeptBytes } = this.#options;
    const kept: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (bytes < maxKeptBytes) kept.push(chunk);
      bytes += chunk.length;
      if (bytes > maxResponseBytes) break;
    }
    const text = Buffer.concat(kept).subarray(0, maxKeptBytes).toString();
    return text.replaceAll('\0', '\ufffd');
  }
}
