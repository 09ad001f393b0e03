import type { SizedReport } from './completion.ts';

/** So many of the latest are kept though they are stored: most that are completed soon are among them. */
const keptAtLeast = 8_192;

export interface GeneratedIdBounds {
  readonly parts: number;
  readonly bytes: number;
}

/**
 * Reports whose ids were made by a gateway, from when they are read until they are stored. A list, in index order: most
 * are never completed, and an index by id is only made when somebody looks for one.
 */
export class GeneratedIdReports {
  readonly #bounds: GeneratedIdBounds;
  readonly #parts: SizedReport[] = [];
  #bytes = 0;
  #keptUntil = 2 * keptAtLeast;
  #byId: Map<string, SizedReport> | null = null;

  /** @param bounds where the older half is forgotten, stored or not */
  constructor(bounds: GeneratedIdBounds) {
    this.#bounds = bounds;
  }

  add(part: SizedReport): void {
    this.#parts.push(part);
    this.#bytes += part.size;
    this.#byId?.set(part.report.id, part);
  }

  find(id: string): SizedReport | undefined {
    this.#byId ??= new Map(this.#parts.map((part) => [part.report.id, part]));
    return this.#byId.get(id);
  }

  /** What is found and from then on kept by whoever took it. */
  take(id: string): SizedReport | undefined {
    const part = this.find(id);
    if (part === undefined) return undefined;
    this.#parts.splice(this.#parts.indexOf(part), 1);
    this.#bytes -= part.size;
    this.#byId?.delete(id);
    return part;
  }

  /** All that there is. */
  takeAll(): readonly SizedReport[] {
    const all = this.#parts.slice();
    this.#forget(all.length);
    return all;
  }

  /** To be told now and then up to which index all is stored. */
  stored(index: number): void {
    if (this.#parts.length > this.#keptUntil) {
      const older = this.#parts.length - keptAtLeast;
      const unstored = this.#parts.findIndex((part) => part.index > index);
      this.#forget(unstored === -1 ? older : Math.min(unstored, older));
      this.#keptUntil = 2 * Math.max(keptAtLeast, this.#parts.length);
    }
    const { parts, bytes } = this.#bounds;
    if (this.#parts.length > parts || this.#bytes > bytes) {
      this.#forget(Math.ceil(this.#parts.length / 2));
    }
  }

  #forget(count: number): void {
    for (const { size } of this.#parts.splice(0, count)) this.#bytes -= size;
    this.#byId = null;
  }
}
