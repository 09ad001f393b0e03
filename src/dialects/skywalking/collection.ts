import { type ServerReadableStream, status } from '@grpc/grpc-js';
import { Forbidden, Unauthenticated } from '../../access/principal.ts';
import { sentWith } from '../../event/traceparent.ts';
import { BatchReporter } from '../../intake/batch-reporter.ts';
import type { Intake } from '../../intake/intake.ts';
import { isForbidden } from '../../intake/rejected.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import type { SkipCounter } from '../../telemetry/skip-counter.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import { draftOf } from './decode.ts';
import { MalformedMessage } from './message.ts';
import type { Received } from './wire.ts';

export interface CollectionOptions {
  readonly strict: boolean;
  /** How many events are reported in one call of the intake. */
  readonly maxBatch: number;
}

export type Call = ServerReadableStream<Received, object>;

/** The status of a call that failed. */
export interface Status {
  readonly code: status;
  readonly details: string;
}

/** Who reports in a call, with the rights of the moment. */
export type CollectionCaller = Pick<Caller, 'context' | 'watch'>;

/** The end of a call waits this long for a journal that is down. */
const endTimeoutMs = 4_000;

const denied: Status = {
  code: status.PERMISSION_DENIED,
  details: 'The Authentication metadata is wrong, or does not allow to report these events.',
};

const missingLayer: Status = {
  code: status.INVALID_ARGUMENT,
  details: 'Layer field is required since v9.0.0, please upgrade your event report tools',
};

/** One call of EventService.collect: takes its events as they arrive, and ends once all of them are recorded. */
export class Collection {
  /** Resolves at the end of the call: null when every event was taken. */
  readonly outcome: Promise<Status | null>;
  readonly #call: Call;
  readonly #caller: CollectionCaller;
  readonly #skipped: SkipCounter;
  readonly #strict: boolean;
  readonly #reporter: BatchReporter;
  readonly #traceparent: unknown;
  /** Whether some of the events may not be reported by this caller. */
  #denied = false;
  #end: (failure: Status | null) => void = () => {};

  constructor(
    call: Call,
    caller: CollectionCaller,
    skipped: SkipCounter,
    options: CollectionOptions,
  ) {
    this.#call = call;
    this.#caller = caller;
    this.#skipped = skipped;
    this.#strict = options.strict;
    this.#traceparent = call.metadata.get('traceparent')[0];
    this.#reporter = new BatchReporter({ report: this.#report }, skipped, options.maxBatch);
    this.outcome = new Promise((resolve) => {
      this.#end = resolve;
    });
    call.on('data', (received: Received) => this.#take(received));
    call.on('end', () => void this.#finish(null));
    call.on(
      'cancelled',
      () => void this.#finish({ code: status.CANCELLED, details: 'Cancelled.' }),
    );
    call.on('error', () => {});
    if (call.cancelled) void this.#finish(denied);
  }

  /** Ends the call before its client does, as the gateway stops. */
  stop(): void {
    void this.#finish({ code: status.UNAVAILABLE, details: 'The gateway is stopping.' });
  }

  /** Ends the call, as its caller may not go on as it began. */
  deny(): void {
    void this.#finish(denied);
  }

  readonly #report: Intake['report'] = async (drafts, wait) => {
    const results = await this.#caller.context.intake.report(drafts, wait);
    this.#denied ||= results.some(isForbidden);
    return results;
  };

  #take({ event, bytes }: Received): void {
    if (event instanceof MalformedMessage) {
      this.#skipped.skip(bytes, event.message);
      return;
    }
    if (this.#strict && event.layer === '') {
      this.#skipped.skip(bytes, missingLayer.details);
      void this.#finish(missingLayer);
      return;
    }
    const draft = draftOf(event, this.#caller.context.now());
    this.#reporter.add(sentWith(draft, this.#traceparent), bytes.length);
    if (this.#reporter.full) void this.#makeRoom();
  }

  /** By gRPC's flow control the client waits until its events are recorded. */
  async #makeRoom(): Promise<void> {
    this.#call.pause();
    try {
      await this.#reporter.emptied();
      if (this.#denied) this.#end(denied);
      else this.#call.resume();
    } catch (error) {
      this.#end(statusOf(error, this.#caller.context.log));
    }
  }

  async #finish(failure: Status | null): Promise<void> {
    this.#call.removeAllListeners('data').pause();
    this.#reporter.losePatience(endTimeoutMs);
    try {
      await this.#reporter.emptied();
      this.#end(failure ?? (this.#denied ? denied : null));
    } catch (error) {
      this.#end(statusOf(error, this.#caller.context.log));
    }
  }
}

export function statusOf(error: unknown, log: Log): Status {
  if (error instanceof Unauthenticated || error instanceof Forbidden) return denied;
  if (error instanceof Unavailable) return { code: status.UNAVAILABLE, details: error.message };
  logUnexpectedError(log, { error, where: "SkyWalking's gRPC interface" });
  return { code: status.INTERNAL, details: 'Internal error.' };
}
