import type { IndexedReport } from '../event/completion.ts';
import type { Event, Instant } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import type { EventLog, Written } from '../journal/event-log.ts';
import type { Log } from '../telemetry/log.ts';
import { AlarmTable } from './alarms/alarm-table.ts';
import { RuleTable } from './alarms/rule-table.ts';
import { SilenceTable } from './alarms/silence-table.ts';
import type { Query } from './database/connection.ts';
import { Database, type DatabaseOptions } from './database/database.ts';
import { ReadSize, readOf } from './database/read-size.ts';
import type { Replica } from './database/replica.ts';
import type { StatementCaller } from './database/statement-queue.ts';
import { aggregateEvents } from './read/aggregate.ts';
import { countTags, listTraits, listTypes } from './read/catalogue.ts';
import { Rollups } from './read/rollups.ts';
import { countEvents, eventsAfter, findEvent, findPage } from './read/search.ts';
import { SelectivityCache } from './read/selectivity-cache.ts';
import { readTotals } from './read/totals.ts';
import { isTail, type RolledUp, type RollupProgress } from './rollup-progress.ts';
import { ConsentTable } from './sinks/consent-table.ts';
import { FailedDeliveryTable } from './sinks/failed-delivery-table.ts';
import { SinkTable } from './sinks/sink-table.ts';
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
import type { TokenStore } from './tokens.ts';
import { type ConsumerCursors, createConsumerCursors } from './write/consumer-cursors.ts';
import {
  type CheckProgress,
  keepPartitions,
  type PartitionLimits,
} from './write/event-partitions.ts';
import { EventWriter, readReports, type Turn } from './write/event-writer.ts';
import { expireEvents } from './write/expiry.ts';
import { createGateways, type Gateways } from './write/gateways.ts';
import {
  findStreamBase,
  keepJournalId,
  type Lease,
  readFirstIndex,
  readRollupProgress,
  readStoredIndex,
  rebuildRollups,
  rollUpEvents,
  startStoredIndex,
  takeLease,
} from './write/journal-state.ts';
import { SqlTokens } from './write/sql-tokens.ts';

/** The store with its write side, for the parts that fill it. Everything rejects with Unavailable when the database is down. */
export interface OpenStore extends Store, EventLog, AsyncDisposable {
  /** The highest stored index. Own writes and fills advance it, and so does the notice of another gateway's fill. */
  readonly stored: StoredIndex;

  /**
   * Writes reports, whose indexes lie in (from, to], and moves the stored index from `from` to `to`, in one
   * transaction. Null when it was not the holder's turn, because the stored index is not `from` or the
   * lease has run out: then nothing was written. When it rejects, the outcome is unknown: ask lease() for the stored index.
   * A report that the database rejects for its content, or whose id belongs to an event of another namespace, is kept
   * in events_refused, logged and counted.
   */
  fill(
    reports: readonly IndexedReport[],
    from: number,
    to: number,
    holder: string,
  ): Promise<Written[] | null>;

  /**
   * Takes or prolongs the right to fill the store, by the database's clock; 0 ms releases it.
   * The holder is any string that no other process uses.
   */
  lease(holder: string, leaseMs: number): Promise<Lease>;

  /**
   * The number to add to a stream's sequence to get the index: kept for each identity of a stream. A new identity
   * gets the highest known index: of the stored and deleted events, of every base, and `above`, the highest the caller has seen.
   */
  streamBase(identity: string, above?: number): Promise<number>;

  /**
   * Drops partitions all of whose events were recorded before that moment. Of the others it deletes the oldest events, in index order, up
   * to the first that was recorded at that moment or later, or less than `graceMicros` before it. Resolves with their number.
   */
  expire(before: Instant, graceMicros?: number): Promise<number>;

  /** Counts the next events that no rollup counts yet, and answers how far that is: done where both indexes are equal. */
  rollUp(maxEvents?: number): Promise<RolledUp>;

  rollupProgress(): Promise<RollupProgress>;

  /**
   * Begins another partition of the events where the current one is full, and answers its number; null where it is not.
   * Makes the table of an earlier version the first partition, and calls back while that is read through.
   */
  keepPartitions(
    limits?: Partial<PartitionLimits>,
    onCheck?: (progress: CheckProgress) => void,
  ): Promise<number | null>;

  /** Empties the rollups: rollUp() counts every event anew. */
  rebuildRollups(): Promise<void>;

