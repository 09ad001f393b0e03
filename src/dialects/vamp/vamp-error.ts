import { stringifyJson } from '../../event/json.ts';

/** Characters of a message, which may repeat what the client sent. */
const maxMessage = 1_000;

/** A request that Vamp rejects: answered with the status and `{"message": …}`. The messages are Vamp's own. */
export class VampError extends Error {
  override readonly name = 'VampError';
  readonly status: number;

  constructor(message: string, status = 400, options?: ErrorOptions) {
    super(message.length > maxMessage ? `${message.slice(0, maxMessage)}…` : message, options);
    this.status = status;
  }
}

export const missingValue = (path: string): VampError =>
  new VampError(`Can't find any value for path: /${path}`);

export const unexpectedType = (path: string): VampError =>
  new VampError(`Unexpected type for path '${path}'.`);

export const noNestedElement = (path: string): VampError =>
  new VampError(`Can't find a nested element for path '${path}'.`);

export const unexpectedInDsl = (leftover: unknown): VampError =>
  new VampError(`Unexpected in DSL: ${stringifyJson(leftover)}`);

export const unparsable = (reason: string, cause?: unknown): VampError =>
  new VampError(`Error: ${reason}`, 400, { cause });
