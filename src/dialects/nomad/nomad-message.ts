import type { Json } from '../../event/event.ts';
import { isJsonObject, parseJson, stringifyJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';

/** A line of a cluster's stream that is not a heartbeat: the events of one transaction. */
export interface Batch {
  readonly index: number;
  readonly events: readonly NomadEvent[];
}

export interface NomadEvent {
  readonly topic: string;
  readonly type: string;
  readonly key: string;
  readonly namespace: string;
  readonly filterKeys: readonly string[];
  readonly payload: Json;
  /** The event as it came. */
  readonly raw: Json;
}

/** A line that is not what Nomad writes. */
export class MalformedLine extends Error {
  override readonly name = 'MalformedLine';
}

/** Null for a heartbeat. Nomad's filter can repeat an event in a line: it is taken once. @throws MalformedLine */
export function parseLine(line: string): Batch | null {
  const { Index: index = 0, Events: events } = parseObject(line);
  const list = events ?? [];
  if (!Array.isArray(list) || !Number.isSafeInteger(index)) throw malformed(line);
  if (list.length === 0) return null;
  const distinct = new Map(list.map((entry) => [stringifyJson(entry), entry]));
  const taken = [...distinct.values()].map((entry) => {
    if (!isJsonObject(entry)) throw malformed(line);
    return eventOf(entry);
  });
  return { index: Number(index), events: taken };
}

function parseObject(line: string): Record<string, Json> {
  try {
    const parsed = parseJson(line);
    const json = isNestedDeeper(line) ? cutAtDepth(parsed, maxDocumentDepth) : parsed;
    if (isJsonObject(json)) return json;
  } catch {
    // Nomad writes why it ends a stream as bare text.
  }
  throw malformed(line);
}

/** The intake rejects such a payload, and the source then records its event without it: see NomadSource. */
function cutAtDepth(json: Json, levels: number): Json {
  if (typeof json !== 'object' || json === null) return json;
  if (levels === 0) return null;
  if (Array.isArray(json)) return json.map((entry) => cutAtDepth(entry, levels - 1));
  const members = Object.entries(json);
  return Object.fromEntries(members.map(([name, value]) => [name, cutAtDepth(value, levels - 1)]));
}

const malformed = (line: string): MalformedLine =>
  new MalformedLine(`the stream holds what is no event: ${JSON.stringify(line.slice(0, 200))}`);

function eventOf(entry: Record<string, Json>): NomadEvent {
  const { FilterKeys: keys } = entry;
  return {
    topic: textOf(entry.Topic),
    type: textOf(entry.Type),
    key: textOf(entry.Key),
    namespace: textOf(entry.Namespace),
    filterKeys: Array.isArray(keys) ? keys.map(textOf) : [],
    payload: entry.Payload ?? null,
    raw: entry,
  };
}

const textOf = (json: Json | undefined): string => (typeof json === 'string' ? json : '');
