import type { Event, HiddenField, Trait } from '../client/schema.generated.ts';

/** An event as lists show it. The message is absent where it is hidden from the viewer. */
export type ListedEvent = Pick<
  Event,
  | 'id'
  | 'index'
  | 'namespace'
  | 'type'
  | 'severity'
  | 'key'
  | 'tags'
  | 'time'
  | 'endTime'
  | 'source'
  | 'dialect'
> & { readonly message?: string | null };

/** All that is kept of an event, but for what is hidden from the viewer. */
export type WholeEvent = Omit<Event, 'trait' | 'category' | 'traits' | 'value' | 'raw'> & {
  readonly traits?: readonly Trait[];
  readonly value?: unknown;
  readonly raw?: unknown;
};

const sourceFields = 'source { service instance endpoint node component plane layer }';

type Hidden = ReadonlySet<HiddenField>;
const unless = (hidden: Hidden, field: HiddenField, selection: string): string =>
  hidden.has(field) ? '' : selection;

/** The selection of a ListedEvent. */
export const listedFields = (hidden: Hidden): string =>
  `id index namespace type severity key tags time endTime dialect ${sourceFields}${unless(hidden, 'MESSAGE', ' message')}`;

/** The selection of a WholeEvent. */
export const wholeFields = (hidden: Hidden): string =>
  [
    'id index namespace type action severity key filterKeys tags time endTime recordedAt dialect',
    sourceFields,
    unless(hidden, 'MESSAGE', 'message'),
    unless(hidden, 'TRAITS', 'traits { name type text int float dateTime value }'),
    unless(hidden, 'VALUE', 'value'),
    unless(hidden, 'RAW', 'raw'),
  ]
    .filter((part) => part !== '')
    .join('\n    ');

/** Where an event comes from, in short: two fields and their values, csi and csi-1. */
export function sourceParts({
  service,
  instance,
  node,
  component,
}: Event['source']): readonly (readonly [field: string, value: string])[] {
  const first =
    service === null ? (['component', component] as const) : (['service', service] as const);
  const second = instance === null ? (['node', node] as const) : (['instance', instance] as const);
  return [first, second].flatMap(([field, value]) =>
    value === null ? [] : [[field, value] as const],
  );
}

/** Milliseconds from its time to its end; null for one that has not ended. */
export const durationMs = ({ time, endTime }: Pick<Event, 'time' | 'endTime'>): number | null =>
  endTime === null ? null : Date.parse(endTime) - Date.parse(time);
