/** A caller's mistake: GraphQL answers it as BAD_USER_INPUT, HTTP as 400. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** The argument at fault: ['filter', 'time', 'gt']. */
  readonly argument: readonly string[];

  constructor(argument: readonly string[], message: string, options?: ErrorOptions) {
    super(message, options);
    // Not named `path`: graphql-js takes an error that has a path for one of its own.
    this.argument = argument;
  }
}

/** A caller's string within a sentence: in quotation marks, and cut after 77 characters. */
export const quoted = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
