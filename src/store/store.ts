import type { IndexedReport } from '../event/completion.ts';
import type { Event, EventSource, Instant, TraitType } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { Caller } from './database/statement-queue.ts';

export type EventOrder = 'TIME_ASC' | 'TIME_DESC' | 'INDEX_ASC' | 'INDEX_DESC';

/** A place between events: of its event's time and index. Time alone would drop rows of one instant. */
export interface Position {
  readonly time: Instant;
  readonly index: number;
}

/** What a reader may want of an event: its fields, and those of its source. */
export type EventField = Exclude<keyof Event, 'source'> | keyof EventSource;

export interface PageRequest {
  readonly filter: Filter;
  readonly order: EventOrder;
  /** Events wanted, 1 to 1000. */
  readonly limit: number;
  /** Only what stands behind this place in the order asked for. */
  readonly after?: Position;
  /** Only what stands before this place in the order asked for. */
  readonly before?: Position;
  /** True: the last `limit` events of what is left, still in the order asked for. */
  readonly fromEnd?: boolean;
  /** Events left out first, for protocols that page by offset: 0 to 10,000, as each costs a row read. */
  readonly skip?: number;
  /** What is wanted of each event beside its place; all without it. The rest is then blank: null or empty. */
  readonly fields?: readonly EventField[];
}

/** The largest `skip` of a page request. */
export const maxSkip = 10_000;

export interface Page {
  readonly events: readonly Event[];
  /** Whether more stand behind the last (fromEnd: before the first) event of the page. */
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
  /** Null where only the counts are wanted, which is quicker: then every figure is null and measured 0. */
  readonly measure: Measure | null;
  readonly groupBy: readonly Grouping[];
  /** Length of a time bucket in microseconds; null for no buckets. */
  readonly interval: number | null;
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

/** Reads over everything that is stored. Every method rejects with Unavailable when the database is away. */
export interface Store {
  /** The same store for one operation of a client: it shares the database fairly with others, and ends with its signal. */
  for(caller: Caller): Store;

  event(id: string): Promise<Event | null>;
  page(request: PageRequest): Promise<Page>;
  count(filter: Filter): Promise<number>;
  aggregate(request: AggregateRequest): Promise<AggregateRow[]>;
  tags(request: TagsRequest): Promise<TagCount[]>;
  /** Types that events were stored with: of these categories, and in events that pass the filter. */
  types(categories: readonly string[] | null, filter?: Filter): Promise<KnownType[]>;
  traitDescriptors(types: readonly string[] | null, filter?: Filter): Promise<TraitDescriptor[]>;

  /** The events behind an index, in index order; fewer than limit only where the store ends. */
  after(index: number, limit: number): Promise<readonly Event[]>;
  /** The reports known under each of these ids; ids without any are left out. */
  reports(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>>;

  /** Oldest index from which a feed can resume; null while empty. */
  firstIndex(): Promise<number | null>;
  /** Everything up to here is stored, as far as this process has heard. */
  readonly storedIndex: number;
  /** Resolves true once everything up to the index is stored, false when that takes longer. */
  untilStored(index: number, milliseconds: number): Promise<boolean>;

  /** Null while the database answers, else the reason why not, as a sentence. */
  healthReason(): string | null;
}
