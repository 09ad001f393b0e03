import type { EventGroupField, GroupBy, Measure } from '../client/schema.generated.ts';

/** Fields of events by which they can be grouped, as they are typed. */
const groupFields: Readonly<Record<string, EventGroupField>> = {
  type: 'TYPE',
  category: 'CATEGORY',
  action: 'ACTION',
  severity: 'SEVERITY',
  ns: 'NAMESPACE',
  key: 'KEY',
  service: 'SERVICE',
  instance: 'INSTANCE',
  endpoint: 'ENDPOINT',
  node: 'NODE',
  component: 'COMPONENT',
  plane: 'PLANE',
  layer: 'LAYER',
  dialect: 'DIALECT',
};

/** Words that cannot be read, as a sentence that says what to write. */
class GroupingError extends Error {
  override readonly name = 'GroupingError';
}

/**
 * Reads `service, tag:pool, trait:size`: fields, groups of tags, and traits.
 * @throws GroupingError
 */
export function parseGroups(text: string): readonly GroupBy[] {
  const words = text.split(',').map((word) => word.trim());
  return words.filter((word) => word !== '').map(parseGroup);
}

function parseGroup(word: string): GroupBy {
  const field = groupFields[word.toLowerCase()];
  if (field !== undefined) return { field };
  const [, kind, name] = /^(tag|trait):(.+)$/.exec(word) ?? [];
  if (name !== undefined) return kind === 'tag' ? { tagGroup: name } : { trait: name };
  throw new GroupingError(
    `"${word}" is not a way to group: write a field such as service or key, tag:GROUP or trait:NAME.`,
  );
}

export const printGroups = (groups: readonly GroupBy[]): string =>
  groups.map(printGroup).join(', ');

function printGroup({ field, tagGroup, trait }: GroupBy): string {
  if (tagGroup != null) return `tag:${tagGroup}`;
  if (trait != null) return `trait:${trait}`;
  return Object.entries(groupFields).find(([, known]) => known === field)?.[0] ?? '';
}

/**
 * Reads `duration`, `trait:size` or `value:path`; null for an empty string.
 * @throws GroupingError
 */
export function parseMeasure(text: string): Measure | null {
  const word = text.trim();
  if (word === '') return null;
  if (word === 'duration') return { field: 'DURATION' };
  const [, kind, name = ''] = /^(trait|value)(?::(.*))?$/.exec(word) ?? [];
  if (kind === 'value') return { value: name };
  if (kind === 'trait' && name !== '') return { trait: name };
  throw new GroupingError(
    `"${word}" is not a number of events: write duration, trait:NAME, value or value:PATH.`,
  );
}

export function printMeasure(measure: Measure | null | undefined): string {
  if (measure == null) return '';
  if (measure.trait != null) return `trait:${measure.trait}`;
  if (measure.value != null) return measure.value === '' ? 'value' : `value:${measure.value}`;
  return 'duration';
}
