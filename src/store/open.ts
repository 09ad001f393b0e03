import type { IndexedReport } from '../event/completion.ts';
import type { Event, Instant } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { EventLog, Written } from '../journal/event-log.ts';
import { Database, type DatabaseOptions } from './database/database.ts';
import { aggregateEvents } from './read/aggregate.ts';
import { countTags, listTraits, listTypes } from './read/catalogue.ts';
import { countEvents, eventsAfter, findEvent, findPage } from './read/search.ts';
import { SelectivityCache } from './read/selectivity-cache.ts';
import type {
  AggregateRequest,
  AggregateRow,
  KnownType,
  Page,
  PageRequest,
  Store,
  TagCount,
  TagsRequest,
  TraitDescriptor,
} from './store.ts';
import { StoredIndex } from './stored-index.ts';
import { EventWriter, readParts, type Turn } from './write/event-writer.ts';
import {
  expireEvents,
  findStreamBase,
  keepJournalId,
  type Lease,
  readFirstIndex,
  readStoredIndex,
  startStoredIndex,
  takeLease,
} from './write/journal-state.ts';

/** The store with its write side, for the parts that fill it. Everything rejects with Unavailable when the database is away. */
export interface OpenStore extends Store, EventLog, AsyncDisposable {
  /** How far the store has got: write and fill advance it; whoever hears of another's fill advances it too. */
  readonly stored: StoredIndex;

  /**
   * Writes parts, whose indexes lie in (from, to], and moves the stored index from `from` to `to`, in one
   * transaction. Null when it was not the holder's turn, because the stored index is not `from` or the
   * lease has run out: then nothing was written. When it rejects, the outcome is unknown: ask lease() for the stored index.
   * A part that the database refuses for what it says is set aside in events_refused, logged and counted,
   * and answered as if it had been written.
   */
  fill(
    parts: readonly IndexedReport[],
    from: number,
    to: number,
    holder: string,
  ): Promise<Written[] | null>;

  /**
   * Takes or prolongs the right to fill the store, by the database's clock; 0 milliseconds lets go of it.
   * The holder is any text of its own for each process.
   */
  lease(holder: string, milliseconds: number): Promise<Lease>;

  /**
   * What to add to a stream's sequence to get the index: remembered for each identity of a stream. A new
   * identity is given the highest index known: of what is or was stored, of every base, and `above`, the highest the caller has seen.
   */
  streamBase(identity: string, above?: number): Promise<number>;

  /**
   * Deletes the oldest events, in index order, up to the first that was recorded at that moment or later.
   * Resolves with how many.
   */
  expire(before: Instant): Promise<number>;

  /** How many parts the database has refused since the process started. */
  readonly refused: number;
}

/**
 * Opens the database and brings its tables up to date. Where PostgreSQL does not answer, the store opens all
 * the same, says so in trouble(), and goes on trying.
 * @throws Error with a sentence when another process has the data directory, or the database to itself
 */
export async function openStore(options: DatabaseOptions): Promise<OpenStore> {
  const stored = new StoredIndex();
  const database = await Database.open(options, async (write) => {
    stored.advance(await startStoredIndex(write));
  });
  return new SqlStore(database, stored, new EventWriter(database, options.log));
}

class SqlStore implements OpenStore {
  readonly stored: StoredIndex;
  readonly #database: Database;
  readonly #writer: EventWriter;
  readonly #frequencies = new SelectivityCache();

  constructor(database: Database, stored: StoredIndex, writer: EventWriter) {
    this.#database = database;
    this.stored = stored;
    this.#writer = writer;
  }

  get storedIndex(): number {
    return this.stored.current;
  }

  get refused(): number {
    return this.#writer.refused;
  }

  event(id: string): Promise<Event | null> {
    return findEvent(this.#database.lookUp, id);
  }

  page(request: PageRequest): Promise<Page> {
    return findPage(this.#database, this.#frequencies, request);
  }

  count(filter: Filter): Promise<number> {
    return countEvents(this.#database.read, filter);
  }

  aggregate(request: AggregateRequest): Promise<AggregateRow[]> {
    return aggregateEvents(this.#database.read, request);
  }

  tags(request: TagsRequest): Promise<TagCount[]> {
    return countTags(this.#database.read, request);
  }

  types(categories: readonly string[] | null): Promise<KnownType[]> {
    return listTypes(this.#database, categories);
  }

  traitDescriptors(types: readonly string[] | null): Promise<TraitDescriptor[]> {
    return listTraits(this.#database, types);
  }

  after(index: number, limit: number): Promise<readonly Event[]> {
    return eventsAfter(this.#database.lookUp, index, limit);
  }

  parts(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>> {
    return readParts(this.#database.lookUp, ids);
  }

  firstIndex(): Promise<number | null> {
    return readFirstIndex(this.#database.read);
  }

  lastIndex(): Promise<number> {
    return readStoredIndex(this.#database.read);
  }

  untilStored(index: number, milliseconds: number): Promise<boolean> {
    return this.stored.until(index, milliseconds);
  }

  write(parts: readonly IndexedReport[], from: number): Promise<Written[] | null> {
    return this.#write(parts, { from, to: parts.at(-1)?.index ?? from, holder: null });
  }

  fill(
    parts: readonly IndexedReport[],
    from: number,
    to: number,
    holder: string,
  ): Promise<Written[] | null> {
    return this.#write(parts, { from, to, holder });
  }

  async #write(parts: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    const written = await this.#writer.write(parts, turn);
    if (written !== null) this.stored.advance(turn.to);
    return written;
  }

  lease(holder: string, milliseconds: number): Promise<Lease> {
    return takeLease(this.#database, holder, milliseconds);
  }

  journalId(proposed: string): Promise<string> {
    return keepJournalId(this.#database.write, proposed);
  }

  streamBase(identity: string, above = 0): Promise<number> {
    return findStreamBase(this.#database, identity, above);
  }

  expire(before: Instant): Promise<number> {
    return expireEvents(this.#database, before);
  }

  healthReason(): string | null {
    return this.#database.healthReason();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stored[Symbol.dispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}
