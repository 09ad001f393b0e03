import type { Dialect, EventSource, Instant, Json, Severity, TypedValue } from './event.ts';

/** A moment as a dialect knows it: an RFC 3339 string that is still to be parsed, or already an Instant. */
export type DraftTime = string | Instant;

export type DraftTrait = { readonly name: string } & (
  | TypedValue
  | { readonly type: 'DATETIME'; readonly value: string }
);

/** A report before anybody has checked it: a missing field is undefined or null. */
export interface EventDraft {
  readonly id?: string | null | undefined;
  readonly namespace?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly category?: string | null | undefined;
  readonly action?: string | null | undefined;
  readonly severity?: Severity | null | undefined;
  readonly source?:
    | { readonly [Field in keyof EventSource]?: EventSource[Field] | undefined }
    | null
    | undefined;
  readonly key?: string | null | undefined;
  readonly filterKeys?: readonly string[] | null | undefined;
  readonly message?: string | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
  readonly traits?: readonly DraftTrait[] | null | undefined;
  readonly value?: Json | undefined;
  readonly time?: DraftTime | null | undefined;
  readonly endTime?: DraftTime | null | undefined;
  /**
   * How a time that is too far in the future or is not a time is handled. REJECT, the default: the reporter can
   * correct it and report again. ARRIVAL, for senders that will not: the event gets the time of its arrival, and the
   * reported time becomes the trait `reportedTime` or `reportedEndTime`, a DATETIME, or a TEXT where it is not a time
   * of the years 0001 to 9999.
   */
  readonly clock?: 'REJECT' | 'ARRIVAL' | undefined;
  readonly raw?: Json | undefined;
  /** The W3C Trace Context in which it is reported; where traces are exported it becomes a trait. */
  readonly traceparent?: string | undefined;
  readonly dialect: Dialect;
}
