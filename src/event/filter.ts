import type { Dialect, Instant, Plane, Severity, TypedValue } from './event.ts';

/** Whole instants, both ends included; a missing end is open. */
export interface TimeSpan {
  readonly from: Instant | null;
  readonly to: Instant | null;
}

/** A Nomad topic: `*` as null. Topic `Job` is {category: 'Job', key: null}. */
export interface Topic {
  readonly category: string | null;
  readonly key: string | null;
}

/**
 * Type patterns: an event's type must be among `exact` or match one of `globs`, and no exclusion. Where a
 * caller gave exclusions alone, `globs` holds `*`.
 */
export interface TypePatterns {
  readonly exact: readonly string[];
  readonly globs: readonly string[];
  readonly notExact: readonly string[];
  readonly notGlobs: readonly string[];
}

export const traitOperators = [
  'EQ',
  'NE',
  'LT',
  'LTE',
  'GT',
  'GTE',
  'PREFIX',
  'CONTAINS',
  'EXISTS',
] as const;
export type TraitOperator = (typeof traitOperators)[number];

/**
 * One trait that must hold. The event must carry the trait in a comparable type, whatever the operator, NE
 * too: INT and FLOAT compare with each other as numbers, TEXT and DATETIME with their own alone; EXISTS takes any
 * type. Texts are ordered by code points (PostgreSQL's collation C), and PREFIX and CONTAINS mind case.
 */
export type TraitTest =
  | { readonly name: string; readonly op: 'EXISTS' }
  | {
      readonly name: string;
      readonly op: 'PREFIX' | 'CONTAINS';
      readonly operand: TypedValue & { type: 'TEXT' };
    }
  | {
      readonly name: string;
      readonly op: Exclude<TraitOperator, 'EXISTS' | 'PREFIX' | 'CONTAINS'>;
      readonly operand: TypedValue;
    };

export interface SourceTest {
  readonly service?: string;
  readonly instance?: string;
  readonly endpoint?: string;
  readonly node?: string;
  readonly component?: string;
  readonly plane?: Plane;
  readonly layer?: string;
}

/**
 * A parsed filter: everything that is present must hold; an absent field holds always; an empty list of
 * alternatives holds never (tags and traits, all of which must hold: an empty list holds always).
 */
export interface Filter {
  readonly ids?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Unix globs: the namespace matches one of them. Callers do not give these; rights do. */
  readonly namespaceGlobs?: readonly string[];
  readonly categories?: readonly string[];
  /** Not an event without an action. */
  readonly actions?: readonly string[];
  readonly types?: TypePatterns;
  /** A category that is the topic's, and a key or filter key that is: both of the same topic. */
  readonly topics?: readonly Topic[];
  /** The key or one of the filter keys. */
  readonly keys?: readonly string[];
  /** All of them. */
  readonly tags?: readonly string[];
  readonly anyTags?: readonly string[];
  /** As shown: an event of which nobody said it is NORMAL. */
  readonly severities?: readonly Severity[];
  readonly source?: SourceTest;
  /** When it happened or began; endTime does not count. */
  readonly time?: TimeSpan;
  readonly ended?: boolean;
  /** All of them. */
  readonly traits?: readonly TraitTest[];
  readonly dialects?: readonly Dialect[];
  /** All of them; an empty list holds always. */
  readonly all?: readonly Filter[];
  readonly any?: readonly Filter[];
  readonly not?: Filter;
}

export const everything: Filter = {};
