import { InputError, quoted } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import type { Measure } from './store.ts';

/** A number to be measured, as a caller says it: exactly one member. */
export interface MeasureInput {
  readonly value?: string | null | undefined;
  readonly trait?: string | null | undefined;
  readonly field?: 'DURATION' | null | undefined;
}

/** The value itself by default. @throws InputError */
export function parseMeasure(
  measure: MeasureInput | null | undefined,
  path: readonly string[] = ['measure'],
): Measure {
  if (measure?.field != null) return { of: 'duration' };
  if (measure?.trait != null) {
    return { of: 'trait', name: traitOf(measure.trait, [...path, 'trait']) };
  }
  return { of: 'value', path: pathOf(measure?.value ?? '', [...path, 'value']) };
}

function traitOf(name: string, path: readonly string[]): string {
  if (name !== '') return parseText(name, path);
  throw new InputError(path, 'Give the name of a trait, such as "size_gib".');
}

function pathOf(value: string, path: readonly string[]): readonly string[] {
  if (value === '') return [];
  const names = parseText(value, path).split('.');
  if (!names.includes('')) return names;
  throw new InputError(
    path,
    `${quoted(value)} has an empty name: give "" for the value itself, or names joined by dots such as "a.b".`,
  );
}
