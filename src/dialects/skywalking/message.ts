export type EventType = 'Normal' | 'Error';

/** The subject of an event; a part that was not given is empty. */
export interface MessageSource {
  readonly service: string;
  readonly serviceInstance: string;
  readonly endpoint: string;
}

/**
 * Milliseconds since the epoch; 0 or less where the report does not say. A bigint where a number would lose digits, as
 * in a time that was meant in nanoseconds.
 */
export type Int64 = number | bigint;

/** SkyWalking's Event, by any transport: a string that was not given is empty, a time 0. */
export interface EventMessage {
  /** Any string; joins the report of a start and the report of an end. */
  readonly uuid: string;
  readonly source: MessageSource;
  readonly name: string;
  readonly type: EventType;
  readonly message: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly startTime: Int64;
  readonly endTime: Int64;
  readonly layer: string;
}

/** A message that cannot be read as an Event; the sentence says why. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
  /** The answer by HTTP: 500 where SkyWalking itself answers it. */
  readonly status: 400 | 413 | 500;

  constructor(
    message: string,
    { status = 500, ...options }: ErrorOptions & { readonly status?: 400 | 413 | 500 } = {},
  ) {
    super(message, options);
    this.status = status;
  }
}

/** The type of a name, as SkyWalking reads it: in any letter case; unknown names are Normal. */
export const typeNamed = (name: string): EventType =>
  name.toLowerCase() === 'error' ? 'Error' : 'Normal';

/** The type of a protobuf enum number: 1 is Error. */
export const typeNumbered = (number: number): EventType => (number === 1 ? 'Error' : 'Normal');
