import { setTimeout } from 'node:timers/promises';
import {
  complete,
  type IndexedReport,
  ofOwner,
  sameReport,
  withReport,
} from '../../event/completion.ts';
import type { Event, Report } from '../../event/event.ts';
import type { Log } from '../../telemetry/log.ts';
import { GeneratedIdReports } from './generated-id-reports.ts';

/** The part of the store that completion needs. */
export interface StoredReports {
  /** Everything up to this index is stored. */
  readonly storedIndex: number;
  /** The reports known under each of these ids. @throws Unavailable */
  reports(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>>;
}

export interface SizedReport extends IndexedReport {
  /** Of its message, in bytes. */
  readonly size: number;
}

interface Recent {
  readonly reports: readonly IndexedReport[];
  /** True when no report of this id, up to the last of these, can be missing. */
  readonly whole: boolean;
  readonly size: number;
}

/**
 * Keeps at least this much, and at most twice as much: more than what the store still lacks, as long as it is
 * filled at all.
 */
const recentEvents = 32_768;
const recentBytes = 32 * 2 ** 20;

/** The store has this time to answer. When it does not, it is not asked again for as long. */
const storeTimeoutMs = 1000;

/**
 * Makes events of reports as they come from the stream: a report whose id is known completes that event. The
 * reports before it are among the recent ones, which are remembered here, or in the store. While the store is
 * down, followers are notified of what is known here.
 */
export class NatsCompletion {
  readonly #store: StoredReports;
  readonly #log: Log;
  readonly #generatedId = new GeneratedIdReports({
    reports: 2 * recentEvents,
    bytes: 2 * recentBytes,
  });
  /** All others by id. When the newer ones have reached the bound, the older ones are forgotten, and these become the older. */
  #recent = new Map<string, Recent>();
  #older = new Map<string, Recent>();
  #bytes = 0;
  #restUntil = 0;
  #latest = 0;
  /** The last index of the older ones, and of those that were forgotten before them. */
  #halfTo = 0;
  #forgottenTo = 0;
  /** All that followers are notified of after this index has passed here. */
  #followedFrom = Number.POSITIVE_INFINITY;
  #incomplete = 0;

  constructor(store: StoredReports, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** How many events were published without the earlier reports in the store, because it did not answer. */
  get incomplete(): number {
    return this.#incomplete;
  }

  /** All that followers were notified of after this index is remembered. */
  get completeFrom(): number {
    return Math.max(this.#followedFrom, this.#forgottenTo, this.#generatedId.completeFrom);
  }

  /** To be called where following begins, and goes on after followers were notified of what the store has. */
  followFrom(index: number): void {
    this.#followedFrom = index;
  }

  /** The reports in (from, to] that are remembered. */
  between(from: number, to: number): readonly IndexedReport[] {
    const given = [this.#older, this.#recent].flatMap((some) => [...some.values()]);
    const reports = given.flatMap((recent) => recent.reports);
    const inRange = reports.filter(({ index }) => index > from && index <= to);
    return [...this.#generatedId.between(from, to), ...inRange];
  }

  /** Whether the report under that index is remembered, of all those of an event. */
  knows({ id, index }: Event): boolean {
    return this.#reportsOf(id).some((known) => known.index === index);
  }

  /** The index of the first report that says the same, where it is remembered. */
  indexOf(report: Report): number | undefined {
    return this.#reportsOf(report.id).find((known) => sameReport(known.report, report))?.index;
  }

  /** Reports that followers have been notified of, or never will be: later reports may complete them. */
  remember(reports: readonly SizedReport[]): void {
    this.#generatedId.stored(this.#store.storedIndex);
    for (const indexed of reports) this.#join(indexed, []);
  }

  /** The stream was recreated: reports on their way to the old one may come once more, those with generated ids as well. */
  expectRepeats(): void {
    for (const indexed of this.#generatedId.takeAll())
      this.#keep(indexed.report.id, onlyOf(indexed));
  }

  /**
   * The changes that these reports make, in order. A report that repeats another makes none, and neither does one whose
   * id belongs to an event of another namespace.
   */
  async complete(reports: readonly SizedReport[]): Promise<Event[]> {
    this.#generatedId.stored(this.#store.storedIndex);
    const unknown = reports.filter(
      ({ report }) =>
        !report.generatedId && (!this.#isWhole(report.id) || this.isConflicting(report)),
    );
    const ids = [...new Set(unknown.map(({ report }) => report.id))];
    const stored = ids.length === 0 ? noReports : await this.#ask(ids);
    const asked = new Set(stored === null ? [] : ids);
    return reports.flatMap((indexed) => {
      const { id, generatedId } = indexed.report;
      const known = asked.has(id) || generatedId || this.#isWhole(id);
      if (!known) this.#incomplete += 1;
      return this.#join(indexed, stored?.get(id) ?? [], known) ?? [];
    });
  }

  /**
   * True for a report whose id belongs to an event of another namespace, as far as this is known in memory: never
   * where it is not certain, and never for a report that is known to be the first.
   */
  isConflicting({ id, namespace, generatedId }: Report): boolean {
    if (generatedId) return false;
    const recent = this.#remembered(id);
    const owner = recent === undefined ? this.#generatedId.find(id) : firstOf(recent);
    return owner !== undefined && owner.report.namespace !== namespace;
  }

  /** Those of the reports, which the journal does not have yet, that would be set aside. */
  async conflicting(reports: readonly Report[]): Promise<ReadonlySet<Report>> {
    const suspects = reports.filter((report) => this.isConflicting(report));
    if (suspects.length === 0) return noConflicts;
    // An event that retention has deleted owns its id no longer: memory alone does not know.
    await this.#ask([...new Set(suspects.map(({ id }) => id))]);
    return new Set(suspects.filter((report) => this.isConflicting(report)));
  }

  #isWhole(id: string): boolean {
    return this.#remembered(id)?.whole === true || this.#generatedId.find(id) !== undefined;
  }

  /** Null when the store does not answer. */
  async #ask(
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, readonly IndexedReport[]> | null> {
    if (performance.now() < this.#restUntil) return null;
    const late = new AbortController();
    const { storedIndex } = this.#store;
    try {
      const stored = await Promise.race([
        this.#store.reports(ids),
        setTimeout(storeTimeoutMs, null, { signal: late.signal }).then(() => {
          throw new Error('it did not answer in time');
        }),
      ]);
      for (const id of ids) this.#forgetUnstored(id, storedIndex, stored.get(id) ?? []);
      return stored;
    } catch (error) {
      this.#restUntil = performance.now() + storeTimeoutMs;
      this.#log.warn(
        { error },
        'The store does not answer: live events are completed from memory alone.',
      );
      return null;
    } finally {
      late.abort();
    }
  }

  /**
   * Forgets what is remembered of an id where the store had all of it and has none of it now: retention has deleted the
   * event, or the database never took it. Then the store's first report owns the id, here as everywhere.
   */
  #forgetUnstored(id: string, storedIndex: number, stored: readonly IndexedReport[]): void {
    const known = this.#reportsOf(id);
    const kept = new Set(stored.map(({ index }) => index));
    if (known.every(({ index }) => index <= storedIndex && !kept.has(index))) this.#forget(id);
  }

  #forget(id: string): void {
    this.#bytes -= this.#recent.get(id)?.size ?? 0;
    this.#recent.delete(id);
    this.#older.delete(id);
    this.#generatedId.take(id);
  }

  #join(
    indexed: SizedReport,
    stored: readonly IndexedReport[],
    whole = indexed.report.generatedId,
  ): Event | null {
    const { id, generatedId } = indexed.report;
    const remembered = this.#remembered(id);
    if (generatedId && remembered === undefined) {
      this.#generatedId.add(indexed);
      return complete([indexed]);
    }
    const taken = remembered === undefined ? this.#generatedId.take(id) : undefined;
    const recent = remembered ?? (taken && onlyOf(taken));
    const before = union(recent?.reports ?? [], stored, indexed.index);
    const after = withReport(before, { index: indexed.index, report: indexed.report });
    const changed = typeof after !== 'string';
    this.#latest = Math.max(this.#latest, indexed.index);
    this.#keep(id, {
      reports: changed ? after : before,
      whole: whole || recent?.whole === true,
      size: (recent?.size ?? 0) + (changed ? indexed.size : 0),
    });
    if (changed) return complete(after);
    return recent === undefined ? this.#missed(indexed, stored, before) : null;
  }

  /** The event, where followers missed a report that the store has, because servers of a cluster had disagreed about it. */
  #missed(
    { index, report }: SizedReport,
    stored: readonly IndexedReport[],
    before: readonly IndexedReport[],
  ): Event | null {
    const known = stored.find((each) => sameReport(each.report, report));
    if (known === undefined || known.index <= this.completeFrom) return null;
    return { ...complete(before), index };
  }

  #reportsOf(id: string): readonly IndexedReport[] {
    const generated = this.#generatedId.find(id);
    return this.#remembered(id)?.reports ?? (generated === undefined ? [] : [generated]);
  }

  #remembered(id: string): Recent | undefined {
    return this.#recent.get(id) ?? this.#older.get(id);
  }

  #keep(id: string, recent: Recent): void {
    this.#bytes += recent.size - (this.#recent.get(id)?.size ?? 0);
    this.#recent.set(id, recent);
    if (this.#recent.size < recentEvents && this.#bytes < recentBytes) return;
    this.#older = this.#recent;
    this.#forgottenTo = this.#halfTo;
    this.#halfTo = this.#latest;
    this.#recent = new Map();
    this.#bytes = 0;
  }
}

/** The report that an id was made for is its first. */
const onlyOf = (indexed: SizedReport): Recent => ({
  reports: [indexed],
  whole: true,
  size: indexed.size,
});

/** Undefined where an earlier report may be missing. */
const firstOf = ({ whole, reports }: Recent): IndexedReport | undefined =>
  whole ? reports[0] : undefined;

const noConflicts: ReadonlySet<Report> = new Set();

const noReports: ReadonlyMap<string, readonly IndexedReport[]> = new Map();

/**
 * The reports before an index: the store may be ahead of the stream as it is read here. While it did not answer, a later
 * report may have been taken for the first one.
 */
function union(
  recent: readonly IndexedReport[],
  stored: readonly IndexedReport[],
  before: number,
): readonly IndexedReport[] {
  if (stored.length === 0) return recent;
  const known = new Set(recent.map(({ index }) => index));
  const others = stored.filter(({ index }) => index < before && !known.has(index));
  return ofOwner([...recent, ...others]);
}
