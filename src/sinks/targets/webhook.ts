import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request } from 'node:http';
import { Agent as HttpsAgent, request as secureRequest } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { ForbiddenAddress, type NetworkPolicy } from '../network-policy.ts';
import { signatureHeaders } from '../signature.ts';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  maxKeptResponseBytes,
  type Target,
  targetFailed,
} from '../target.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The keys that messages are signed with, the newest first; none where they are not signed. */
  readonly keys: () => readonly Buffer[];
  readonly timeoutMs: number;
  readonly network: NetworkPolicy;
  /** How an https:// target is verified, and what it is shown. */
  readonly tls?: Pick<ConnectionOptions, 'rejectUnauthorized' | 'ca' | 'cert' | 'key'> | undefined;
}

const maxSockets = 64;
const maxResponseBytes = 65_536;
const longestRetryAfterMs = 24 * 3_600_000;

/** Posts messages to a URL. Redirects are not followed, and the whole exchange must end within the time-out. */
export class WebhookTarget implements Target {
  readonly #options: WebhookOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    const settings = { keepAlive: true, maxSockets, lookup: options.network.lookup };
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ ...settings, ...options.tls })
        : new HttpAgent(settings);
  }

  async deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    delivery.signal.throwIfAborted();
    try {
      const { hostname } = this.#url;
      if (!this.#options.network.allowsHost(hostname)) throw new ForbiddenAddress(hostname);
      return await this.#exchange(delivery);
    } catch (error) {
      delivery.signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent.destroy();
  }

  #exchange(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const { timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = this.#open(delivery);
      const timer = setTimeout(() => {
        reject(new Error(`No answer within ${timeoutMs} ms.`));
        sent.destroy();
      }, timeoutMs);
      sent.on('close', () => clearTimeout(timer));
      sent.on('error', reject);
      sent.on('response', (response) => {
        readResponse(response).then((text) => resolve(outcomeOf(response, text)), reject);
      });
      sent.end(delivery.message.body);
    });
  }

  #open({ message, messageId, headers, signal }: DeliveryRequest): ClientRequest {
    const { body } = message;
    const keys = this.#options.keys();
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const open = this.#url.protocol === 'https:' ? secureRequest : request;
    return open(this.#url, {
      method: 'POST',
      agent: this.#agent,
      signal,
      headers: {
        'User-Agent': 'Tidings',
        ...this.#options.headers,
        ...message.headers,
        ...headers,
        'Content-Type': message.contentType,
        'Content-Length': Buffer.byteLength(body),
        ...(keys.length > 0 && signatureHeaders({ id: messageId, timestampSeconds, body }, keys)),
      },
    });
  }
}

/** The beginning of the answer's body; one longer than 64 KiB is cut off with its connection. */
async function readResponse(response: IncomingMessage): Promise<string> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (bytes < maxKeptResponseBytes) kept.push(chunk);
    bytes += chunk.length;
    if (bytes > maxResponseBytes) break;
  }
  const text = Buffer.concat(kept).subarray(0, maxKeptResponseBytes).toString();
  return text.replaceAll('\0', '\ufffd');
}

/** Statuses by which a target says something of itself rather than of the message. */
const targetStatuses = new Set([401, 403, 404, 408, 429]);

function outcomeOf(
  { statusCode: status = 0, headers }: IncomingMessage,
  response: string,
): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: 'DELIVERED', status, response };
  if (status === 410) return { kind: 'TARGET_GONE', status, response };
  if (status >= 400 && status < 500 && !targetStatuses.has(status)) {
    return { kind: 'MESSAGE_REJECTED', status, response, final: false };
  }
  const retryAfter = retryAfterMs(headers['retry-after']);
  return { kind: 'TARGET_FAILED', status, response, retryAfterMs: retryAfter };
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}
