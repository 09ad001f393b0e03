import type { Value } from '../python/value.ts';
import { Lexer, type Token, unexpected } from './lexer.ts';
import { namedOperator } from './named-operator.ts';
import type { Comparison, Operator, Path, SortKey, Test } from './path.ts';

/**
 * How tightly a token binds its two operands. A union binds tighter than a dot, and a
 * bracket applies to the whole path before it.
 */
const levels: Readonly<Record<string, number>> = {
  '+': 0,
  '-': 0,
  '*': 0,
  '[': 1,
  DOUBLEDOT: 2,
  '.': 3,
  '|': 4,
  '&': 5,
  WHERE: 6,
};

const joins = {
  DOUBLEDOT: 'descendants',
  '.': 'child',
  '|': 'union',
  '&': 'intersection',
  WHERE: 'where',
} as const;

const isJoin = (type: string): type is keyof typeof joins => Object.hasOwn(joins, type);

/** Reads a path as jsonpath-rw with its extensions does. @throws PathError */
export function parsePath(text: string): Path {
  return new Parser(text).whole();
}

class Parser {
  readonly #lexer: Lexer;
  #token: Token | null;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
    this.#token = this.#lexer.next();
  }

  whole(): Path {
    const path = this.#path(-1);
    if (this.#token !== null) throw unexpected(this.#token);
    return path;
  }

  /** A path up to the first token that does not bind tighter than `above`. */
  #path(above: number): Path {
    return this.#continued(this.#beginning(), above);
  }

  #continued(begun: Path, above: number): Path {
    let path = begun;
    for (;;) {
      const type = this.#token?.type ?? '';
      const level = levels[type] ?? -1;
      if (level <= above) return path;
      if (type === '[') path = child(path, this.#brackets(true));
      else if (isJoin(type)) {
        this.#take();
        path = { kind: joins[type], left: path, right: this.#path(level) };
      } else path = this.#operation(path);
    }
  }

  /** Operators bind loosest and to the right: a - b - c is a - (b - c). */
  #operation(left: Path): Path {
    const operator = this.#take(['+', '-', '*']).value as Operator;
    return {
      kind: 'operation',
      left: asOperand(left),
      operator,
      right: asOperand(this.#operand()),
    };
  }

  #operand(): Path {
    if (!this.#at('NUMBER', 'FLOAT')) return this.#path(-1);
    const number = constant(this.#take().value);
    return this.#at('+', '-', '*') ? this.#continued(this.#operation(number), -1) : number;
  }

  #beginning(): Path {
    switch (this.#token?.type) {
      case 'ID':
        return this.#fields();
      case '*':
        return { kind: 'fields', names: [String(this.#take().value)] };
      case '$':
        return this.#single('root');
      case '@':
        return this.#single('this');
      case 'NAMED_OPERATOR':
        return namedOperator(this.#take());
      case '[':
        return this.#brackets(false);
      case 'NUMBER':
      case 'FLOAT':
        return this.#operation(constant(this.#take().value));
      case '(':
        return this.#parenthesised();
      default:
        throw unexpected(this.#token);
    }
  }

  #single(kind: 'root' | 'this'): Path {
    this.#take();
    return { kind };
  }

  #parenthesised(): Path {
    this.#take();
    const path = this.#path(-1);
    this.#take([')']);
    return path;
  }

  #fields(): Path {
    const names = [String(this.#take(['ID']).value)];
    while (this.#at(',')) {
      this.#take();
      names.push(String(this.#take(['ID']).value));
    }
    return { kind: 'fields', names };
  }

  /** The content of brackets; filters and sort keys need something before them. */
  #brackets(hasSubject: boolean): Path {
    this.#take();
    let path: Path;
    if (this.#at('ID')) path = this.#fields();
    else if (hasSubject && this.#at('?')) path = this.#filter();
    else if (hasSubject && this.#at('SORT_DIRECTION')) path = this.#sort();
    else path = this.#positions();
    this.#take([']']);
    return path;
  }

  #positions(): Path {
    if (this.#at('*')) {
      this.#take();
      return { kind: 'slice', start: null, end: null };
    }
    const start = this.#integer();
    if (start !== null && !this.#at(':')) return { kind: 'index', at: start };
    this.#take([':']);
    return { kind: 'slice', start, end: this.#integer() };
  }

  #integer(): number | null {
    return this.#at('NUMBER') ? Number(this.#take().value) : null;
  }

  #sort(): Path {
    const keys: SortKey[] = [];
    while (this.#at('SORT_DIRECTION')) {
      const descending = this.#take().value === '\\';
      keys.push({ path: this.#path(-1), descending });
    }
    return { kind: 'sort', keys };
  }

  #filter(): Path {
    this.#take();
    const condition = this.#conditions();
    return { kind: 'filter', tests: testsOf(condition) };
  }

  /** Conditions joined by &; a lone path may still be a part of a larger one. */
  #conditions(): readonly Test[] | Path {
    let conditions = this.#condition();
    while (this.#at('&')) {
      this.#take();
      conditions = [...testsOf(conditions), ...testsOf(this.#condition())];
    }
    return conditions;
  }

  #condition(): readonly Test[] | Path {
    let path: Path;
    if (this.#at('(')) {
      this.#take();
      const within = this.#conditions();
      this.#take([')']);
      if (!('kind' in within)) return within;
      path = this.#continued(within, -1);
    } else path = this.#path(-1);
    if (!this.#at('FILTER_OP')) return path;
    const by = this.#take().value as Comparison;
    return [{ path, comparison: { by, to: this.#take(['ID', 'NUMBER', 'FLOAT', 'BOOL']).value } }];
  }

  #at(...types: readonly string[]): boolean {
    return this.#token !== null && types.includes(this.#token.type);
  }

  #take(types?: readonly string[]): Token {
    const token = this.#token;
    if (token === null || (types !== undefined && !types.includes(token.type))) {
      throw unexpected(token);
    }
    this.#token = this.#lexer.next();
    return token;
  }
}

const child = (left: Path, right: Path): Path => ({ kind: 'child', left, right });

const constant = (value: Value): Path => ({ kind: 'constant', value });

/** A bare name next to an operator is a string. */
const asOperand = (path: Path): Path =>
  path.kind === 'fields' && path.names.length === 1 ? constant(path.names[0] ?? '') : path;

const testsOf = (condition: readonly Test[] | Path): readonly Test[] =>
  'kind' in condition ? [{ path: condition, comparison: null }] : condition;
