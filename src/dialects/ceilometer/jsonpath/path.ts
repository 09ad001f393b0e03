import type { Value } from '../python/value.ts';

/** A parsed path of the JSONPath dialect that event definitions are written in. */
export type Path =
  | { readonly kind: 'root' | 'this' | 'parent' | 'length' }
  /** `*` among the names stands for every member. */
  | { readonly kind: 'fields'; readonly names: readonly string[] }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly start: number | null; readonly end: number | null }
  | {
      readonly kind: 'child' | 'descendants' | 'union' | 'intersection' | 'where';
      readonly left: Path;
      readonly right: Path;
    }
  /** All tests must hold. */
  | { readonly kind: 'filter'; readonly tests: readonly Test[] }
  /** By these keys, the first deciding; null sorts by the values themselves. */
  | { readonly kind: 'sort'; readonly keys: readonly SortKey[] | null }
  | {
      readonly kind: 'operation';
      readonly left: Path;
      readonly operator: Operator;
      readonly right: Path;
    }
  | { readonly kind: 'constant'; readonly value: Value }
  | {
      readonly kind: 'split';
      readonly separator: string;
      readonly segment: number;
      /** How often to split; -1 for no limit. */
      readonly most: number;
    }
  | { readonly kind: 'substitute'; readonly expression: string; readonly replacement: string };

export type Operator = '+' | '-' | '*';
export type Comparison = '=' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '~';

export interface SortKey {
  readonly path: Path;
  readonly descending: boolean;
}

/** One condition of a filter; without a comparison the path alone must match. */
export interface Test {
  readonly path: Path;
  readonly comparison: { readonly by: Comparison; readonly to: Value } | null;
}

/** A path that cannot be read; the message says why. */
export class PathError extends Error {
  override readonly name = 'PathError';
}
