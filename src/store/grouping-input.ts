import { parseText } from '../event/text.ts';
import type { GroupField, Grouping } from './store.ts';

/** One way to group, as a caller says it: exactly one member. */
export interface GroupByInput {
  readonly field?: GroupField | null | undefined;
  readonly tagGroup?: string | null | undefined;
  readonly trait?: string | null | undefined;
}

/** @throws InputError */
export function parseGrouping(by: GroupByInput, path: readonly string[]): Grouping {
  if (by.field != null) return { by: 'field', field: by.field };
  return by.tagGroup != null
    ? { by: 'tagGroup', group: parseText(by.tagGroup, [...path, 'tagGroup']) }
    : { by: 'trait', trait: parseText(by.trait ?? '', [...path, 'trait']) };
}

/** The field, the tag group or the trait. */
export function groupingName(grouping: Grouping): string {
  switch (grouping.by) {
    case 'field':
      return grouping.field;
    case 'tagGroup':
      return grouping.group;
    case 'trait':
      return grouping.trait;
  }
}
