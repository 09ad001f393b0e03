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
