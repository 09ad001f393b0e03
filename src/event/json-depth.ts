import { endOfJsonString } from './json-string.ts';

/** Levels of objects and arrays in one document, in whatever format: every reader of one may recurse this deep. */
export const maxDocumentDepth = 500;

const quote = '"'.charCodeAt(0);
const openBracket = '['.charCodeAt(0);
const closeBracket = ']'.charCodeAt(0);
const openBrace = '{'.charCodeAt(0);
const closeBrace = '}'.charCodeAt(0);

/** Whether a JSON text, which need not be valid, opens more levels than a reader may recurse. One pass, no recursion. */
export function isNestedDeeper(json: string, maxDepth: number = maxDocumentDepth): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) at = endOfJsonString(json, at);
    else if (code === openBracket || code === openBrace) {
      if (++depth > maxDepth) return true;
    } else if (code === closeBracket || code === closeBrace) depth--;
  }
  return false;
}
