import { createHash } from 'node:crypto';
import type { Event, Trait } from '../event/event.ts';
import { formatInstant } from '../event/instant.ts';
import { groupingName } from '../store/grouping-input.ts';
import type { GroupField, Grouping } from '../store/store.ts';

/** A label of an entity; null where the events have none. */
export type EntityLabel = string | null;

/** The labels of an entity in the order of its rule, and a short string that is equal for equal labels. */
export interface EntityId {
  readonly key: string;
  readonly labels: readonly EntityLabel[];
}

/** Longer labels are cut where they are shown. */
const maxLabelLength = 256;
const maxKeyLength = 512;
/** An event with several labels of its groups counts under each combination of them, up to this number. */
const maxEntitiesOfEvent = 64;

const fields: Readonly<Record<GroupField, (event: Event) => EntityLabel>> = {
  NAMESPACE: ({ namespace }) => namespace,
  CATEGORY: ({ category }) => category,
  ACTION: ({ action }) => action,
  TYPE: ({ type }) => type,
  SEVERITY: ({ severity }) => severity,
  KEY: ({ key }) => key,
  SERVICE: ({ source }) => source.service,
  INSTANCE: ({ source }) => source.instance,
  ENDPOINT: ({ source }) => source.endpoint,
  NODE: ({ source }) => source.node,
  COMPONENT: ({ source }) => source.component,
  PLANE: ({ source }) => source.plane,
  LAYER: ({ source }) => source.layer,
  DIALECT: ({ dialect }) => dialect,
};

/** The one entity of a rule without groupings. */
export const wholeEntity: EntityId = { key: '[]', labels: [] };

/** The entities that an event is about: several where it has several labels of a tag group. */
export function entitiesOf(event: Event, groupings: readonly Grouping[]): readonly EntityId[] {
  if (groupings.length === 0) return [wholeEntity];
  let combinations: readonly (readonly EntityLabel[])[] = [[]];
  for (const grouping of groupings) {
    const labels = labelsOf(event, grouping);
    combinations = combinations
      .flatMap((before) => labels.map((label) => [...before, label]))
      .slice(0, maxEntitiesOfEvent);
  }
  return combinations.map(entityIdOf);
}

/** The entity of these labels. */
export function entityIdOf(labels: readonly EntityLabel[]): EntityId {
  const text = JSON.stringify(labels);
  if (text.length <= maxKeyLength) return { key: text, labels };
  const key = createHash('sha256').update(text).digest('base64url');
  return { key, labels: labels.map((label) => label?.slice(0, maxLabelLength) ?? null) };
}

function labelsOf(event: Event, grouping: Grouping): readonly EntityLabel[] {
  if (grouping.by === 'field') return [fields[grouping.field](event)];
  if (grouping.by === 'trait') {
    const trait = event.traits.find(({ name }) => name === grouping.trait);
    return [trait === undefined ? null : traitLabel(trait)];
  }
  const prefix = `${grouping.group}:`;
  const labels = event.tags
    .filter((tag) => tag.startsWith(prefix))
    .map((tag) => tag.slice(prefix.length));
  return labels.length === 0 ? [null] : labels;
}

const traitLabel = (trait: Trait): string =>
  trait.type === 'DATETIME' ? formatInstant(trait.value) : String(trait.value);

/** An entity for people: its labels with commas; the rule's name where it has none. */
export function entityName(labels: readonly EntityLabel[], ruleName: string): string {
  const known = labels.filter((label) => label !== null);
  return known.length === 0 ? ruleName : known.join(', ').slice(0, maxKeyLength);
}

/** The labels with the names of their groupings. */
export const namedLabels = (
  labels: readonly EntityLabel[],
  groupings: readonly Grouping[],
): { name: string; value: EntityLabel }[] =>
  groupings.map((grouping, at) => ({ name: groupingName(grouping), value: labels[at] ?? null }));
