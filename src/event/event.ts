/** Microseconds since 1970-01-01T00:00:00Z: whole, exact from 1684 to 2255, ordered as a number. */
export type Instant = number;

/** Any JSON value. An integer whose digits a number would not keep is a bigint: see json.ts, which reads and writes it. */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

export const severities = ['NORMAL', 'ERROR'] as const;
export type Severity = (typeof severities)[number];

export const planes = ['CONTROL_PLANE', 'DATA_PLANE'] as const;
export type Plane = (typeof planes)[number];

/** The language in which an event arrived. */
export const dialects = [
  'TIDINGS',
  'MAYASTOR',
  'SKYWALKING',
  'VAMP',
  'NOMAD',
  'CEILOMETER',
  'CLOUDEVENTS',
] as const;
export type Dialect = (typeof dialects)[number];

export const traitTypes = ['TEXT', 'INT', 'FLOAT', 'DATETIME'] as const;
export type TraitType = (typeof traitTypes)[number];

/** A value and what it is: TEXT holds a string, INT and FLOAT a number, DATETIME an Instant. */
export type TypedValue =
  | { readonly type: 'TEXT'; readonly value: string }
  | { readonly type: 'INT' | 'FLOAT' | 'DATETIME'; readonly value: number };

export type Trait = TypedValue & { readonly name: string };

/** Where an event comes from; null where the reporter did not say. */
export interface EventSource {
  readonly service: string | null;
  readonly instance: string | null;
  readonly endpoint: string | null;
  /** The host it happened on. */
  readonly node: string | null;
  /** The program that reported it. */
  readonly component: string | null;
  readonly plane: Plane | null;
  readonly layer: string | null;
}

/** Of an event whose reporter did not say where it comes from. */
export const nowhere: EventSource = {
  service: null,
  instance: null,
  endpoint: null,
  node: null,
  component: null,
  plane: null,
  layer: null,
};

/** The known fields of a source: an unknown one is undefined, which JSON leaves out. */
export const knownOf = (source: EventSource) => ({
  service: source.service ?? undefined,
  instance: source.instance ?? undefined,
  endpoint: source.endpoint ?? undefined,
  node: source.node ?? undefined,
  component: source.component ?? undefined,
  plane: source.plane ?? undefined,
  layer: source.layer ?? undefined,
});

/** The fields of every event and of every report. */
interface EventFields {
  /** A UUID in lower case. */
  readonly id: string;
  readonly namespace: string;
  readonly category: string;
  readonly action: string | null;
  readonly source: EventSource;
  readonly key: string | null;
  readonly filterKeys: readonly string[];
  readonly message: string | null;
  /** Expanded: what is tagged `a:b` is tagged `a` too. */
  readonly tags: readonly string[];
  /** One for a name, in the order reported. */
  readonly traits: readonly Trait[];
  /** Null where nothing was attached. */
  readonly value: Json;
  readonly time: Instant;
  readonly endTime: Instant | null;
  readonly recordedAt: Instant;
  readonly dialect: Dialect;
  /** The message as it arrived; null where it was not kept. */
  readonly raw: Json;
}

/** One accepted report. Reports with one id and namespace make one event: see completion.ts. */
export interface Report extends EventFields {
  /** Null where the reporter did not say: then an earlier report's severity is kept. */
  readonly severity: Severity | null;
  /** True when Tidings made the id, so that no earlier report can carry it. */
  readonly generatedId: boolean;
}

/** The reports of one id, merged. */
export interface Event extends EventFields {
  /** Category and action: see typeOf. */
  readonly type: string;
  readonly severity: Severity;
  /** The index of the event's latest change. */
  readonly index: number;
}

/** The category of an event whose reporter gave neither type nor category. */
export const defaultCategory = 'event';
export const defaultNamespace = 'default';

/** category and action joined by a dot. */
export function typeOf(event: Pick<Event, 'category' | 'action'>): string {
  return event.action === null ? event.category : `${event.category}.${event.action}`;
}
