/**
 * A value as Python's converter sees it. A number without a fraction within 2^53 is an int, any other
 * number a float; ints beyond are bigints, and floats without a fraction (1.0, 1e16) are WholeFloats.
 */
export type Value = null | boolean | number | bigint | WholeFloat | string | Value[] | Dict;

export interface Dict {
  [name: string]: Value;
}

/** A float that JavaScript cannot distinguish from an int: Python prints it as 1.0. `valueOf` gives the number. */
export class WholeFloat {
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  valueOf(): number {
    return this.#number;
  }
}

/** Python's converter would lose this event to an exception. The message is a clause that says why. */
export class ConversionError extends Error {
  override readonly name = 'ConversionError';
}

export const float = (number: number): number | WholeFloat =>
  Number.isSafeInteger(number) ? new WholeFloat(number) : number;

export const integer = (big: bigint): number | bigint =>
  big >= Number.MIN_SAFE_INTEGER && big <= Number.MAX_SAFE_INTEGER ? Number(big) : big;

export function isDict(value: Value | undefined): value is Dict {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof WholeFloat)
  );
}

/** Python's isinstance(value, int): True and False are ints too. */
export const isInt = (value: Value): value is number | bigint | boolean =>
  typeof value === 'boolean' || typeof value === 'bigint' || Number.isSafeInteger(value);

export const isFloat = (value: Value): value is number | WholeFloat =>
  value instanceof WholeFloat || (typeof value === 'number' && !Number.isSafeInteger(value));

export function typeName(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isDict(value)) return 'an object';
  if (typeof value === 'boolean') return 'a boolean';
  return typeof value === 'string' ? 'a string' : 'a number';
}

const orders = new WeakMap<Dict, readonly string[]>();

/** Remembers the order in which a document named its members, where JavaScript would not keep it. */
export function keepOrder(dict: Dict, names: readonly string[]): void {
  orders.set(dict, names);
}

/** The member names in the document's order: JavaScript alone would put "10" before "a". */
export const namesOf = (dict: Dict): readonly string[] => orders.get(dict) ?? Object.keys(dict);

/** Sets a member whatever its name, `__proto__` included. */
export function setMember(dict: Dict, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(dict, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else dict[name] = value;
}
