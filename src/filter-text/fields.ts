import type { Dialect, EventFilter, EventSourceFilter } from '../client/schema.generated.ts';

/** The lists of EventFilter that a field of the same meaning fills. */
type ListName = {
  [Name in keyof EventFilter]-?: NonNullable<EventFilter[Name]> extends readonly string[]
    ? Name
    : never;
}[keyof EventFilter];

/** Where the values of a field go. */
export type Destination =
  | { readonly list: ListName }
  | { readonly source: keyof EventSourceFilter }
  | { readonly tags: true }
  | { readonly ended: true };

export interface Field {
  readonly name: string;
  /** Another spelling that is read, and never printed. */
  readonly alias?: string;
  readonly to: Destination;
  /** The only values that there are, as they are typed, each with the API's name for it. */
  readonly values?: ReadonlyMap<string, string>;
  /** How a value must look, where the gateway is not needed to know. */
  readonly form?: { readonly pattern: RegExp; readonly wanted: string };
  readonly description: string;
}

const sameNames = (...names: readonly string[]) =>
  new Map(names.map((name) => [name.toLowerCase(), name]));

const planes = new Map([
  ['control', 'CONTROL_PLANE'],
  ['data', 'DATA_PLANE'],
]);

/** Those of the API: the compiler misses one that is not here. */
const dialects: Readonly<Record<Dialect, true>> = {
  TIDINGS: true,
  MAYASTOR: true,
  SKYWALKING: true,
  VAMP: true,
  NOMAD: true,
  CEILOMETER: true,
  CLOUDEVENTS: true,
};

export const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** All fields that are written `name:value`, but time and traits. */
export const fields: readonly Field[] = [
  { name: 'type', to: { list: 'types' }, description: 'type, with * and ? for any characters' },
  { name: 'category', to: { list: 'categories' }, description: 'category' },
  { name: 'action', to: { list: 'actions' }, description: 'action' },
  {
    name: 'severity',
    to: { list: 'severities' },
    values: sameNames('NORMAL', 'ERROR'),
    description: 'severity: normal or error',
  },
  { name: 'ns', alias: 'namespace', to: { list: 'namespaces' }, description: 'namespace' },
  { name: 'key', to: { list: 'keys' }, description: 'key, or one of the filter keys' },
  { name: 'tag', to: { tags: true }, description: 'tag' },
  { name: 'topic', to: { list: 'topics' }, description: 'topic of Nomad: Category:key' },
  {
    name: 'id',
    to: { list: 'ids' },
    form: { pattern: uuidPattern, wanted: 'a UUID' },
    description: 'id',
  },
  { name: 'service', to: { source: 'service' }, description: 'service' },
  { name: 'instance', to: { source: 'instance' }, description: 'instance of a service' },
  { name: 'endpoint', to: { source: 'endpoint' }, description: 'endpoint' },
  { name: 'node', to: { source: 'node' }, description: 'host it happened on' },
  { name: 'component', to: { source: 'component' }, description: 'program that reported it' },
  { name: 'plane', to: { source: 'plane' }, values: planes, description: 'plane: control or data' },
  { name: 'layer', to: { source: 'layer' }, description: 'layer of SkyWalking' },
  {
    name: 'dialect',
    to: { list: 'dialects' },
    values: sameNames(...Object.keys(dialects)),
    description: 'language in which it arrived',
  },
  {
    name: 'ended',
    to: { ended: true },
    values: sameNames('true', 'false'),
    description: 'true: with an end time; false: without',
  },
];

const byName = new Map(
  fields.flatMap((field) => [
    [field.name, field] as const,
    ...(field.alias === undefined ? [] : [[field.alias, field] as const]),
  ]),
);

export const fieldNamed = (name: string): Field | undefined => byName.get(name);

/** The API's value for one that was typed: ERROR for error. Undefined where the field has no such value. */
export function apiValueOf(field: Field, typed: string): string | undefined {
  if (field.values === undefined) return typed;
  const lower = typed.toLowerCase();
  const value = field.values.get(lower);
  return value ?? [...field.values.values()].find((known) => known.toLowerCase() === lower);
}
