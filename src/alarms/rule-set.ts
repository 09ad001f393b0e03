import type { Scope } from '../access/scope.ts';
import { withoutHidden } from '../access/scoped-store.ts';
import type { Event, Instant, Json } from '../event/event.ts';
import { FilterIndex, type Registration } from '../live/filter-index.ts';
import { Heap } from './heap.ts';
import { type CheckedWindow, type EventMinute, MinuteEvaluator } from './minute-evaluator.ts';
import { openEvaluator } from './open-evaluator.ts';
import type { AlarmRule } from './rule.ts';
import type { AlarmChange, RuleEvaluator } from './rule-evaluator.ts';
import { SampleBook } from './sample-book.ts';

/** A rule that is evaluated. */
export interface LoadedRule {
  readonly id: string;
  readonly version: number;
  /** What a file says of it beyond its row. */
  readonly own: Json;
  readonly rule: AlarmRule;
  /** The rights of whoever made it: its filter keeps to them. */
  readonly scope: Pick<Scope, 'hidden' | 'mayRead'>;
  /** Equal for equal rights. */
  readonly rights: string;
  /** Why these rights let it see no event, or why it forgets some; null where neither is so. */
  readonly problem: string | null;
  /** As the database says. */
  readonly savedProblem: string | null;
  readonly activeSince: Instant;
}

export interface RuleChange {
  readonly loaded: LoadedRule;
  readonly change: AlarmChange;
}

interface Entry {
  readonly loaded: LoadedRule;
  readonly evaluator: RuleEvaluator;
  readonly registration: Registration<Entry>;
  /** The earliest of its moments in the list; Infinity where there is none. */
  dueAt: Instant;
}

interface Due {
  readonly at: Instant;
  readonly entry: Entry;
}

/** Events in the windows of all rules together. */
const maxSamples = 1_000_000;

export interface RuleSetOptions {
  /** Of one rule. */
  readonly maxEntities: number;
  readonly eventMinute: EventMinute;
}

/** The rules that are evaluated together. An event costs no more for rules that it does not concern. */
export class RuleSet {
  readonly #options: RuleSetOptions;
  readonly #book = new SampleBook(maxSamples);
  readonly #index = new FilterIndex<Entry>();
  readonly #entries = new Map<string, Entry>();
  readonly #due = new Heap<Due>((a, b) => a.at - b.at);
  readonly #touched = new Set<Entry>();

  constructor(options: RuleSetOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get sampleCount(): number {
    return this.#book.size;
  }

  /** When something changes by itself at the earliest; Infinity where nothing does. */
  get nextDueAt(): Instant {
    return this.#due.first?.at ?? Number.POSITIVE_INFINITY;
  }

  loaded(ruleId: string): LoadedRule | null {
    return this.#entries.get(ruleId)?.loaded ?? null;
  }

  *all(): Iterable<{ readonly loaded: LoadedRule; readonly evaluator: RuleEvaluator }> {
    yield* this.#entries.values();
  }

  /** The windows of a rule of counts of minutes; null where there is none of this name. */
  windowsOf(namespace: string, name: string): Iterable<CheckedWindow> | null {
    for (const { loaded, evaluator } of this.#entries.values()) {
      const { rule } = loaded;
      if (rule.name !== name || rule.namespace !== namespace) continue;
      return evaluator instanceof MinuteEvaluator ? evaluator.windows() : null;
    }
    return null;
  }

  /** Adds a rule: its windows are to be filled and started before the next event. */
  add(loaded: LoadedRule): RuleEvaluator {
    const evaluator = openEvaluator({
      ...this.#options,
      ruleId: loaded.id,
      rule: loaded.rule,
      book: this.#book,
      since: loaded.activeSince,
    });
    const entry = { loaded, evaluator, dueAt: Number.POSITIVE_INFINITY } as Entry;
    Object.assign(entry, { registration: this.#index.add(loaded.rule.filter, entry) });
    this.#entries.set(loaded.id, entry);
    return evaluator;
  }

  /** The windows of a rule are filled as of this moment. */
  start(ruleId: string, at: Instant): readonly RuleChange[] {
    const entry = this.#entries.get(ruleId);
    return entry === undefined ? nothing : this.#after(entry, entry.evaluator.settle(at));
  }

  /** Ends the rule's alarms and forgets it. */
  close(ruleId: string, at: Instant): readonly RuleChange[] {
    const entry = this.#forget(ruleId);
    return entry === null ? [] : changesOf(entry, entry.evaluator.close(at));
  }

  /** Forgets a rule whose alarms another evaluator goes on with. */
  release(ruleId: string): void {
    this.#forget(ruleId)?.evaluator.release();
  }

  /** Takes an event into the windows of rules that it matches, as something that was there already. */
  insert(event: Event, ruleIds: ReadonlySet<string>): void {
    this.#index.match(event, (entry) => {
      if (ruleIds.has(entry.loaded.id)) entry.evaluator.insert(shown(event, entry));
    });
  }

  apply(event: Event, at: Instant): readonly RuleChange[] {
    const changes = [...this.advance(at)];
    const matching = new Set<Entry>();
    this.#index.match(event, (entry) => void matching.add(entry));
    const holding = this.#book.evaluatorsOf(event.id).map(({ ruleId }) => ruleId);
    for (const entry of matching) {
      changes.push(...this.#after(entry, entry.evaluator.apply(shown(event, entry), at, true)));
    }
    for (const ruleId of new Set(holding)) {
      const entry = this.#entries.get(ruleId);
      if (entry === undefined || matching.has(entry)) continue;
      changes.push(...this.#after(entry, entry.evaluator.apply(shown(event, entry), at, false)));
    }
    return changes;
  }

  advance(to: Instant): readonly RuleChange[] {
    if (this.nextDueAt > to) return nothing;
    const changes: RuleChange[] = [];
    for (let first = this.#due.first; first !== undefined && first.at <= to; ) {
      this.#due.take();
      const { entry, at } = first;
      first = this.#due.first;
      if (entry.dueAt !== at || !this.#entries.has(entry.loaded.id)) continue;
      entry.dueAt = Number.POSITIVE_INFINITY;
      changes.push(...this.#after(entry, entry.evaluator.advance(to)));
      first = this.#due.first;
    }
    return changes;
  }

  /** The rules whose entities have changed since this was called before. */
  takeTouched(): readonly RuleEvaluator[] {
    const touched = [...this.#touched].map(({ evaluator }) => evaluator);
    this.#touched.clear();
    return touched;
  }

  #forget(ruleId: string): Entry | null {
    const entry = this.#entries.get(ruleId);
    if (entry === undefined) return null;
    this.#entries.delete(ruleId);
    this.#index.remove(entry.registration);
    this.#touched.add(entry);
    return entry;
  }

  #after(entry: Entry, changes: readonly AlarmChange[]): readonly RuleChange[] {
    this.#touched.add(entry);
    const { nextDueAt } = entry.evaluator;
    if (nextDueAt < entry.dueAt) {
      entry.dueAt = nextDueAt;
      this.#due.add({ at: nextDueAt, entry });
    }
    return changesOf(entry, changes);
  }
}

const nothing: readonly RuleChange[] = [];

const shown = (event: Event, { loaded }: Entry): Event => withoutHidden(event, loaded.scope.hidden);

const changesOf = ({ loaded }: Entry, changes: readonly AlarmChange[]): readonly RuleChange[] =>
  changes.length === 0 ? nothing : changes.map((change) => ({ loaded, change }));
