import type { Event } from '../event/event.ts';
import type { Filter } from '../event/filter.ts';
import { compileFilter, type Matcher } from '../event/matcher.ts';
import { conditionsOf, type Dimension, dimensions, type Term } from './filter-terms.ts';

/** A filter that is in the index, and what it stands for. */
export interface Registration<Target> {
  readonly target: Target;
  readonly matches: Matcher;
  /** The terms it is found by; null where it is tried for every event. */
  readonly terms: readonly Term[] | null;
  /** The last search that tried it: it may be found by several of its terms. */
  search: number;
}

type Bucket<Target> = Set<Registration<Target>>;

/**
 * Finds the filters that an event matches without trying them all: each is registered under the equality
 * terms of its most selective condition, an event looks up the terms it has, and what is found that way
 * is then tried in full.
 */
export class FilterIndex<Target> {
  readonly #buckets = new Map<Dimension, Map<string, Bucket<Target>>>(
    dimensions.map((dimension) => [dimension, new Map()]),
  );
  readonly #others: Bucket<Target> = new Set();
  #search = 0;
  #size = 0;

  /** How many filters are registered. */
  get size(): number {
    return this.#size;
  }

  /** How many terms are looked up, and filters tried for every event: 0 when all have been taken out. */
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

  /** Takes out what add answered, once. */
  remove(registration: Registration<Target>): void {
    this.#size--;
    for (const bucket of this.#bucketsOf(registration)) bucket.delete(registration);
    for (const { dimension, value } of registration.terms ?? []) {
      const values = this.#buckets.get(dimension);
      if (values?.get(value)?.size === 0) values.delete(value);
    }
  }

  /** Calls `use` once with every target whose filter matches. */
  match(event: Event, use: (target: Target) => void): void {
    if (this.#size === 0) return;
    this.#search++;
    for (const [dimension, values] of this.#buckets) {
      if (values.size === 0) continue;
      dimension.values(event, (value) => {
        const bucket = values.get(value);
        if (bucket) this.#tryAll(bucket, event, use);
      });
    }
    this.#tryAll(this.#others, event, use);
  }

  #tryAll(bucket: Bucket<Target>, event: Event, use: (target: Target) => void): void {
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

  /** The condition that finds the filter for the fewest events in vain; null where nothing can be looked up. */
  #bestTerms(filter: Filter): readonly Term[] | null {
    let best: readonly Term[] | null = null;
    for (const terms of [...conditionsOf(filter), ...this.#branches(filter)]) {
      if (best === null || this.#cost(terms) < this.#cost(best)) best = terms;
    }
    return best;
  }

  /** `any` is one condition where each of its branches has one. */
  *#branches({ any }: Filter): Iterable<readonly Term[]> {
    const terms = any?.map((branch) => this.#bestTerms(branch));
    if (terms?.every((each) => each !== null)) yield terms.flat();
  }

  /** Filters that share a term are all tried for each of its events: crowded terms cost more. */
  #cost(terms: readonly Term[]): number {
    let cost = 0;
    for (const { dimension, value } of terms) {
      const crowd = this.#buckets.get(dimension)?.get(value)?.size ?? 0;
      cost += dimension.commonness * (1 + crowd);
    }
    return cost;
  }
}