  /**
   * How many events of each of these types were ever stored, those that retention has deleted included; a type without
   * any is left out.
   */
  totals(types: readonly string[]): Promise<ReadonlyMap<string, number>>;

  /** The cursors of the durable consumers, and who runs them. */
  readonly consumers: ConsumerCursors;

  /** Who shares the database. */
  readonly gateways: Gateways;

  readonly sinks: SinkTable;
  readonly failedDeliveries: FailedDeliveryTable;
  readonly sinkConsents: ConsentTable;

  readonly alarmRules: RuleTable;
  readonly alarms: AlarmTable;
  readonly silences: SilenceTable;

  /** What answers queries in place of the database; null for none. */
  readonly replica: Pick<Replica, 'isUsed' | 'passedOver'> | null;

  /** The number of reports that the database has rejected since the process started. */
  readonly refused: number;

  /** The tokens that were made by the API. */
  readonly tokens: TokenStore;

  /**
   * The number of reports that this process has set aside since it started, because their ids belonged to events of other
   * namespaces: only those that were acknowledged before this was known.
   */
  readonly conflicting: number;

  /** From now on calls back with each of these reports, once it is set aside. */
  onConflict(setAside: (conflict: IndexedReport) => void): void;
}

/**
 * Opens the database and brings its tables up to date. Where PostgreSQL does not answer, the store opens all
 * the same, says so in healthReason(), and goes on trying.
 * @throws Error with a sentence when another process has the data directory, or the database to itself
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const stored = new StoredIndex();
  const { exclusive, readUrl = null, log } = options;
  const database = await Database.open(options, async (write) => {
    stored.advance(await startStoredIndex(write));
    // Where no other process may write, whoever held a lease has ended.
    if (exclusive) await write('UPDATE consumers SET holder = NULL WHERE holder IS NOT NULL');
  });
  const replica = readUrl === null ? null : await openReplica(readUrl, database, stored, log);
  return new SqlStore(database, stored, new EventWriter(database, log), replica);
}

/** Loaded where there is one, as it brings PostgreSQL's driver along. */
async function openReplica(url: string, primary: Database, stored: StoredIndex, log: Log) {
  const { Replica } = await import('./database/replica.ts');
  return new Replica({ url, primary, storedIndex: () => stored.current, log });
}

export interface StoreOptions extends DatabaseOptions {
  /** A postgres:// URL of a replica, which answers queries; null or absent for none. */
  readonly readUrl?: string | null;
}

/** Shared by every view of a store. */
interface StoreState {
  readonly database: Database;
  readonly replica: Replica | null;
  readonly stored: StoredIndex;
  readonly selectivities: SelectivityCache;
  readonly rollups: Rollups;
}

/** Reads for one caller, or for the gateway itself. */
class StoreReader implements Store {
  readonly #state: StoreState;
  readonly #read: Query;
  readonly #lookUp: Query;
  /** Not over a replica: feeds, and whatever completes events. */
  readonly #lookUpOwn: Query;

  constructor(state: StoreState, caller?: StatementCaller) {
    this.#state = state;
    const { read, lookUp } = state.replica ?? state.database;
    const size = caller?.maxReadBytes === undefined ? null : new ReadSize(caller.maxReadBytes);
    this.#read = readOf(read, caller, size);
    this.#lookUp = readOf(lookUp, caller, size);
    this.#lookUpOwn = readOf(state.database.lookUp, caller, size);
  }

