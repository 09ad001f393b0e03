import type { EventGroupField } from '../client/schema.generated.ts';
import { type Completion, completeFilterText } from '../filter-text/complete.ts';
import { printValue } from '../filter-text/print.ts';
import { ask } from './gateway-client.ts';
import { type TimeRange, timeOf } from './time-range.ts';

/** Fields whose values are those of the events of the range. */
const groups: Readonly<Record<string, EventGroupField>> = {
  type: 'TYPE',
  category: 'CATEGORY',
  action: 'ACTION',
  ns: 'NAMESPACE',
  key: 'KEY',
  service: 'SERVICE',
  instance: 'INSTANCE',
  endpoint: 'ENDPOINT',
  node: 'NODE',
  component: 'COMPONENT',
  layer: 'LAYER',
};

const maxOptions = 12;
const maxValues = 200;

/** The options at a position of a filter string, as far as the page knows them by itself: names of fields, and fixed values. */
export const completionAt = (text: string, position: number): Completion =>
  shortened(completeFilterText(text, position));

/** Whether there may be options that the gateway knows: values of the catalogue and of events. */
export const needsValues = ({ expects, options }: Completion): boolean =>
  options.length === 0 && expects !== 'FIELD';

/** The completion with those of the values that begin as the word that is written. */
export function withValues(completion: Completion, values: readonly string[]): Completion {
  const start = completion.prefix.toLowerCase();
  const options = values.filter((value) => value.toLowerCase().startsWith(start));
  return shortened({ ...completion, options: options.map(printValue) });
}

const shortened = (completion: Completion): Completion => ({
  ...completion,
  options: completion.options.slice(0, maxOptions),
});

/**
 * The values of a field, from the catalogue and the events of the range.
 * @throws GatewayError
 */
export async function valuesOf(
  { expects, prefix }: Pick<Completion, 'expects' | 'prefix'>,
  range: TimeRange,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (expects === 'TRAIT') return await traitNames(signal);
  if (expects === 'tag') return await tagsWith(prefix, signal);
  const field = groups[expects];
  if (field === undefined) return [];
  interface Values {
    readonly aggregateEvents: {
      readonly rows: readonly { readonly group: readonly { readonly value: string | null }[] }[];
    };
  }
  const query = `query Values($filter: EventFilter, $field: EventGroupField!, $first: Int!) {
    aggregateEvents(filter: $filter, groupBy: [{ field: $field }], first: $first) { rows { group { value } } }
  }`;
  const variables = { filter: { time: timeOf(range) }, field, first: maxValues };
  const { aggregateEvents } = await ask<Values>(query, variables, signal);
  return aggregateEvents.rows.flatMap(({ group }) => group[0]?.value ?? []);
}

async function traitNames(signal: AbortSignal): Promise<readonly string[]> {
  interface Traits {
    readonly traitDescriptors: readonly { readonly name: string }[];
  }
  const query = 'query Traits { traitDescriptors { name } }';
  const { traitDescriptors } = await ask<Traits>(query, {}, signal);
  return [...new Set(traitDescriptors.map(({ name }) => name))].sort();
}

async function tagsWith(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
  interface Tags {
    readonly tags: { readonly nodes: readonly { readonly tag: string }[] };
  }
  const query =
    'query Tags($prefix: String!, $first: Int!) { tags(prefix: $prefix, first: $first) { nodes { tag } } }';
  const { tags } = await ask<Tags>(query, { prefix, first: maxOptions }, signal);
  return tags.nodes.map(({ tag }) => tag);
}
