import type { Event, Json } from '../event/event.ts';
import type { Measure } from '../store/store.ts';

const microsPerSecond = 1_000_000;

/** The measured number of an event; null where it does not carry it. */
export function measured(event: Event, measure: Measure): number | null {
  switch (measure.of) {
    case 'duration':
      return event.endTime === null ? null : (event.endTime - event.time) / microsPerSecond;
    case 'trait': {
      const trait = event.traits.find(({ name }) => name === measure.name);
      return trait?.type === 'INT' || trait?.type === 'FLOAT' ? trait.value : null;
    }
    case 'value':
      return numberAt(event.value, measure.path);
  }
}

function numberAt(value: Json, path: readonly string[]): number | null {
  let found: Json | undefined = value;
  for (const name of path) found = memberOf(found, name);
  const number = typeof found === 'bigint' ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
