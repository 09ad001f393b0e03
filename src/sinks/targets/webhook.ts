import type { Consent } from '../consents.ts';
import type { NetworkPolicy } from '../network-policy.ts';
import { signatureHeaders } from '../signature.ts';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  maxKeptResponseBytes,
  type Target,
  targetFailed,
} from '../target.ts';
import { type HttpAnswer, HttpEndpoint, type TlsOptions } from './http-endpoint.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The keys that messages are signed with, the newest first; none where they are not signed. */
  readonly keys: () => readonly Buffer[];
  readonly timeoutMs: number;
  readonly network: NetworkPolicy;
  readonly tls?: TlsOptions | undefined;
  /** Obtained before the first message; null or absent where the target is not asked. */
  readonly consent?: Consent | null;
}

const maxResponseBytes = 65_536;
const longestRetryAfterMs = 24 * 3_600_000;

/** Posts messages to a URL. Redirects are not followed, and the whole exchange must end within the time-out. */
export class WebhookTarget implements Target {
  readonly #options: WebhookOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #endpoint: HttpEndpoint;

  constructor(options: WebhookOptions) {
    const { url, timeoutMs, network, tls } = options;
    this.#options = options;
    this.#headers = asWritten(options.headers);
    this.#endpoint = new HttpEndpoint({
      url: new URL(url),
      timeoutMs,
      network,
      tls,
      maxResponseBytes,
      maxKeptBytes: maxKeptResponseBytes,
    });
  }

  async deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    delivery.signal.throwIfAborted();
    try {
      const { consent } = this.#options;
      const { signal } = delivery;
      if (consent) {
        const failed = await consent.obtain((headers) => this.#ask(headers, signal), signal);
        if (failed !== null) return failed;
      }
      return outcomeOf(await this.#post(delivery));
    } catch (error) {
      delivery.signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endpoint[Symbol.asyncDispose]();
  }

  #ask(asked: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = { ...this.#headers, ...asked };
    return this.#endpoint.send({ method: 'OPTIONS', headers, signal });
  }

  #post({ message, messageId, headers, signal }: DeliveryRequest): Promise<HttpAnswer> {
    const { body } = message;
    const keys = this.#options.keys();
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    return this.#endpoint.send({
      method: 'POST',
      body,
      signal,
      headers: {
        'Content-Type': message.contentType,
        'webhook-id': messageId,
        ...this.#headers,
        ...message.headers,
        ...headers,
        ...this.#options.consent?.headers,
        ...(keys.length > 0 && signatureHeaders({ id: messageId, timestampSeconds, body }, keys)),
      },
    });
  }
}

/** Headers that a sink may set, and that the gateway sets as well, as it writes them. */
const sharedHeaders = new Map(
  ['User-Agent', 'traceparent'].map((name) => [name.toLowerCase(), name]),
);

/** A sink's headers, named so that the gateway's own replace them. */
const asWritten = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      sharedHeaders.get(name.toLowerCase()) ?? name,
      value,
    ]),
  );

/** Statuses by which a target says something of itself rather than of the message. */
const targetStatuses = new Set([401, 403, 404, 408, 429]);

/** What an answer means for the delivery: the table in docs/sinks.md. */
export function outcomeOf({ status, header, text: response }: HttpAnswer): DeliveryOutcome {
  if (status >= 200 && status < 300) return { kind: 'DELIVERED', status, response };
  if (status === 410) return { kind: 'TARGET_GONE', status, response };
  if (status >= 400 && status < 500 && !targetStatuses.has(status)) {
    return { kind: 'MESSAGE_REJECTED', status, response, final: false };
  }
  const retryAfter = retryAfterMs(header('retry-after'));
  return { kind: 'TARGET_FAILED', status, response, retryAfterMs: retryAfter };
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}
