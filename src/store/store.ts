import type { IndexedReport } from '../event/completion.ts';
import type { Event, EventSource, Instant, TraitType } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { StatementCaller } from './database/statement-queue.ts';

export type EventOrder = 'TIME_ASC' | 'TIME_DESC' | 'INDEX_ASC' | 'INDEX_DESC';

/** A position between events: time and index of an event. Time alone would drop rows of one instant. */
export interface Position {
  readonly time: Instant;
  readonly index: number;
}

/** The fields of an event, and of its source, that a reader can ask for. */
export type EventField = Exclude<keyof Event, 'source'> | keyof EventSource;

export interface PageRequest {
  readonly filter: Filter;
  readonly order: EventOrder;
  /** Events wanted, 1 to 1000. */
  readonly limit: number;
  /** Only events after this position, in the requested order. */
  readonly after?: Position;
  /** Only events before this position, in the requested order. */
  readonly before?: Position;
  /** True: the last `limit` of these events, still in the requested order. */
  readonly fromEnd?: boolean;
  /** Events left out first, for protocols that page by offset: 0 to 10,000, as each costs a row read. */
  readonly skip?: number;
  /** The fields to read as well as time and index; all when absent. The others are then blank: null or empty. */
  readonly fields?: readonly EventField[];
}

/** The largest `skip` of a page request. */
export const maxSkip = 10_000;

export interface Page {
  readonly events: readonly Event[];
  /** Whether there are more events after the last (fromEnd: before the first) of the page. */
  readonly more: boolean;
}

export type Grouping =
  | { readonly by: 'field'; readonly field: GroupField }
  | { readonly by: 'tagGroup'; readonly group: string }
  | { readonly by: 'trait'; readonly trait: string };

export const groupFields = [
  'NAMESPACE',
  'CATEGORY',
  'ACTION',
  'TYPE',
  'SEVERITY',
  'KEY',
  'SERVICE',
  'INSTANCE',
  'ENDPOINT',
  'NODE',
  'COMPONENT',
  'PLANE',
  'LAYER',
  'DIALECT',
] as const;
export type GroupField = (typeof groupFields)[number];

/** The number that is measured: the value or a number inside it, a trait, or seconds from time to endTime. */
export type Measure =
  | { readonly of: 'value'; readonly path: readonly string[] }
  | { readonly of: 'trait'; readonly name: string }
  | { readonly of: 'duration' };

export interface AggregateRequest {
  readonly filter: Filter;
  /** Null where only the counts are wanted, which is quicker: then measured is 0 and all other statistics are null. */
  readonly measure: Measure | null;
  readonly groupBy: readonly Grouping[];
  /** Length of a time bucket in microseconds; null for no buckets. */
  readonly intervalMicros: number | null;
  /** IANA name: where buckets of a day and longer begin at midnight. */
  readonly timeZone: string;
  /** Ranks between 0 and 1. */
  readonly percentiles: readonly number[];
  readonly limit: number;
}

export interface AggregateRow {
  /** One for each grouping, in its order; null where the event has none. */
  readonly group: readonly (string | null)[];
  readonly bucket: Instant | null;
  readonly count: number;
  readonly measured: number;
  readonly average: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number | null;
  /** In the order of the ranks asked for. */
  readonly percentiles: readonly (number | null)[];
}

export interface TagsRequest {
  /** Only tags that begin with it; empty for all. */
  readonly prefix: string;
  readonly filter: Filter;
  readonly limit: number;
}

export interface TagCount {
  readonly tag: string;
  readonly count: number;
}

export interface TraitDescriptor {
  readonly name: string;
  readonly type: TraitType;
  readonly eventType: string;
}

/** A category and an action that was reported in it; null for the category alone. */
export interface KnownType {
  readonly category: string;
  readonly action: string | null;
}

/** Reads over everything that is stored. Every method rejects with Unavailable when the database is down. */
export interface Store {
  /** The same store for one operation of a client: it shares the database fairly with others, and ends with its signal. */
  for(caller: StatementCaller): Store;

  event(id: string): Promise<Event | null>;
  page(request: PageRequest): Promise<Page>;
  count(filter: Filter): Promise<number>;
  aggregate(request: AggregateRequest): Promise<AggregateRow[]>;
  tags(request: TagsRequest): Promise<TagCount[]>;
  /** Types that events were stored with: of these categories, and in events that pass the filter. */
  types(categories: readonly string[] | null, filter?: Filter): Promise<KnownType[]>;
  traitDescriptors(types: readonly string[] | null, filter?: Filter): Promise<TraitDescriptor[]>;

  /** The events after an index, in index order; fewer than limit only where the store ends. */
  after(index: number, limit: number): Promise<readonly Event[]>;
  /** The reports known under each of these ids; ids without any are left out. */
  reports(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>>;

  /** Oldest index from which a feed can resume; null while empty. */
  firstIndex(): Promise<number | null>;
  /** The highest index that this process knows to be stored, with everything before it. */
  readonly storedIndex: number;
  /** Resolves true once everything up to the index is stored, false when that takes longer. */
  untilStored(index: number, timeoutMs: number): Promise<boolean>;

  /** Null while the database answers, else the reason why not, as a sentence. */
  healthReason(): string | null;
}
