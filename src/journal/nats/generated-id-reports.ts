import type { SizedReport } from './completion.ts';

/** The latest are kept although they are stored: most that are completed soon are among them. */
const keptAtLeast = 8_192;

export interface GeneratedIdBounds {
  readonly reports: number;
  readonly bytes: number;
}

/**
 * Reports whose ids were made by a gateway, from when they are read until they are stored. A list, in index order: most
 * are never completed, and an index by id is only made when somebody looks for one.
 */
export class GeneratedIdReports {
  readonly #bounds: GeneratedIdBounds;
  readonly #reports: SizedReport[] = [];
  #bytes = 0;
  #forgottenTo = 0;
  #keptUntil = 2 * keptAtLeast;
  #byId: Map<string, SizedReport> | null = null;

  /** @param bounds where the older half is forgotten, stored or not */
  constructor(bounds: GeneratedIdBounds) {
    this.#bounds = bounds;
  }

  add(indexed: SizedReport): void {
    this.#reports.push(indexed);
    this.#bytes += indexed.size;
    this.#byId?.set(indexed.report.id, indexed);
  }

  find(id: string): SizedReport | undefined {
    this.#byId ??= new Map(this.#reports.map((indexed) => [indexed.report.id, indexed]));
    return this.#byId.get(id);
  }

  /** All reports after this index are here, but for those that were taken. */
  get completeFrom(): number {
    return this.#forgottenTo;
  }

  /** Those in (from, to]. */
  between(from: number, to: number): readonly SizedReport[] {
    return this.#reports.filter(({ index }) => index > from && index <= to);
  }

  /** What is found and from then on kept by whoever took it. */
  take(id: string): SizedReport | undefined {
    const indexed = this.find(id);
    if (indexed === undefined) return undefined;
    this.#reports.splice(this.#reports.indexOf(indexed), 1);
    this.#bytes -= indexed.size;
    this.#byId?.delete(id);
    return indexed;
  }

  /** All that there is. */
  takeAll(): readonly SizedReport[] {
    const all = this.#reports.slice();
    this.#forget(all.length);
    return all;
  }

  /** To be called now and then with the index up to which everything is stored. */
  stored(index: number): void {
    if (this.#reports.length > this.#keptUntil) {
      const older = this.#reports.length - keptAtLeast;
      const unstored = this.#reports.findIndex((indexed) => indexed.index > index);
      this.#forget(unstored === -1 ? older : Math.min(unstored, older));
      this.#keptUntil = 2 * Math.max(keptAtLeast, this.#reports.length);
    }
    const { reports, bytes } = this.#bounds;
    if (this.#reports.length > reports || this.#bytes > bytes) {
      this.#forget(Math.ceil(this.#reports.length / 2));
    }
  }

  #forget(count: number): void {
    const forgotten = this.#reports.splice(0, count);
    for (const { size } of forgotten) this.#bytes -= size;
    this.#forgottenTo = Math.max(this.#forgottenTo, forgotten.at(-1)?.index ?? 0);
    this.#byId = null;
  }
}
