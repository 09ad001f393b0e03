import { builder } from './builder.ts';

export const TraitValueRef = builder.inputType('TraitValue', {
  description: 'A typed value: exactly one of these.',
  isOneOf: true,
  fields: (t) => ({
    text: t.string({ description: 'Any string.' }),
    int: t.field({ type: 'SafeInt', description: 'An integer.' }),
    float: t.float({ description: 'A number.' }),
    dateTime: t.field({ type: 'DateTime', description: 'An instant.' }),
  }),
});

export type TraitValueInput = typeof TraitValueRef.$inferInput;
