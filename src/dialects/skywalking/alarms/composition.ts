import { ExpressionError } from '../../../alarms/expression/expression-error.ts';
import type { Composition } from '../../../alarms/minute-rule.ts';

const maxCharacters = 4_096;
const maxDepth = 64;

/** The expression of a composite rule. */
interface ComposedRules {
  /** Its rule ids, in the order in which the composition has their truth. */
  readonly names: readonly string[];
  readonly composition: Composition;
}

/** Reads rule ids joined by && and, after that, by ||, and parentheses. @throws ExpressionError */
export function parseComposition(text: string): ComposedRules {
  if (text.length > maxCharacters) {
    throw new ExpressionError(
      maxCharacters,
      `An expression has at most ${maxCharacters} characters.`,
    );
  }
  const parser = new CompositionParser(text);
  const composition = parser.whole();
  return { names: parser.names, composition };
}

class CompositionParser {
  readonly names: string[] = [];
  readonly #end: number;
  readonly #tokens: readonly RegExpExecArray[];
  #next = 0;

  constructor(text: string) {
    this.#end = text.length;
    this.#tokens = [...text.matchAll(/&&|\|\||[()]|[\w.-]+|\S/g)];
  }

  whole(): Composition {
    const composition = this.#either(0);
    if (this.#next < this.#tokens.length) throw this.#unexpected('&& or ||');
    return composition;
  }

  #either(depth: number): Composition {
    if (depth > maxDepth) throw this.#unexpected(`at most ${maxDepth} levels of parentheses`);
    const operands = [this.#both(depth)];
    while (this.#take('||')) operands.push(this.#both(depth));
    return (parts) => operands.some((holds) => holds(parts));
  }

  #both(depth: number): Composition {
    const operands = [this.#operand(depth)];
    while (this.#take('&&')) operands.push(this.#operand(depth));
    return (parts) => operands.every((holds) => holds(parts));
  }

  #operand(depth: number): Composition {
    if (!this.#take('(')) return this.#rule();
    const inner = this.#either(depth + 1);
    if (!this.#take(')')) throw this.#unexpected(')');
    return inner;
  }

  #rule(): Composition {
    const name = this.#tokens[this.#next]?.[0] ?? '';
    if (!/^[\w.-]+$/.test(name)) throw this.#unexpected('the id of a rule or (');
    this.#next += 1;
    if (!this.names.includes(name)) this.names.push(name);
    const at = this.names.indexOf(name);
    return (parts) => parts[at] ?? false;
  }

  #take(symbol: string): boolean {
    if (this.#tokens[this.#next]?.[0] !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #unexpected(wanted: string): ExpressionError {
    const token = this.#tokens[this.#next];
    const found = token === undefined ? 'the expression ends' : `"${token[0]}" follows`;
    return new ExpressionError(token?.index ?? this.#end, `Expected ${wanted}, but ${found}.`);
  }
}
