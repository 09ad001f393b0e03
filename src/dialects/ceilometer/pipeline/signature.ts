import { createHmac } from 'node:crypto';
import { order } from '../python/compare.ts';
import { repr, str } from '../python/text.ts';
import { type Dict, isDict, namesOf, type Value } from '../python/value.ts';

/**
 * The message_signature of a message, as services of OpenStack check it: HMAC-SHA256 over its members, sorted by their names,
 * those of inner objects as `outer:inner`. Empty for an empty secret.
 */
export function messageSignature(message: Dict, secret: string): string {
  if (secret === '') return '';
  const digest = createHmac('sha256', secret);
  for (const [name, value] of pairsOf(message)) {
    if (name === 'message_signature') continue;
    digest.update(name);
    digest.update(Array.isArray(value) ? bytesRepr(value) : str(value));
  }
  return digest.digest('hex');
}

const sortedNames = (dict: Dict): readonly string[] => [...namesOf(dict)].sort(order);

function* pairsOf(dict: Dict): Generator<readonly [string, Value]> {
  for (const name of sortedNames(dict)) {
    const value = dict[name] ?? null;
    if (!isDict(value)) yield [name, value];
    else for (const [inner, each] of pairsOf(value)) yield [`${name}:${inner}`, each];
  }
}

/** Python's repr() of a value in which every string has become bytes. */
function bytesRepr(value: Value): string {
  if (typeof value === 'string') return textBytes(value);
  if (Array.isArray(value)) return `[${value.map(bytesRepr).join(', ')}]`;
  if (!isDict(value)) return repr(value);
  const members = sortedNames(value).map(
    (name) => `${textBytes(name)}: ${bytesRepr(value[name] ?? null)}`,
  );
  return `{${members.join(', ')}}`;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function textBytes(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const content = Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    if (character === quote) return `\\${quote}`;
    if (byte >= 0x20 && byte < 0x7f && character !== '\\') return character;
    return escapes[character] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `b${quote}${content.join('')}${quote}`;
}
