import type { Json } from '../event/event.ts';
import { stringifyJson } from '../event/json.ts';
import type { Faults } from './faults.ts';

/** A JSON value that can be stored, and its length as a JSON string. */
export interface Attachment {
  readonly json: Json;
  readonly length: number;
}

const nothing: Attachment = { json: null, length: 0 };

/** Deeper JSON is rejected: it would overflow the stack of its later readers. */
const maxDepth = 256;

/** What may be a NUL or half a surrogate pair once JSON.stringify has escaped it. */
const unusual = /\\u(?:0000|d[89a-f])/;

/** Reads a value or a raw message, whose strings must be storable at every level. */
export function attach(name: 'value' | 'raw', json: Json | undefined, faults: Faults): Attachment {
  if (json === undefined || json === null) return nothing;
  const flaw = flawOf(json, maxDepth);
  if (flaw !== null) {
    faults.add([name], 'INVALID', flaw);
    return nothing;
  }
  const text = stringifyJson(json);
  if (!unusual.test(text)) return { json, length: text.length };
  return { json: storable(json, [name], faults), length: text.length };
}

/** The reason why a value cannot be read again as JSON, as a sentence. */
function flawOf(json: Json, levels: number): string | null {
  if (typeof json === 'number' && !Number.isFinite(json)) {
    return Number.isNaN(json)
      ? 'It holds NaN, which is not a number in JSON: leave it out.'
      : 'It holds a number beyond 1.8e308 or an integer of more than 1000 digits: give a smaller one.';
  }
  if (typeof json !== 'object' || json === null) return null;
  if (levels === 0) return `It is nested more than ${maxDepth} levels deep: flatten it.`;
  for (const member of Array.isArray(json) ? json : Object.values(json)) {
    const flaw = flawOf(member, levels - 1);
    if (flaw !== null) return flaw;
  }
  return null;
}

function storable(json: Json, path: readonly string[], faults: Faults): Json {
  if (typeof json === 'string') return faults.storableAt(path, json);
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) {
    return json.map((item, at) => storable(item, [...path, String(at)], faults));
  }
  return Object.fromEntries(
    Object.entries(json).map(([name, member]) => [
      faults.storableAt(path, name),
      storable(member, [...path, name], faults),
    ]),
  );
}
