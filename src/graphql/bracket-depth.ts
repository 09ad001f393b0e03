import { maxBracketDepth } from './limits.ts';

/** Parentheses, brackets and braces outside of strings and comments, which are skipped whole where they are closed. */
const tokens = /[([{]|[)\]}]|"|#/g;

/** Whether a document opens more levels than graphql-js may recurse. One pass over the characters, without recursion. */
export function isNestedTooDeeply(text: string): boolean {
  let depth = 0;
  tokens.lastIndex = 0;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === '"') tokens.lastIndex = endOfString(text, found.index);
    else if (token === '#') tokens.lastIndex = endOfLine(text, found.index);
    else if ('([{'.includes(token)) depth += 1;
    else depth -= 1;
    if (depth > maxBracketDepth) return true;
  }
  return false;
}

/** The index after a string; an unclosed one ends the document, as the parser goes no further. */
function endOfString(text: string, start: number): number {
  const delimiter = text.startsWith('"""', start) ? '"""' : '"';
  let end = text.indexOf(delimiter, start + delimiter.length);
  while (end !== -1 && isEscaped(text, end, delimiter))
    end = text.indexOf(delimiter, end + delimiter.length);
  return end === -1 ? text.length : end + delimiter.length;
}

/** In a block string a backslash escapes three quotes alone; in a string it escapes what follows, another one too. */
function isEscaped(text: string, at: number, delimiter: string): boolean {
  if (delimiter === '"""') return text[at - 1] === '\\';
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}

function endOfLine(text: string, start: number): number {
  const line = /[\n\r]/g;
  line.lastIndex = start;
  return line.test(text) ? line.lastIndex : text.length;
}
