import { InputError } from '../../event/input-error.ts';

/** A mistake in an expression, at a character of it. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** Of the first character at fault, from 0. */
  readonly position: number;

  /** @param reason a sentence, to which the position is added */
  constructor(position: number, reason: string) {
    super(`At character ${position + 1}: ${reason}`);
    this.position = position;
  }

  /** The same about the argument that holds the expression. */
  asInputError(path: readonly string[]): InputError {
    return new InputError(path, this.message, { cause: this });
  }
}
