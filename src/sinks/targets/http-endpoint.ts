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
  /** What is under way, by the signal that ends it. */
  readonly #ends = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();
  #isAllowed = false;

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
    this.#isAllowed ||= network.allowsHost(url.hostname);
    if (!this.#isAllowed) throw new ForbiddenAddress(url.hostname);
    return await new Promise((resolve, reject) => {
      const exchange = this.#open(sent);
      const end = (reason: unknown) => {
        reject(reason);
        exchange.destroy();
      };
      const forget = this.#endWith(sent.signal, end);
      const timer = setTimeout(
        () => end(new Error(`No answer within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      exchange.on('close', () => {
        clearTimeout(timer);
        forget();
      });
      exchange.on('error', reject);
      exchange.on('response', (response) => this.#read(response, resolve, reject));
      exchange.end(sent.body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  /** Ends an exchange when the signal is aborted: with one listener for all of a signal, which adding takes long. */
  #endWith(signal: AbortSignal, end: (reason: unknown) => void): () => void {
    let ends = this.#ends.get(signal);
    if (ends === undefined) {
      const all = new Set<(reason: unknown) => void>();
      ends = all;
      this.#ends.set(signal, all);
      signal.addEventListener(
        'abort',
        () => {
          for (const each of all) each(signal.reason);
        },
        { once: true },
      );
    }
    ends.add(end);
    return () => ends.delete(end);
  }

  #open({ method, path, headers, body }: HttpRequest): ClientRequest {
    const { url } = this.#options;
    const open = url.protocol === 'https:' ? secureRequest : request;
    return open(path === undefined ? url : new URL(path, url), {
      method,
      agent: this.#agent,
      headers: {
        'User-Agent': 'Tidings',
        ...headers,
        ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
      },
    });
  }

  /** By events, which take a third of the time of an iterator. */
  #read(
    response: IncomingMessage,
    resolve: (answer: HttpAnswer) => void,
    reject: (reason: unknown) => void,
  ): void {
    const { maxResponseBytes, maxKeptBytes } = this.#options;
    const kept: Buffer[] = [];
    let bytes = 0;
    const answer = () => {
      const { statusCode: status = 0, headers } = response;
      const text = Buffer.concat(kept).subarray(0, maxKeptBytes).toString();
      resolve({ status, headers, text: text.replaceAll('\0', '\ufffd') });
    };
    response.on('data', (chunk: Buffer) => {
      if (bytes < maxKeptBytes) kept.push(chunk);
      bytes += chunk.length;
      if (bytes <= maxResponseBytes) return;
      answer();
      response.destroy();
    });
    response.on('end', answer);
    response.on('error', reject);
    response.on('close', () => reject(new Error('The connection ended before the answer did.')));
  }
}
