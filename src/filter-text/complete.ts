import { fieldNamed, fields } from './fields.ts';

/** The options at a position of a filter string. */
export interface Completion {
  /** The characters that an option replaces: from the first, counted from 0, to the one after the last. */
  readonly from: number;
  readonly to: number;
  /** FIELD: the name of a field. TRAIT: the name of a trait. Else the value of the field of this name. */
  readonly expects: 'FIELD' | 'TRAIT' | string;
  /** The characters before the position that belong to it. */
  readonly prefix: string;
  /** The options that are known without asking the gateway. */
  readonly options: readonly string[];
}

const names = [...fields.map(({ name }) => `${name}:`), 'since:', 'until:', 'time>=', 'trait.'];
const lengths = ['5m', '15m', '1h', '6h', '1d', '7d', '30d'];

/** The options at a position, which may be inside a term. The string need not be readable yet. */
export function completeFilterText(text: string, position: number): Completion {
  const before = text.slice(0, position);
  const start = startOfTerm(before);
  const term = before.slice(start);
  const at = (expects: string, prefix: string, options: readonly string[]): Completion => ({
    from: position - prefix.length,
    to: position,
    expects,
    prefix,
    options: options.filter((option) => option.toLowerCase().startsWith(prefix.toLowerCase())),
  });
  const [, name = '', typed] = /^([A-Za-z]+):(.*)$/s.exec(term) ?? [];
  if (typed === undefined) {
    return term.startsWith('trait.') ? at('TRAIT', term.slice(6), []) : at('FIELD', term, names);
  }
  const value = typed.slice(typed.lastIndexOf(',') + 1).replace(/^"/, '');
  if (name === 'since' || name === 'until') return at(name, value, lengths);
  return at(fieldNamed(name)?.name ?? name, value, [...(fieldNamed(name)?.values?.keys() ?? [])]);
}

/** Behind the last blank or parenthesis that is not in quotes, and a minus. */
function startOfTerm(before: string): number {
  let start = 0;
  for (const { 0: found, index } of before.matchAll(/"(?:[^"\\]|\\.)*(?:"|$)|[\s()]/gs)) {
    if (!found.startsWith('"')) start = index + 1;
  }
  return before[start] === '-' ? start + 1 : start;
}
