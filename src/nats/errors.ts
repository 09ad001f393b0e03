import { ErrorCode, NatsError } from 'nats';

const reasons: Readonly<Record<string, string>> = {
  [ErrorCode.ConnectionRefused]: 'the connection was refused',
  [ErrorCode.ConnectionClosed]: 'the connection was closed',
  [ErrorCode.Timeout]: 'no answer came in time',
  [ErrorCode.ConnectionTimeout]: 'no answer came in time',
  [ErrorCode.NoResponders]: 'nobody answers there: is JetStream on?',
  [ErrorCode.AuthorizationViolation]: 'the credentials were rejected',
  [ErrorCode.BadCreds]: 'the credentials file is not one of NATS',
  [ErrorCode.MaxPayloadExceeded]: "a message is larger than the server's max_payload",
};

/** Why NATS failed, as a clause: `the connection was refused`. */
export function natsReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof NatsError)) return error.message;
  return error.api_error?.description ?? reasons[error.code] ?? error.message;
}

/** JetStream's own number for an error; 0 where there is none. */
export const jetStreamError = (error: unknown): number =>
  error instanceof NatsError ? (error.api_error?.err_code ?? 0) : 0;

/** JetStream's numbers for a message that it will never accept. */
const tooLargeForStream = [10_054, 10_097];

/** True where a message failed because it is larger than the server or the stream takes. */
export const isTooLarge = (error: unknown): boolean =>
  error instanceof NatsError &&
  (error.code === ErrorCode.MaxPayloadExceeded || isTooLargeForStream(jetStreamError(error)));

/** @param number JetStream's own number for an error */
export const isTooLargeForStream = (number: number): boolean => tooLargeForStream.includes(number);

export const streamNotFound = 10_059;
export const streamNameInUse = 10_058;
export const streamSubjectsOverlap = 10_065;
export const consumerNotFound = 10_014;
