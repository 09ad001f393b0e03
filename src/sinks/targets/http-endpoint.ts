import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  type RequestOptions,
  request,
} from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { urlToHttpOptions } from 'node:url';
import { replaced } from '../../event/text.ts';
import { ForbiddenAddress, type NetworkPolicy } from '../network-policy.ts';

/** How an https:// address is verified, and what it is shown. */
export type TlsOptions = Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca' | 'cert' | 'key'>;

export interface HttpEndpointOptions {
  readonly url: URL;
  /** The whole exchange must end within it. */
  readonly timeoutMs: number;
  /** Null for an address that the operator names: it may be anywhere. */
  readonly network: Pick<NetworkPolicy, 'allowsHost' | 'lookup'> | null;
  readonly tls?: TlsOptions | undefined;
  /** Bytes of an answer that are read; one that is longer is cut off with its connection. */
  readonly maxResponseBytes: number;
  /** Bytes of it that are kept. */
  readonly maxKeptBytes: number;
}

interface HttpRequest {
  readonly method: string;
  /** With its query; that of the URL where it is absent. */
  readonly path?: string;
  /** Each name once, in whatever case. */
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  /** By the name in lower case: node reads all of them when one is asked for. */
  readonly header: (name: string) => string | undefined;
  /** The beginning of the body. */
  readonly text: string;
}

/** Requests that one signal ends. */
interface UnderWay {
  readonly ends: Set<(reason: unknown) => void>;
  readonly listener: () => void;
}

const maxSockets = 64;

/** Sends requests to one server, each within bounds of time and size. Redirects are answers like any other. */
export class HttpEndpoint implements AsyncDisposable {
  readonly #options: HttpEndpointOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  /** Of the URL, which is read once instead of for each request; no more than is needed, as node copies it. */
  readonly #address: Pick<RequestOptions, 'hostname' | 'port' | 'path'>;
  /** What is under way, by the signal that ends it: one listener for all of a signal, as adding one takes long. */
  readonly #underWay = new Map<AbortSignal, UnderWay>();
  #isAllowed = false;

  constructor(options: HttpEndpointOptions) {
    const { url, network, tls } = options;
    this.#options = options;
    const { hostname, port, path } = urlToHttpOptions(url);
    this.#address = { hostname, port, path };
    const settings = { keepAlive: true, maxSockets, ...(network && { lookup: network.lookup }) };
    this.#agent =
      url.protocol === 'https:' ? new HttpsAgent({ ...settings, ...tls }) : new HttpAgent(settings);
  }

  /** Rejects where there is no answer: ForbiddenAddress where the network policy does not allow the address. */
  send(sent: HttpRequest): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      sent.signal.throwIfAborted();
      const { url, network, timeoutMs } = this.#options;
      this.#isAllowed ||= network === null || network.allowsHost(url.hostname);
      if (!this.#isAllowed) throw new ForbiddenAddress(url.hostname);
      const exchange = this.#open(sent);
      const done = () => {
        clearTimeout(timer);
        this.#done(sent.signal, end);
      };
      const answered = (answer: HttpAnswer) => {
        done();
        resolve(answer);
      };
      const failed = (reason: unknown) => {
        done();
        reject(reason);
      };
      const end = (reason: unknown) => {
        failed(reason);
        exchange.destroy();
      };
      const late = () => end(new Error(`No answer within ${timeoutMs} ms.`));
      const timer = setTimeout(late, timeoutMs);
      this.#begun(sent.signal, end);
      exchange.on('error', failed);
      exchange.on('response', (response) => this.#read(response, answered, failed));
      exchange.end(sent.body);
    });
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Error('The endpoint was closed.');
    for (const { ends } of this.#underWay.values()) for (const end of ends) end(closed);
    this.#agent.destroy();
  }

  #begun(signal: AbortSignal, end: (reason: unknown) => void): void {
    let underWay = this.#underWay.get(signal);
    if (underWay === undefined) {
      const ends = new Set<(reason: unknown) => void>();
      const listener = () => {
        for (const each of ends) each(signal.reason);
      };
      underWay = { ends, listener };
      this.#underWay.set(signal, underWay);
      signal.addEventListener('abort', listener);
    }
    underWay.ends.add(end);
  }

  /** The signal may live far longer than the endpoint: nothing is left at it. */
  #done(signal: AbortSignal, end: (reason: unknown) => void): void {
    const underWay = this.#underWay.get(signal);
    underWay?.ends.delete(end);
    if (underWay === undefined || underWay.ends.size > 0) return;
    this.#underWay.delete(signal);
    signal.removeEventListener('abort', underWay.listener);
  }

  #open({ method, path, headers, body }: HttpRequest): ClientRequest {
    const { url } = this.#options;
    const open = url.protocol === 'https:' ? secureRequest : request;
    // As a list, which node writes as it is: an object's fields are read, checked and stored one by one.
    const fields = ['Host', url.host];
    if (headers['User-Agent'] === undefined) fields.push('User-Agent', 'Tidings');
    for (const name in headers) fields.push(name, String(headers[name]));
    if (body !== undefined) fields.push('Content-Length', String(Buffer.byteLength(body)));
    const { hostname, port, path: ownPath } = this.#address;
    // Named one by one: an object that is spread into another takes several times as long here.
    return open({
      hostname,
      port,
      path: path ?? ownPath,
      method,
      agent: this.#agent,
      headers: fields,
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
    const header = (name: string) => response.headers[name]?.toString();
    const answer = () => {
      const { statusCode: status = 0 } = response;
      resolve({ status, header, text: textOf(kept, maxKeptBytes) });
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
    response.on('close', () => {
      if (!response.complete) reject(new Error('The connection ended before the answer did.'));
    });
  }
}

function textOf(chunks: readonly Buffer[], maxBytes: number): string {
  if (chunks.length === 0) return '';
  return replaced(Buffer.concat(chunks).subarray(0, maxBytes).toString());
}
