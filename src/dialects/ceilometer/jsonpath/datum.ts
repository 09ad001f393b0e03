import { ConversionError, type Value } from '../python/value.ts';

/** A value found in a document, and its path; a computed value (a part of a string, a sum) has none. */
export class Datum {
  readonly value: Value;
  readonly parent: Datum | null;
  /** The member's name, or the position in a list as [0]. */
  readonly #label: string | number;

  constructor(value: Value, parent: Datum | null = null, label: string | number = '') {
    this.value = value;
    this.parent = parent;
    this.#label = label;
  }

  /** The same value in a list of its own, at the same position. */
  inList(): Datum {
    return new Datum([this.value], this.parent, this.#label);
  }

  root(): Datum {
    let datum: Datum = this;
    while (datum.parent !== null) datum = datum.parent;
    return datum;
  }

  /** The path as `payload.l.[1]`. */
  path(): string {
    if (this.parent === null) return '';
    const label = typeof this.#label === 'number' ? `[${this.#label}]` : this.#label;
    const above = this.parent.path();
    return this.parent.parent === null ? label : `${above}.${label}`;
  }
}

/** A document's parent is null, which most steps take for null and some fail on. */
export type Found = Datum | null;

/** All matches below one datum, in the document's order. @throws ConversionError where Python raises */
export type Find = (from: Found) => readonly Found[];

const nothing = new Datum(null);

export const orNull = (found: Found): Datum => found ?? nothing;

/** @throws ConversionError for the parent of a document */
export function present(found: Found): Datum {
  if (found === null) throw new ConversionError('a document has no parent');
  return found;
}
