import type { TraitOperator, TraitValue } from '../client/schema.generated.ts';

interface Negatable {
  /** Written with a minus: only events that do not match. */
  readonly negated: boolean;
}

/** `type:Volume.*,Node.*`: one of the values. */
export interface FieldTerm extends Negatable {
  readonly kind: 'FIELD';
  /** The name of one of `fields`. */
  readonly field: string;
  /** As the API has them: ERROR, CONTROL_PLANE. */
  readonly values: readonly string[];
}

/** `trait.size>10`: one of the values, or with EXISTS none. */
export interface TraitTerm extends Negatable {
  readonly kind: 'TRAIT';
  readonly name: string;
  readonly op: TraitOperator;
  readonly values: readonly TraitValue[];
}

/** `since:1h`: a bound of the time when it happened, or began. */
export interface TimeTerm extends Negatable {
  readonly kind: 'TIME';
  readonly bound: 'gt' | 'gte' | 'lt' | 'lte';
  /** A TimeExpression of the API. */
  readonly value: string;
}

/** A word without a name. */
export interface WordTerm extends Negatable {
  readonly kind: 'WORD';
  readonly text: string;
  /** In quotes every character is itself, * and ? as well. */
  readonly quoted: boolean;
}

/** `(type:A OR tag:b)`: one of the branches, of each of which all terms. */
export interface GroupTerm extends Negatable {
  readonly kind: 'GROUP';
  readonly branches: readonly Terms[];
}

export type Term = FieldTerm | TraitTerm | TimeTerm | WordTerm | GroupTerm;

/** All of these. */
export type Terms = readonly Term[];

/** The reason why a filter string cannot be read, as a sentence that says what to change. */
export class FilterTextError extends Error {
  override readonly name = 'FilterTextError';
  /** The characters at fault: from the first, counted from 0, to the one after the last. */
  readonly from: number;
  readonly to: number;

  constructor(message: string, from: number, to: number) {
    super(message);
    this.from = from;
    this.to = to;
  }
}
