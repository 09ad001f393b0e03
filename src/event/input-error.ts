/** A caller's mistake, told to the caller: GraphQL answers it as BAD_USER_INPUT, HTTP as 400. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** The argument at fault: ['filter', 'time', 'gt']. */
  readonly argument: readonly string[];

  constructor(argument: readonly string[], message: string, options?: ErrorOptions) {
    super(message, options);
    // Not `path`: graphql-js takes an error with that for one that it has placed in the answer itself.
    this.argument = argument;
  }
}

/** A text of a caller's inside a sentence: in quotation marks, and cut where it is long. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
