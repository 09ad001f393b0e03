import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';

/** Reads the journal in order, at least once, over restarts and gateways. One gateway runs it at a time. */
export interface DurableConsumer {
  /** Unique and never changed: sink:3f…, alarms. */
  readonly name: string;
  /** Which events it wants, its owner's rights included. */
  readonly filter: Filter;
  /** Events that may be given to it again after an abrupt end: those that are unsettled, or settled and not saved. */
  readonly maxRepeatedEvents: number;
  /** Begins to work for a lease; called whenever this gateway takes the consumer over. */
  begin(lease: ConsumerLease): ConsumerRun | Promise<ConsumerRun>;
}

/** The right to run a consumer. */
export interface ConsumerLease {
  /** Everything up to here was settled when the lease was taken. */
  readonly cursor: number;
  /** Grows whenever the consumer changes hands: it fences writes of a holder that has lost its lease. */
  readonly epoch: number;
  /** Aborted before another gateway may take over: no work goes on after it. */
  readonly signal: AbortSignal;
  /** Whether the lease is held at this moment, by the clock: a process that was halted learns of its end too late. */
  readonly isHeld: () => boolean;
}

/** One stretch of work under one lease. */
export interface ConsumerRun {
  /**
   * Takes events in index order, and resolves once they are settled: then the cursor may move to upTo. It may be
   * called again before; what it rejects with ends the run, which begins again at the cursor after a pause. Events may
   * be empty: nothing matched up to there.
   */
  handle(events: readonly Event[], upTo: number): Promise<void>;
  /** Retention has deleted what was recorded after `from` and up to `to` before it was handed over. */
  gap(from: number, to: number): Promise<void>;
  /** The run is over; everything that handle was given may be given again. */
  end(): Promise<void> | void;
}
