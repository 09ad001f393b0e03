import { setTimeout } from 'node:timers/promises';
import { complete, type IndexedReport, withPart } from '../../event/completion.ts';
import type { Event } from '../../event/event.ts';
import type { Log } from '../../telemetry/log.ts';
import { GeneratedIdReports } from './generated-id-reports.ts';

/** What completion needs of the store. */
export interface StoredReports {
  /** Everything up to this index is stored. */
  readonly storedIndex: number;
  /** The reports known under each of these ids. @throws Unavailable */
  parts(ids: readonly string[]): Promise<ReadonlyMap<string, readonly IndexedReport[]>>;
}

export interface SizedReport extends IndexedReport {
  /** Of its message, in bytes. */
  readonly size: number;
}

interface Recent {
  readonly parts: readonly IndexedReport[];
  /** True when no report of this id, up to the last of these, can be missing. */
  readonly whole: boolean;
  readonly size: number;
}

/**
 * What is remembered at least, and twice as much at most: more than the store is behind the stream as long as
 * it is filled at all.
 */
const recentEvents = 32_768;
const recentBytes = 32 * 2 ** 20;

/** The store gets so long to answer, and so long a rest when it does not. */
const patience = 1000;

/**
 * Makes events of reports as they come from the stream: a report whose id is known completes that event. The
 * reports before it are among the recent ones, which are remembered here, or in the store. While the store is
 * away, followers are told of what is known here rather than of nothing.
 */
export class NatsCompletion {
  readonly #store: StoredReports;
  readonly #log: Log;
  readonly #generatedId = new GeneratedIdReports({
    parts: 2 * recentEvents,
    bytes: 2 * recentBytes,
  });
  /** All others by id. When the newer ones have reached the bound, the older ones are forgotten, and these become the older. */
  #recent = new Map<string, Recent>();
  #older = new Map<string, Recent>();
  #bytes = 0;
  #restUntil = 0;
  #incomplete = 0;

  constructor(store: StoredReports, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** How many events were told without having asked the store, because it was away. */
  get incomplete(): number {
    return this.#incomplete;
  }

  /** Reports that followers have been told of already, or never will be: they may be completed later. */
  remember(parts: readonly SizedReport[]): void {
    this.#generatedId.stored(this.#store.storedIndex);
    for (const part of parts) this.#join(part, []);
  }

  /** The stream was made again: what was on its way to the old one may come once more, ids that were made here as well. */
  expectRepeats(): void {
    for (const part of this.#generatedId.takeAll()) this.#keep(part.report.id, onlyOf(part));
  }

  /** The changes that these parts make, in order; a part that repeats another makes none. */
  async complete(parts: readonly SizedReport[]): Promise<Event[]> {
    this.#generatedId.stored(this.#store.storedIndex);
    const unknown = parts.filter(({ report }) => !report.generatedId && !this.#isWhole(report.id));
    const ids = [...new Set(unknown.map(({ report }) => report.id))];
    const stored = ids.length === 0 ? noParts : await this.#ask(ids);
    const asked = new Set(stored === null ? [] : ids);
    return parts.flatMap((part) => {
      const { id, generatedId } = part.report;
      const known = asked.has(id) || generatedId || this.#isWhole(id);
      if (!known) this.#incomplete += 1;
      return this.#join(part, stored?.get(id) ?? [], known) ?? [];
    });
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
    try {
      return await Promise.race([
        this.#store.parts(ids),
        setTimeout(patience, null, { signal: late.signal }).then(() => {
          throw new Error('it did not answer in time');
        }),
      ]);
    } catch (error) {
      this.#restUntil = performance.now() + patience;
      this.#log.warn(
        { error },
        'The store is away: live events are completed by what is known here.',
      );
      return null;
    } finally {
      late.abort();
    }
  }

  #join(
    part: SizedReport,
    stored: readonly IndexedReport[],
    whole = part.report.generatedId,
  ): Event | null {
    const { id, generatedId } = part.report;
    const remembered = this.#remembered(id);
    if (generatedId && remembered === undefined) {
      this.#generatedId.add(part);
      return complete([part]);
    }
    const taken = remembered === undefined ? this.#generatedId.take(id) : undefined;
    const recent = remembered ?? (taken && onlyOf(taken));
    const before = union(recent?.parts ?? [], stored, part.index);
    const parts = withPart(before, { index: part.index, report: part.report });
    this.#keep(id, {
      parts: parts ?? before,
      whole: whole || recent?.whole === true,
      size: (recent?.size ?? 0) + (parts === null ? 0 : part.size),
    });
    return parts === null ? null : complete(parts);
  }

  #remembered(id: string): Recent | undefined {
    return this.#recent.get(id) ?? this.#older.get(id);
  }

  #keep(id: string, recent: Recent): void {
    this.#bytes += recent.size - (this.#recent.get(id)?.size ?? 0);
    this.#recent.set(id, recent);
    if (this.#recent.size < recentEvents && this.#bytes < recentBytes) return;
    this.#older = this.#recent;
    this.#recent = new Map();
    this.#bytes = 0;
  }
}

/** No report can come before the one that an id was made for. */
const onlyOf = (part: SizedReport): Recent => ({ parts: [part], whole: true, size: part.size });

const noParts: ReadonlyMap<string, readonly IndexedReport[]> = new Map();

/** What stands before an index: the store may be ahead of the stream as it is read here. */
function union(
  recent: readonly IndexedReport[],
  stored: readonly IndexedReport[],
  before: number,
): readonly IndexedReport[] {
  if (stored.length === 0) return recent;
  const known = new Set(recent.map(({ index }) => index));
  return [...recent, ...stored.filter(({ index }) => index < before && !known.has(index))];
}
