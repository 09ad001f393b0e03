import { randomBytes } from 'node:crypto';
import { pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { ConsentTable } from '../store/sinks/consent-table.ts';
import { type TargetFailed, targetFailed } from './target.ts';
import type { HttpAnswer } from './targets/http-endpoint.ts';

/** Requests a minute that targets are asked for. */
const askedRate = 60_000;
const largestRate = 2 ** 31 - 1;
const minuteMs = 60_000;
const tokenBytes = 32;
const maxPaces = 10_000;

export interface ConsentsOptions {
  readonly table: ConsentTable;
  /** The name in DNS by which targets know this gateway. */
  readonly origin: string;
  /** Where targets reach the gateway; null where they cannot. */
  readonly publicUrl: string | null;
}

/** Sends OPTIONS with these headers. */
type Ask = (headers: Readonly<Record<string, string>>) => Promise<HttpAnswer>;

/**
 * The handshake of CloudEvents' HTTP 1.1 Web Hooks: a target is sent nothing before it has consented, by the headers of
 * its answer to OPTIONS or later by a request to the callback, and no more in a minute than it has allowed.
 */
export class Consents {
  readonly #options: ConsentsOptions;
  /** By sink: its replays keep the rate together with it. */
  readonly #paces = new Map<string, Pace>();
  #callbackPath: string | null = null;

  constructor(options: ConsentsOptions) {
    this.#options = options;
  }

  /** Somebody takes requests to this path with a token after it, by which targets consent later. */
  answeredAt(path: string): void {
    this.#callbackPath = path;
  }

  /** @param sinkId null for a sink that is not saved: its target can only consent at once */
  of(sinkId: string | null, url: string): Consent {
    const { table, origin, publicUrl } = this.#options;
    const path = this.#callbackPath;
    const callbackUrl =
      sinkId === null || path === null || publicUrl === null ? null : new URL(path, publicUrl).href;
    return new Consent({ table, origin, sinkId, url, callbackUrl, pace: this.#paceOf(sinkId) });
  }

  /** A target consents by the callback. False where nobody was asked with the token. @throws Unavailable */
  grant(token: string, rate: string | undefined): Promise<boolean> {
    return this.#options.table.grant(token, rateOf(rate));
  }

  #paceOf(sinkId: string | null): Pace {
    if (sinkId === null) return new Pace();
    const pace = this.#paces.get(sinkId) ?? new Pace();
    // Put last: the first is the one that was not asked for the longest.
    this.#paces.delete(sinkId);
    this.#paces.set(sinkId, pace);
    const [first] = this.#paces.keys();
    if (first !== undefined && this.#paces.size > maxPaces) this.#paces.delete(first);
    return pace;
  }
}

interface ConsentOptions extends Pick<ConsentsOptions, 'table' | 'origin'> {
  readonly sinkId: string | null;
  readonly url: string;
  /** A token is appended; null where the target cannot call back. */
  readonly callbackUrl: string | null;
  readonly pace: Pace;
}

/** The consent of one target, asked for before its first message. */
export class Consent {
  readonly #options: ConsentOptions;
  #asking: Promise<TargetFailed | null> | null = null;

  constructor(options: ConsentOptions) {
    this.#options = options;
  }

  /** Headers of every message. */
  get headers(): Readonly<Record<string, string>> {
    return { 'WebHook-Request-Origin': this.#options.origin };
  }

  /**
   * Resolves with null once a message may be sent, else with why not: the next message asks again.
   * Rejects where the signal is aborted.
   */
  async obtain(ask: Ask, signal: AbortSignal): Promise<TargetFailed | null> {
    this.#asking ??= this.#ask(ask).catch(targetFailed);
    const failed = await this.#asking;
    signal.throwIfAborted();
    if (failed !== null) {
      this.#asking = null;
      return failed;
    }
    await this.#options.pace.turn(signal);
    signal.throwIfAborted();
    return null;
  }

  async #ask(ask: Ask): Promise<TargetFailed | null> {
    const { origin, callbackUrl, pace } = this.#options;
    const earlier = await this.#earlier();
    if (earlier?.granted) {
      pace.rate = earlier.rate;
      return null;
    }
    const answer = await ask({
      ...this.headers,
      'WebHook-Request-Rate': String(askedRate),
      ...(earlier !== null && { 'WebHook-Request-Callback': `${callbackUrl}${earlier.token}` }),
    });
    const allowed = answer.header('webhook-allowed-origin');
    if (allowed === '*' || allowed?.toLowerCase() === origin.toLowerCase()) {
      pace.rate = rateOf(answer.header('webhook-allowed-rate'));
      return null;
    }
    const later = earlier === null ? '' : ', nor has it called back yet';
    return {
      kind: 'TARGET_FAILED',
      status: answer.status,
      response: `The target does not consent: its answer to OPTIONS does not have WebHook-Allowed-Origin: ${origin}${later}.`,
      retryAfterMs: null,
    };
  }

  /** What was asked before; null where the target cannot call back. */
  async #earlier() {
    const { table, sinkId, url, callbackUrl } = this.#options;
    if (callbackUrl === null || sinkId === null) return null;
    const newToken = randomBytes(tokenBytes).toString('base64url');
    try {
      return await table.asked(sinkId, url, newToken);
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      // The sink was deleted at this moment.
      return null;
    }
  }
}

/** Requests a minute; null for any number. A rate that cannot be read, or is not given, is the one that was asked for. */
function rateOf(text: string | undefined): number | null {
  const given = text?.trim() ?? '';
  if (given === '*') return null;
  return /^[1-9]\d{0,15}$/.test(given) ? Math.min(Number(given), largestRate) : askedRate;
}

/** Spreads requests over time, so that none of the minutes has more than the rate. */
class Pace {
  /** Requests a minute; null for any number. */
  rate: number | null = null;
  #nextMs = 0;

  async turn(signal: AbortSignal): Promise<void> {
    if (this.rate === null) return;
    const now = performance.now();
    const turnMs = Math.max(now, this.#nextMs);
    this.#nextMs = turnMs + minuteMs / this.rate;
    if (turnMs > now) await pause(turnMs - now, signal);
  }
}
