/** Limits of one call and of one event. */
export interface IntakeLimits {
  /** Events in one call. */
  readonly events: number;
  /** Size of one event as JSON. */
  readonly eventBytes: number;
  /** Tags as reported, before they are expanded. */
  readonly tags: number;
  readonly traits: number;
  readonly filterKeys: number;
  /** How far a time may lie in the future. */
  readonly futureMicros: number;
}

export const defaultLimits: IntakeLimits = {
  events: 1000,
  eventBytes: 256 * 1024,
  tags: 64,
  traits: 128,
  filterKeys: 64,
  futureMicros: 300_000_000,
};
