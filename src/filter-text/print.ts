import type { TraitOperator, TraitValue } from '../client/schema.generated.ts';
import { fieldNamed } from './fields.ts';
import { typedValue } from './parse.ts';
import type { FieldTerm, GroupTerm, Term, Terms, TimeTerm, TraitTerm } from './term.ts';

const signs: Readonly<Record<TraitOperator, string>> = {
  EQ: ':',
  NE: '!=',
  LT: '<',
  LTE: '<=',
  GT: '>',
  GTE: '>=',
  PREFIX: '^=',
  CONTAINS: '*=',
  EXISTS: '',
};

/** The filter string of terms: parseFilterText gives terms of the same meaning for it. */
export const printFilterText = (terms: Terms): string => terms.map(printTerm).join(' ');

/** One term, with its minus. */
function printTerm(term: Term): string {
  return `${term.negated ? '-' : ''}${printWanted(term)}`;
}

function printWanted(term: Term): string {
  switch (term.kind) {
    case 'FIELD':
      return printField(term);
    case 'TRAIT':
      return printTrait(term);
    case 'TIME':
      return printTime(term);
    case 'WORD':
      return term.quoted ? quote(term.text) : term.text;
    default:
      return printGroup(term);
  }
}

function printField({ field, values }: FieldTerm): string {
  const known = fieldNamed(field)?.values;
  const typed = new Map(Array.from(known ?? [], ([short, value]) => [value, short]));
  return `${field}:${values.map((value) => printValue(typed.get(value) ?? value)).join(',')}`;
}

function printTrait({ name, op, values }: TraitTerm): string {
  const shownName = /^[^\s",():<>=!^*]+$/.test(name) ? name : quote(name);
  return `trait.${shownName}${signs[op]}${values.map((value) => printTraitValue(op, value)).join(',')}`;
}

function printTraitValue(op: TraitOperator, value: TraitValue): string {
  if (value.dateTime != null) return value.dateTime;
  if (value.int != null) return String(value.int);
  if (value.float != null) return printFloat(value.float);
  const text = value.text ?? '';
  const isText = op === 'PREFIX' || op === 'CONTAINS' || 'text' in typedValue(text);
  return isText ? printValue(text) : quote(text);
}

/** A whole number with a point, so that it is read as a float again. */
const printFloat = (float: number): string =>
  Number.isInteger(float) && Math.abs(float) < 1e21 ? `${float}.0` : String(float);

function printTime({ bound, value }: TimeTerm): string {
  if (bound === 'gt' || bound === 'lt') {
    return `time${bound === 'gt' ? '>' : '<'}${printValue(value)}`;
  }
  const [, length] = /^now-(\d{1,9}[yMwdhHms])$/.exec(value) ?? [];
  return `${bound === 'gte' ? 'since' : 'until'}:${printValue(length ?? value)}`;
}

function printGroup({ branches }: GroupTerm): string {
  const [only, ...others] = branches;
  if (only !== undefined && others.length === 0) return `(${printFilterText(only)})`;
  return `(${branches.map((terms) => printFilterText(terms) || '()').join(' OR ')})`;
}

/** A value of a field, in quotes where it needs them. */
export const printValue = (text: string): string =>
  /^[^\s",()]+$/.test(text) ? text : quote(text);

/** A value in quotes, in which every character is itself. */
export const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
