import type { Event } from '../event/event.ts';
import type { EncodedMessage } from './encoder.ts';

/** One attempt to deliver one message. */
export interface DeliveryRequest {
  readonly message: EncodedMessage;
  /** The same over all attempts and replays of the message: evt_<event id>_<index>. */
  readonly messageId: string;
  /** The key by which the message is ordered; null where it has none. */
  readonly key: string | null;
  /** Headers or properties that every target is sent: tidings-index, tidings-sink, tidings-attempt, tidings-replay. */
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the attempt, whose outcome is then unknown. */
  readonly signal: AbortSignal;
}

/** What became of an attempt, and by that what is at fault. */
export type DeliveryOutcome = {
  /** The target's status code, where it has such. */
  readonly status: number | null;
  /** The first 1,024 bytes of the answer, or what went wrong. */
  readonly response: string | null;
} & (
  | { readonly kind: 'DELIVERED' }
  /** The target is down or rejects everything: nothing is wrong with the event. */
  | { readonly kind: 'TARGET_FAILED'; readonly retryAfterMs: number | null }
  /** The target says that it will not come back. */
  | { readonly kind: 'TARGET_GONE' }
  /** The target rejects this message and may take others; `final` where no retry can change that. */
  | { readonly kind: 'MESSAGE_REJECTED'; readonly final: boolean }
);

export type TargetFailed = DeliveryOutcome & { readonly kind: 'TARGET_FAILED' };

/** Where messages go. */
export interface Target extends AsyncDisposable {
  /** Where a message about an event goes, where that depends on the event: as headers that are kept with the message. */
  addressOf?(event: Event): Readonly<Record<string, string>>;
  /** Never rejects, except where the signal is aborted. */
  deliver(request: DeliveryRequest): Promise<DeliveryOutcome>;
}

/** The longest piece of an answer that is kept. */
export const maxKeptResponseBytes = 1_024;

/** The outcome where a target could not be used, with why. */
export const targetFailed = (error: unknown): TargetFailed => ({
  kind: 'TARGET_FAILED',
  status: null,
  response: reasonOf(error),
  retryAfterMs: null,
});

/** In a few words; of an error of several attempts to connect the first. */
function reasonOf(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first.message || first.name : String(first);
}
