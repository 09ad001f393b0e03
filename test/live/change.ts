import { type Event, typeOf } from '../../src/event/event.ts';
import { report } from '../journal/report.ts';

/** A change with the given fields; the others are empty. */
export function change(said: Partial<Event> = {}): Event {
  const { generatedId: _, ...fields } = report();
  const id = '0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a';
  const event = { ...fields, id, index: 1, severity: 'NORMAL' as const, ...said };
  return { ...event, type: typeOf(event) };
}
