import { InputError, quoted } from '../event/input-error.ts';
import { parseText } from '../event/text.ts';
import type { Measure } from '../store/store.ts';
import { builder } from './builder.ts';

const MeasuredFieldEnum = builder.enumType('MeasuredField', {
  description: 'A number that every ended event has.',
  values: { DURATION: { description: 'Seconds between time and endTime: 1.5.' } },
});

export const MeasureRef = builder.inputType('Measure', {
  description: 'The number that is measured: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    value: t.string({
      description: 'A number in the value: "" is the value itself, "a.b" a number inside it.',
    }),
    trait: t.string({ description: 'An INT or FLOAT trait, by its name: "size_gib".' }),
    field: t.field({
      type: MeasuredFieldEnum,
      description: 'Seconds between time and endTime, of ended events.',
    }),
  }),
});

/** The value itself by default. @throws InputError */
export function measureOf(measure: typeof MeasureRef.$inferInput | null | undefined): Measure {
  if (measure?.field != null) return { of: 'duration' };
  if (measure?.trait != null) return { of: 'trait', name: traitOf(measure.trait) };
  return { of: 'value', path: pathOf(measure?.value ?? '') };
}

function traitOf(name: string): string {
  if (name !== '') return parseText(name, ['measure', 'trait']);
  throw new InputError(['measure', 'trait'], 'Give the name of a trait, such as "size_gib".');
}

function pathOf(value: string): readonly string[] {
  if (value === '') return [];
  const names = parseText(value, ['measure', 'value']).split('.');
  if (!names.includes('')) return names;
  throw new InputError(
    ['measure', 'value'],
    `${quoted(value)} has an empty name: give "" for the value itself, or names joined by dots such as "a.b".`,
  );
}