  for(caller: StatementCaller): Store {
    return new StoreReader(this.#state, caller);
  }

  get storedIndex(): number {
    return this.#state.stored.current;
  }

  event(id: string): Promise<Event | null> {
    return findEvent(this.#lookUp, id);
  }

  page(request: PageRequest): Promise<Page> {
    const sessions = { read: this.#read, lookUp: this.#lookUp };
    return findPage(sessions, this.#state.selectivities, request);
  }

  count(filter: Filter): Promise<number> {
    return countEvents(this.#read, this.#state.rollups, filter);
  }

  aggregate(request: AggregateRequest): Promise<AggregateRow[]> {
    return aggregateEvents(this.#read, this.#state.rollups, request);
  }

  tags(request: TagsRequest): Promise<TagCount[]> {
    return countTags(this.#read, this.#state.rollups, request);
  }

  types(categories: readonly string[] | null, filter?: Filter): Promise<KnownType[]> {
    return listTypes(this.#read, categories, filter);
  }

  traitDescriptors(types: readonly string[] | null, filter?: Filter): Promise<TraitDescriptor[]> {
    return listTraits(this.#read, types, filter);
  }

  after(index: number, limit: number): Promise<readonly Event[]> {
    return eventsAfter(this.#lookUpOwn, index, limit);
  }

  reports(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>> {
    return readReports(this.#lookUpOwn, ids);
  }

  firstIndex(): Promise<number | null> {
    return readFirstIndex(this.#lookUpOwn);
  }

  untilStored(index: number, timeoutMs: number): Promise<boolean> {
    return this.#state.stored.until(index, timeoutMs);
  }

  healthReason(): string | null {
    return this.#state.database.healthReason();
  }
}

class SqlStore extends StoreReader implements OpenStore {
  readonly stored: StoredIndex;
  readonly consumers: ConsumerCursors;
  readonly tokens: TokenStore;
  readonly gateways: Gateways;
  readonly sinks: SinkTable;
  readonly sinkConsents: ConsentTable;
  readonly failedDeliveries: FailedDeliveryTable;
  readonly alarmRules: RuleTable;
  readonly alarms: AlarmTable;
  readonly silences: SilenceTable;
  readonly #database: Database;
  readonly #writer: EventWriter;
  readonly #rollups: Rollups;
  readonly replica: Replica | null;

  constructor(
    database: Database,
    stored: StoredIndex,
    writer: EventWriter,
    replica: Replica | null,
  ) {
    const rollups = new Rollups();
    super({ database, replica, stored, selectivities: new SelectivityCache(), rollups });
    this.replica = replica;
    this.#rollups = rollups;
    this.tokens = new SqlTokens(database);
    this.#database = database;
    this.stored = stored;
    this.#writer = writer;
    this.consumers = createConsumerCursors(database.lookUp, database.write);
    this.gateways = createGateways(database.write);
    this.sinks = new SinkTable(database);
    this.failedDeliveries = new FailedDeliveryTable(database);
    this.sinkConsents = new ConsentTable(database);
    this.alarmRules = new RuleTable(database);
    this.alarms = new AlarmTable(database);
    this.silences = new SilenceTable(database);
  }

  get refused(): number {
    return this.#writer.refused;
  }

  get conflicting(): number {
    return this.#writer.conflicting;
  }

  onConflict(setAside: (conflict: IndexedReport) => void): void {
    this.#writer.onConflict = setAside;
  }

  lastIndex(): Promise<number> {
    return readStoredIndex(this.#database.lookUp);
  }

  write(reports: readonly IndexedReport[], from: number): Promise<Written[] | null> {
    return this.#write(reports, { from, to: reports.at(-1)?.index ?? from, holder: null });
  }

  fill(
    reports: readonly IndexedReport[],
    from: number,
    to: number,
    holder: string,
  ): Promise<Written[] | null> {
    return this.#write(reports, { from, to, holder });
  }

  async #write(reports: readonly IndexedReport[], turn: Turn): Promise<Written[] | null> {
    const written = await this.#writer.write(reports, turn);
    if (written !== null) this.stored.advance(turn.to);
    return written;
  }

  lease(holder: string, leaseMs: number): Promise<Lease> {
    return takeLease(this.#database, holder, leaseMs);
  }

  journalId(proposed: string): Promise<string> {
    return keepJournalId(this.#database.write, proposed);
  }

  streamBase(identity: string, above = 0): Promise<number> {
    return findStreamBase(this.#database, identity, above);
  }

  expire(before: Instant, graceMicros?: number): Promise<number> {
    return expireEvents(this.#database, before, graceMicros);
  }

  async rollUp(maxEvents?: number): Promise<RolledUp> {
    const progress = await rollUpEvents(this.#database, maxEvents);
    this.#rollups.filled = isTail(progress);
    return progress;
  }

  rollupProgress(): Promise<RollupProgress> {
    return readRollupProgress(this.#database.lookUp);
  }

  keepPartitions(
    limits?: Partial<PartitionLimits>,
    onCheck?: (progress: CheckProgress) => void,
  ): Promise<number | null> {
    return keepPartitions(this.#database, limits, onCheck);
  }

  async rebuildRollups(): Promise<void> {
    await rebuildRollups(this.#database);
    this.#rollups.filled = false;
  }

  totals(types: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return readTotals(this.#database.read, types);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stored[Symbol.dispose]();
    await this.replica?.[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
  }
}
