const backslash = '\\'.charCodeAt(0);

/**
 * The index of the quote that ends the JSON string whose first quote is at `start`; its length where none
 * does. A regular expression would need space on the stack for every escape.
 */
export function endOfJsonString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** Backslashes escape each other from left to right: an odd run escapes what follows. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first--;
  return (at - first) % 2 === 1;
}
