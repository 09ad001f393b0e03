import type { Grant, HiddenField } from './schema.generated.ts';

type ReadingGrant = Pick<Grant, 'actions' | 'hiddenFields' | 'namespaces' | 'topics' | 'filter'>;

/**
 * The fields of events that are hidden from somebody with these grants: asking for one is an error. As the gateway has it, one
 * grant that shows all events whole outweighs others that hide a field.
 */
export function hiddenFieldsOf(grants: readonly ReadingGrant[]): ReadonlySet<HiddenField> {
  const reading = grants.filter(({ actions }) =>
    actions.some((action) => action === 'READ' || action === 'ADMIN'),
  );
  if (reading.some(showsAll)) return new Set();
  return new Set(reading.flatMap(({ hiddenFields }) => hiddenFields));
}

const showsAll = ({ hiddenFields, namespaces, topics, filter }: ReadingGrant): boolean =>
  hiddenFields.length === 0 && namespaces.includes('*') && topics.includes('*') && filter === null;
