import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { compileFilter, type Matcher } from '../event/matcher.ts';
import { conditionsOf, type Dimension, dimensions, type Term } from './filter-terms.ts';

/** A filter in the index, and the target that it was added for. */
export interface Registration<Target> {
  readonly target: Target;
  readonly matches: Matcher;
  /** The terms under which it is registered; null where every event is tested against it. */
  readonly terms: readonly Term[] | null;
  /** The last search that tested it: an event may have several of its terms. */
  search: number;
}

type Bucket<Target> = Set<Registration<Target>>;

/**
 * Finds the filters that an event matches without testing each of them. A filter is registered under the equality terms
 * of its most selective condition. An event looks up its own terms, and only the filters found there are tested in full.
 */
export class FilterIndex<Target> {
  readonly #buckets = new Map<Dimension, Map<string, Bucket<Target>>>(
    dimensions.map((dimension) => [dimension, new Map()]),
  );
  readonly #others: Bucket<Target> = new Set();
  #search = 0;
  #size = 0;

  /** Registered filters. */
  get size(): number {
    return this.#size;
  }

  /** Registered terms, and filters that every event is tested against: 0 when all filters have been removed. */
  get entries(): number {
    let count = this.#others.size;
    for (const values of this.#buckets.values()) count += values.size;
    return count;
  }

  add(filter: Filter, target: Target): Registration<Target> {
    const registration = {
      target,
      matches: compileFilter(filter),
      terms: this.#bestTerms(filter),
      search: 0,
    };
    this.#size++;
    for (const bucket of this.#bucketsOf(registration)) bucket.add(registration);
    return registration;
  }

  /** Removes what `add` returned; to be called once. */
  remove(registration: Registration<Target>): void {
    this.#size--;
    for (const bucket of this.#bucketsOf(registration)) bucket.delete(registration);
    for (const { dimension, value } of registration.terms ?? []) {
      const values = this.#buckets.get(dimension);
      if (values?.get(value)?.size === 0) values.delete(value);
    }
  }

  /** Calls `use` once for every registration whose filter matches. */
  match(event: Event, use: (target: Target) => void): void {
    if (this.#size === 0) return;
    this.#search++;
    for (const [dimension, values] of this.#buckets) {
      if (values.size === 0) continue;
      dimension.values(event, (value) => {
        const bucket = values.get(value);
        if (bucket) this.#testAll(bucket, event, use);
      });
    }
    this.#testAll(this.#others, event, use);
  }

  #testAll(bucket: Bucket<Target>, event: Event, use: (target: Target) => void): void {
    const search = this.#search;
    for (const registration of bucket) {
      if (registration.search === search) continue;
      registration.search = search;
      if (registration.matches(event)) use(registration.target);
    }
  }

  *#bucketsOf({ terms }: Registration<Target>): Iterable<Bucket<Target>> {
    if (terms === null) yield this.#others;
    for (const { dimension, value } of terms ?? []) {
      const values = this.#buckets.get(dimension);
      if (values === undefined) continue;
      const bucket: Bucket<Target> = values.get(value) ?? new Set();
      values.set(value, bucket);
      yield bucket;
    }
  }

  /** The terms of the most selective condition; null where the filter has no equality condition. */
  #bestTerms(filter: Filter): readonly Term[] | null {
    let best: readonly Term[] | null = null;
    for (const terms of [...conditionsOf(filter), ...this.#branches(filter)]) {
      if (best === null || this.#cost(terms) < this.#cost(best)) best = terms;
    }
    return best;
  }

  /** `any` counts as one condition if each of its branches has one. */
  *#branches({ any, all }: Filter): Iterable<readonly Term[]> {
    const terms = any?.map((branch) => this.#bestTerms(branch));
    if (terms?.every((each) => each !== null)) yield terms.flat();
    for (const part of all ?? []) yield* this.#branches(part);
  }

  /** Every filter registered under a term is tested for each event with that term: crowded terms cost more. */
  #cost(terms: readonly Term[]): number {
    let cost = 0;
    for (const { dimension, value } of terms) {
      const crowd = this.#buckets.get(dimension)?.get(value)?.size ?? 0;
      cost += dimension.commonness * (1 + crowd);
    }
    return cost;
  }
}
