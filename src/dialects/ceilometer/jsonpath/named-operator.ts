import { regex, template } from '../python/regex.ts';
import type { Token } from './lexer.ts';
import { type Path, PathError } from './path.ts';

const split = /^split\((.),\s+(\d+),\s+(\d+|-1)\)/u;
const substitute = /^sub\(\/(.*)\/,\s+(.*)\)/;

/** An operator between backquotes: `this`, `parent`, `len`, `sorted`, split(…) and sub(…). @throws PathError */
export function namedOperator({ value, line, column }: Token): Path {
  const text = String(value);
  if (text === 'this' || text === 'parent') return { kind: text };
  if (text === 'len') return { kind: 'length' };
  if (text === 'sorted') return { kind: 'sort', keys: null };
  if (text.startsWith('split(')) return splitOf(text);
  if (text.startsWith('sub(')) return substituteOf(text);
  throw new PathError(`Unknown named operator \`${text}\` at ${line}:${column}`);
}

function splitOf(text: string): Path {
  const match = split.exec(text);
  if (match === null) throw new PathError(`${text} is not valid`);
  const [, separator = '', segment, most] = match;
  return { kind: 'split', separator, segment: Number(segment), most: Number(most) };
}

function substituteOf(text: string): Path {
  const match = substitute.exec(text);
  if (match === null) throw new PathError(`${text} is not valid`);
  const expression = (match[1] ?? '').trim();
  const replacement = (match[2] ?? '').trim();
  try {
    template(replacement, regex(expression, 'g'));
  } catch (cause) {
    throw new PathError(`${text} is not valid: ${(cause as Error).message}`, { cause });
  }
  return { kind: 'substitute', expression, replacement };
}
