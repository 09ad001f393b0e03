import { InputError, quoted } from '../event/input-error.ts';
import type { Measure } from '../store/store.ts';

const traits = 'traits.';
const inValue = 'value.';

/** Reads `of`: value, value.a.b, traits.NAME or duration. @throws InputError */
export function parseMeasure(of: string): Measure {
  if (of === 'value') return { of: 'value', path: [] };
  if (of === 'duration') return { of: 'duration' };
  if (of.startsWith(traits) && of.length > traits.length) {
    return { of: 'trait', name: of.slice(traits.length) };
  }
  const path = of.startsWith(inValue) ? of.slice(inValue.length).split('.') : [''];
  if (path.every((name) => name !== '')) return { of: 'value', path };
  throw new InputError(
    ['of'],
    `${quoted(of)} is not "value", "value.a.b", "traits.NAME" or "duration".`,
  );
}
