import type { TraitOperator, TraitValue } from '../client/schema.generated.ts';
import { apiValueOf, type Field, fieldNamed, fields } from './fields.ts';
import {
  type FieldTerm,
  FilterTextError,
  type Term,
  type Terms,
  type TimeTerm,
  type TraitTerm,
} from './term.ts';

const maxLength = 10_000;
/** Parentheses within parentheses. */
const maxDepth = 16;
/** Characters of a word without a name: the gateway takes patterns of 256. */
const maxWordLength = 200;

const blank = /\s*/y;
const head = /[A-Za-z][\w-]*/y;
const bare = /[^\s",()]+/y;
const quotedValue = /"(?:[^"\\]|\\.)*"/y;
const traitName = /[^\s",():<>=!^*]+/y;
const operator = /:|[!<>^*]=|[<>=]/y;

const traitOperators: Readonly<Record<string, TraitOperator>> = {
  ':': 'EQ',
  '=': 'EQ',
  '!=': 'NE',
  '<': 'LT',
  '<=': 'LTE',
  '>': 'GT',
  '>=': 'GTE',
  '^=': 'PREFIX',
  '*=': 'CONTAINS',
};

const timeBounds: Readonly<Record<string, TimeTerm['bound']>> = {
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
};

const timeNames: ReadonlySet<string> = new Set(['since', 'until', 'time']);

interface Value {
  readonly text: string;
  readonly quoted: boolean;
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a filter string: `type:Volume.* severity:error trait.size>10 -key:web since:1h`. docs/filters.md has the
 * grammar.
 * @throws FilterTextError with the characters at fault
 */
export function parseFilterText(text: string): Terms {
  if (text.length > maxLength) {
    throw new FilterTextError(
      `A filter has at most ${maxLength} characters, not ${text.length}.`,
      maxLength,
      text.length,
    );
  }
  return new Parser(text).all();
}

/** Whether an argument of a command is an excluding term, such as -key:web, and not an option. */
export function isExclusion(argument: string): boolean {
  const [, name] = /^-([A-Za-z]+)(?:[:<>]|\.)/.exec(argument) ?? [];
  if (name === undefined) return argument.startsWith('-(') || argument.startsWith('-"');
  return name === 'trait' || timeNames.has(name) || fieldNamed(name) !== undefined;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): Terms {
    const branches = this.#branches();
    if (this.#at < this.#text.length) {
      throw this.#fault('There is no ( for this ).', this.#at, this.#at + 1);
    }
    const [only = [], ...others] = branches;
    return others.length === 0 ? only : [{ kind: 'GROUP', negated: false, branches }];
  }

  /** Up to the end, or to a closing parenthesis. */
  #branches(): readonly Terms[] {
    const branches: Term[][] = [[]];
    let openOr: number | null = null;
    for (this.#read(blank); !this.#atEnd(); this.#read(blank)) {
      const from = this.#at;
      if (this.#takeOr()) {
        if (branches.at(-1)?.length === 0) {
          throw this.#fault('OR needs something before it.', from, this.#at);
        }
        branches.push([]);
        openOr = from;
        continue;
      }
      branches.at(-1)?.push(this.#term(branches.at(-1) ?? []));
      openOr = null;
      this.#checkEndOfTerm();
    }
    if (openOr !== null) throw this.#fault('OR needs something after it.', openOr, openOr + 2);
    return branches;
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length || this.#text[this.#at] === ')';
  }

  #takeOr(): boolean {
    const found = /OR(?=[\s()]|$)/y;
    found.lastIndex = this.#at;
    if (!found.test(this.#text)) return false;
    this.#at += 2;
    return true;
  }

  /** @param earlier the terms before it, all of which must match as well */
  #term(earlier: Terms): Term {
    const from = this.#at;
    const negated = this.#text[from] === '-';
    if (negated) this.#at += 1;
    const next = this.#text[this.#at];
    if (next === '(') return { kind: 'GROUP', negated, branches: this.#group() };
    if (next === '"') return this.#word(negated);
    if (negated && (next === undefined || /[\s)-]/.test(next))) {
      throw this.#fault('A minus needs what to exclude right after it: -key:web.', from, from + 1);
    }
    return this.#named(negated, earlier) ?? this.#word(negated);
  }

  /** A term that begins with a name; null, with nothing read, where it is a word. */
  #named(negated: boolean, earlier: Terms): Term | null {
    const from = this.#at;
    const name = this.#read(head);
    if (name === 'trait' && this.#text[this.#at] === '.') return this.#trait(negated);
    const sign = this.#read(operator);
    if (sign !== '' && timeNames.has(name)) {
      return this.#checkedTime(this.#time(name, sign, negated, from), earlier, from);
    }
    const field = fieldNamed(name);
    if (sign === ':' && name !== '') return this.#field(field, name, negated, from);
    if (sign !== '' && field !== undefined) {
      throw this.#fault(`${name} takes a colon: ${name}:value.`, from, this.#at);
    }
    this.#at = from;
    return null;
  }

  #group(): readonly Terms[] {
    const from = this.#at;
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      throw this.#fault(`Parentheses may be ${maxDepth} deep.`, from, from + 1);
    }
    this.#at += 1;
    const branches = this.#branches();
    if (this.#text[this.#at] !== ')') {
      throw this.#fault('There is no ) for this (.', from, from + 1);
    }
    this.#at += 1;
    this.#depth -= 1;
    return branches;
  }

  #word(negated: boolean): Term {
    const { text, quoted, from, to } = this.#value('A word');
    if (text.length > maxWordLength) {
      throw this.#fault(
        `A word has at most ${maxWordLength} characters, not ${text.length}.`,
        from,
        to,
      );
    }
    return { kind: 'WORD', negated, text, quoted };
  }

  #field(field: Field | undefined, name: string, negated: boolean, from: number): FieldTerm {
    if (field === undefined) {
      const names = [...fields.map((known) => known.name), ...timeNames, 'trait.NAME'];
      throw this.#fault(
        `There is no field ${name}: use one of ${names.join(', ')}, or put the word in quotes.`,
        from,
        from + name.length,
      );
    }
    const values = this.#values(`${name}:`).map((value) => this.#checked(field, value));
    return { kind: 'FIELD', negated, field: field.name, values };
  }

  #checked(field: Field, { text, from, to }: Value): string {
    const value = apiValueOf(field, text);
    if (value === undefined) {
      const known = [...(field.values?.keys() ?? [])].join(', ');
      throw this.#fault(`${field.name} is one of ${known}, not "${text}".`, from, to);
    }
    if (field.form !== undefined && !field.form.pattern.test(value)) {
      throw this.#fault(`${field.name} is ${field.form.wanted}, not "${text}".`, from, to);
    }
    return value;
  }

  #trait(negated: boolean): TraitTerm {
    const from = this.#at;
    this.#at += 1;
    const name = this.#text[this.#at] === '"' ? this.#value('A trait').text : this.#read(traitName);
    if (name === '') {
      throw this.#fault('trait. needs the name of a trait: trait.size>10.', from, this.#at);
    }
    const sign = this.#read(operator);
    if (sign === '') return { kind: 'TRAIT', negated, name, op: 'EXISTS', values: [] };
    const op = traitOperators[sign] as TraitOperator;
    const values = this.#values(`trait.${name}${sign}`).map((value) => this.#traitValue(op, value));
    return { kind: 'TRAIT', negated, name, op, values };
  }

  #traitValue(op: TraitOperator, { text, quoted }: Value): TraitValue {
    return quoted || op === 'PREFIX' || op === 'CONTAINS' ? { text } : typedValue(text);
  }

  #time(name: string, sign: string, negated: boolean, from: number): TimeTerm {
    const bound = name === 'time' ? timeBounds[sign] : sinceUntil(name, sign);
    if (bound === undefined) {
      const wanted =
        name === 'time' ? 'time takes <, <=, > or >=' : `${name} takes a colon: ${name}:1h`;
      throw this.#fault(`${wanted}.`, from, this.#at);
    }
    const { text, from: valueFrom, to } = this.#value(`${name}${sign}`);
    const value = /^\d{1,9}[yMwdhHms]$/.test(text) && name !== 'time' ? `now-${text}` : text;
    if (!timeExpression.test(value)) {
      throw this.#fault(
        `"${text}" is not a time: write 1h, 2026-11-20, 2026-11-20T08:15:30Z or now-1d/d.`,
        valueFrom,
        to,
      );
    }
    return { kind: 'TIME', negated, bound, value };
  }

  /** A time has one lower and one upper bound. */
  #checkedTime(term: TimeTerm, earlier: Terms, from: number): TimeTerm {
    const side = term.bound.slice(0, 1);
    const again = earlier.some(
      (other) =>
        other.kind === 'TIME' && !other.negated && !term.negated && other.bound.startsWith(side),
    );
    if (!again) return term;
    const which = side === 'g' ? 'beginning' : 'end';
    throw this.#fault(`The ${which} of the time is given twice.`, from, this.#at);
  }

  #values(before: string): readonly Value[] {
    const values = [this.#value(before)];
    while (this.#text[this.#at] === ',') {
      this.#at += 1;
      values.push(this.#value('A comma'));
    }
    return values;
  }

  #value(before: string): Value {
    const from = this.#at;
    const quoted = this.#read(quotedValue);
    if (quoted !== '') {
      const text = quoted.slice(1, -1).replace(/\\(.)/gs, '$1');
      return { text, quoted: true, from, to: this.#at };
    }
    if (this.#text[from] === '"') {
      throw this.#fault('There is no second " for this one.', from, from + 1);
    }
    const text = this.#read(bare);
    if (text === '') {
      throw this.#fault(`${before} needs a value right after it.`, from, from + 1);
    }
    return { text, quoted: false, from, to: this.#at };
  }

  #checkEndOfTerm(): void {
    if (this.#atEnd() || /\s/.test(this.#text[this.#at] ?? '')) return;
    throw this.#fault('Put a space here, or the whole value in quotes.', this.#at, this.#at + 1);
  }

  /** What the pattern matches here; empty where it does not. */
  #read(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#text) ?? [];
    this.#at += found.length;
    return found;
  }

  #fault(message: string, from: number, to: number): FilterTextError {
    const end = Math.min(to, this.#text.length);
    return new FilterTextError(message, Math.min(from, end), end);
  }
}

/** An instant, whole or in part, epoch milliseconds, now, each with date math. */
const timeExpression =
  /^(?:now(?:\(\))?|-?\d{5,}|\d{4}(?:-\d\d(?:-\d\d(?:[Tt]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?:[Zz]|[+-]\d\d:\d\d)?)?)?)?(?:\|\|)?)(?:\s*[+-]\s*\d*\s*[yMwdhHms]|\s*\/\s*[yMwdhHms])*$/;

function sinceUntil(name: string, sign: string): TimeTerm['bound'] | undefined {
  if (sign !== ':') return undefined;
  return name === 'since' ? 'gte' : 'lte';
}

/** A value without quotes: an integer, a number, an instant, or else a string. */
export function typedValue(text: string): TraitValue {
  const number = Number(text);
  if (/^[+-]?\d+$/.test(text)) return Number.isSafeInteger(number) ? { int: number } : { text };
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(number)) {
    return { float: number };
  }
  return instant.test(text) ? { dateTime: text } : { text };
}

const instant = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;
