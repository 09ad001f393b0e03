import type { Json, Report } from './event.ts';

/** The size of a report without its strings. */
const fixed = 400;

type Weighed = Pick<Report, 'message' | 'tags' | 'filterKeys' | 'traits' | 'value' | 'raw'>;

/** About how many bytes a report, or an event, takes in memory: near its size as JSON, and quicker to know. */
export function weightOf({ message, tags, filterKeys, traits, value, raw }: Weighed): number {
  let weight = fixed + (message?.length ?? 0);
  for (const tag of tags) weight += tag.length + 3;
  for (const key of filterKeys) weight += key.length + 3;
  for (const trait of traits) weight += trait.name.length + String(trait.value).length + 20;
  return weight + weightOfJson(value) + weightOfJson(raw);
}

function weightOfJson(json: Json): number {
  if (typeof json === 'string') return json.length + 2;
  if (typeof json !== 'object' || json === null) return 8;
  let weight = 2;
  if (Array.isArray(json)) {
    for (const entry of json) weight += weightOfJson(entry) + 1;
  } else {
    for (const name in json) weight += name.length + 4 + weightOfJson(json[name] as Json);
  }
  return weight;
}
