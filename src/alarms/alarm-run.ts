import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Access } from '../access/access.ts';
import { withoutHidden } from '../access/scoped-store.ts';
import type { ConsumerLease, ConsumerRun } from '../consumers/consumer.ts';
import type { Event, Instant } from '../event/event.ts';
import { everything } from '../event/filter.ts';
import type { Intake } from '../intake/intake.ts';
import type { IntakeLimits } from '../intake/limits.ts';
import type { Journal } from '../journal/journal.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { StoredState } from '../store/alarms/alarm-table.ts';
import type { OpenStore } from '../store/open.ts';
import type { Log } from '../telemetry/log.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { ActiveSilences } from './active-silences.ts';
import { CommitDraft, Grouping } from './commit-draft.ts';
import { fillWindows } from './fill.ts';
import { readChanges, statesOf } from './history.ts';
import type { EntityState } from './machine.ts';
import type { CheckedWindow } from './minute-evaluator.ts';
import { AlarmReporter } from './reporter.ts';
import { type LoadedRule, type RuleChange, RuleSet, type RuleSetOptions } from './rule-set.ts';

export const alarmConsumer = 'alarms';

export interface LoadedRules {
  readonly rules: readonly LoadedRule[];
  /** Rules that are there and cannot be evaluated: their alarms stay as they are. */
  readonly broken: ReadonlySet<string>;
}

export interface AlarmRunOptions extends RuleSetOptions {
  readonly store: OpenStore;
  readonly journal: Journal;
  readonly intake: Intake;
  readonly limits: IntakeLimits;
  readonly log: Log;
  readonly now: () => Instant;
  readonly maxFilterDepth: number;
  readonly access: Pick<Access, 'isOn' | 'scopeOf'>;
  readonly loadRules: () => Promise<LoadedRules>;
}

/** Changes that are put in their exact order when a run begins, of events that have changed since. */
const exactChanges = 20_000;
const storedWithinMs = 30_000;
const tickEveryMs = 200;
/** Reports that were taken a moment ago may still be on their way to the journal. */
const clockLag = 250_000;
/** States are saved this often while nothing changes, so that a restart need not go back far. */
const saveEveryMicros = 5_000_000;
/** How long after its begin a run may be given only the latest of several changes of an event. */
const settlingMicros = 2_000_000;
const viewsEveryMs = 1_000;
/** The time that passes at once while there is more to catch up with: ten checks of minutes. */
const stepMicros = 600_000_000;
const maxEventsOfPage = 1_000;

/** One stretch of evaluating all rules, under one lease. */
export class AlarmRun implements ConsumerRun {
  readonly #options: AlarmRunOptions;
  readonly #lease: ConsumerLease;
  readonly #rules: RuleSet;
  readonly #reporter: AlarmReporter;
  readonly #timer: NodeJS.Timeout;
  readonly #grouping: Grouping;
  /** As they are in the database. */
  readonly #problems = new Map<string, string | null>();
  #draft = new CommitDraft();
  /** Changes that are not in the draft yet. */
  readonly #changes: RuleChange[] = [];
  /** Everything up to here is evaluated. */
  #index: number;
  #clock: Instant;
  #savedClock: Instant;
  #savedAtMs = 0;
  #beganAt: Instant;
  #serial: Promise<unknown> = Promise.resolve();
  #isTicking = false;

  private constructor(
    lease: ConsumerLease,
    options: AlarmRunOptions,
    start: { readonly index: number; readonly clock: Instant; readonly grouping: Grouping },
  ) {
    this.#lease = lease;
    this.#options = options;
    this.#rules = new RuleSet(options);
    this.#grouping = start.grouping;
    this.#index = start.index;
    this.#clock = start.clock;
    this.#savedClock = start.clock;
    this.#beganAt = options.now();
    const { store, intake, limits, log } = options;
    const { signal } = lease;
    this.#reporter = new AlarmReporter({ alarms: store.alarms, intake, limits, log, signal });
    this.#timer = setInterval(() => this.#tick(), tickEveryMs).unref();
  }

  /** Restores the states, fills the windows, and evaluates what has changed since the states were saved. */
  static async begin(lease: ConsumerLease, options: AlarmRunOptions): Promise<AlarmRun> {
    const { store, now } = options;
    if (!(await store.untilStored(lease.cursor, storedWithinMs))) {
      throw new Unavailable('The store lags: alarms are evaluated once it has caught up.');
    }
    const progress = await store.alarms.progress();
    // Whoever evaluated before may have ended before a notice of several spoke for all of them.
    await store.alarms.reportGroupsAgain();
    const grouping = new Grouping(await store.alarms.groupsOfFiring());
    const loaded = await options.loadRules();
    const states = await store.alarms.states();
    // Without rules and states there is nothing that would have to be caught up with.
    const isIdle = loaded.rules.length + states.length === 0;
    const since = Math.min(now(), ...loaded.rules.map(({ activeSince }) => activeSince));
    const start = isIdle || progress === null ? { index: lease.cursor, clock: since } : progress;
    const run = new AlarmRun(lease, options, { ...start, grouping });
    try {
      await run.#exclusively(() => run.#restore(loaded, states));
    } catch (error) {
      await run.end();
      throw error;
    }
    return run;
  }

  get entityCount(): number {
    let count = 0;
    for (const { evaluator } of this.#rules.all()) count += evaluator.entityCount;
    return count;
  }

  get sampleCount(): number {
    return this.#rules.sampleCount;
  }

  /** Null where it evaluates no such rule, or one that has no counts of minutes. */
  windowsOf(namespace: string, name: string): Iterable<CheckedWindow> | null {
    return this.#rules.windowsOf(namespace, name);
  }

  handle(events: readonly Event[], upTo: number): Promise<void> {
    return this.#exclusively(async () => {
      if (this.#rules.size > 0) {
        for (const event of await this.#everyChange(events, upTo)) await this.#apply(event);
      }
      this.#index = Math.max(this.#index, upTo);
      await this.#commit();
    });
  }

  async gap(from: number, to: number): Promise<void> {
    this.#options.log.warn({ from, to }, 'Events were deleted before the alarms were evaluated.');
    await this.#exclusively(async () => {
      this.#index = Math.max(this.#index, to);
    });
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#serial.catch(() => {});
    await this.#reporter[Symbol.asyncDispose]();
  }

  /** Evaluates the rules as they are now. */
  rulesChanged(): Promise<void> {
    return this.#exclusively(async () => {
      const { rules, broken } = await this.#options.loadRules();
      await this.#pass();
      await this.#replace(rules, broken, new Map());
      await this.#commit(true);
    });
  }

  #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#serial.then(() => {
      this.#lease.signal.throwIfAborted();
      return work();
    });
    this.#serial = result.catch(() => {});
    return result;
  }

  async #restore({ rules, broken }: LoadedRules, states: readonly StoredState[]): Promise<void> {
    const byRule = new Map<string, StoredState[]>();
    for (const state of states) {
      const others = byRule.get(state.ruleId);
      if (others === undefined) byRule.set(state.ruleId, [state]);
      else others.push(state);
    }
    const known = rules.filter(({ activeSince }) => activeSince <= this.#clock);
    for (const each of known) this.#add(each, byRule.get(each.id) ?? []);
    if (known.length > 0) await this.#catchUp(known);
    this.#index = Math.max(this.#index, this.#lease.cursor);
    await this.#pass();
    for (const { id } of known) byRule.delete(id);
    await this.#replace(rules, broken, byRule);
    await this.#commit(true);
    this.#beganAt = this.#options.now();
  }

  /** Fills the windows as of the saved index, and evaluates what has changed since. */
  async #catchUp(known: readonly LoadedRule[]): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#lease;
    const ids = new Set(known.map(({ id }) => id));
    await this.#fill(known);
    const read = () => readChanges(store, this.#index, { limit: exactChanges, signal });
    let next = await read();
    for (const event of next.before) this.#rules.insert(event, ids);
    for (const { id } of known) this.#note(this.#rules.start(id, this.#clock));
    while (next.upTo > this.#index && !signal.aborted) {
      for (const event of next.changes) await this.#apply(event);
      this.#index = next.upTo;
      await this.#commit();
      next = await read();
      for (const event of next.before) this.#rules.insert(event, ids);
    }
  }

  /** Fills the windows of rules with what the store has of them, as of the saved index. */
  async #fill(loaded: readonly LoadedRule[]): Promise<void> {
    const { store, limits } = this.#options;
    const asOf = { index: this.#index, clock: this.#clock };
    await fillWindows(this.#rules, loaded, { store, asOf, futureMicros: limits.futureMicros });
  }

  /** @param saved the states of rules that are not evaluated yet */
  async #replace(
    rules: readonly LoadedRule[],
    broken: ReadonlySet<string>,
    saved: ReadonlyMap<string, readonly StoredState[]>,
  ): Promise<void> {
    const kept = new Set([...rules.map(({ id }) => id), ...broken]);
    for (const { loaded } of [...this.#rules.all()]) {
      if (!kept.has(loaded.id)) this.#note(this.#rules.close(loaded.id, this.#clock));
    }
    for (const [ruleId, states] of saved) if (!kept.has(ruleId)) this.#recoverAll(states);
    const fresh = rules.filter((each) => !isSame(each, this.#rules.loaded(each.id)));
    if (fresh.length > 0) await this.#begin(fresh, saved);
  }

  /** Evaluates rules from now on, with the states that they have, and what the store has of their windows. */
  async #begin(
    fresh: readonly LoadedRule[],
    saved: ReadonlyMap<string, readonly StoredState[]>,
  ): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#lease;
    await store.untilStored(this.#index, storedWithinMs);
    for (const each of fresh) this.#add(each, saved.get(each.id) ?? this.#release(each));
    await this.#fill(fresh);
    const { before } = await readChanges(store, this.#index, { limit: exactChanges, signal });
    const ids = new Set(fresh.map(({ id }) => id));
    for (const event of before) this.#rules.insert(event, ids);
    for (const { id } of fresh) this.#note(this.#rules.start(id, this.#clock));
  }

  /** The states of a rule that is evaluated otherwise from now on. */
  #release({ id }: LoadedRule): readonly StoredState[] {
    for (const { loaded, evaluator } of this.#rules.all()) {
      if (loaded.id !== id) continue;
      const states = evaluator.states().map((state) => ({ ruleId: id, ...state }));
      this.#rules.release(id);
      return states;
    }
    return [];
  }

  /** Goes on with the states of a rule; those of entities that it does not have any more are over. */
  #add(loaded: LoadedRule, states: readonly StoredState[]): void {
    const evaluator = this.#rules.add(loaded);
    this.#problems.set(loaded.id, loaded.savedProblem);
    const labels = loaded.rule.entity.length;
    const [kept, others] = [states.filter(fits), states.filter((state) => !fits(state))];
    for (const { entity, state } of kept) evaluator.restore(entity, state as EntityState);
    this.#recoverAll(others);

    function fits({ state }: StoredState): boolean {
      return (state as EntityState).labels.length === labels;
    }
  }

  #recoverAll(states: readonly StoredState[]): void {
    for (const { ruleId, entity, state } of states) {
      this.#draft.forget({ ruleId, entity });
      const { alarm } = state as EntityState;
      if (alarm !== null) this.#draft.recover(alarm.id, this.#clock, null);
    }
  }

  async #apply(event: Event): Promise<void> {
    if (event.index <= this.#index) return;
    const at = Math.min(event.recordedAt, this.#options.now());
    if (at > this.#clock + stepMicros) {
      // Earlier changes have been evaluated, and may be saved with the time that passes.
      this.#index = Math.max(this.#index, event.index - 1);
      await this.#passTo(at);
    }
    this.#clock = Math.max(this.#clock, at);
    this.#note(this.#rules.apply(event, this.#clock));
  }

  #note(changes: readonly RuleChange[]): void {
    if (changes.length > 0) this.#changes.push(...changes);
  }

  /** The changes in order, where a feed that is behind gives only the latest of an event. */
  async #everyChange(events: readonly Event[], upTo: number): Promise<readonly Event[]> {
    const fresh = events.filter(({ index }) => index > this.#index);
    const [first] = fresh;
    const isSettling = first !== undefined && first.recordedAt <= this.#beganAt + settlingMicros;
    if (!isSettling || fresh.length >= upTo - this.#index) return fresh;
    const { store } = this.#options;
    await store.untilStored(upTo, storedWithinMs);
    const changes = new Map(fresh.map((event) => [event.index, event]));
    for (let at = 0; at < fresh.length; at += maxEventsOfPage) {
      const states = await statesOf(store, fresh.slice(at, at + maxEventsOfPage));
      for (const state of states.flat()) {
        const isMissing = state.index > this.#index && state.index <= upTo;
        if (isMissing && !changes.has(state.index)) changes.set(state.index, state);
      }
    }
    return [...changes.values()].sort((a, b) => a.index - b.index);
  }

  #tick(): void {
    if (this.#isTicking || this.#lease.signal.aborted) return;
    this.#isTicking = true;
    this.#exclusively(async () => {
      await this.#pass();
      await this.#commit();
    })
      .catch((error: unknown) => {
        if (error instanceof Unavailable || this.#lease.signal.aborted) return;
        logUnexpectedError(this.#options.log, { error, where: 'the clock of alarms' });
      })
      .finally(() => {
        this.#isTicking = false;
      });
  }

  /** Lets the time pass, where everything that was reported up to then has been evaluated. */
  async #pass(): Promise<void> {
    const to = this.#options.now() - clockLag;
    if (to <= this.#clock) return;
    if (this.#rules.size === 0) {
      this.#clock = to;
      return;
    }
    const isDue = this.#rules.nextDueAt <= to || to - this.#clock > saveEveryMicros;
    if (!isDue || !(await this.#isCaughtUp())) return;
    await this.#passTo(to);
  }

  /**
   * Lets a long time pass in steps, as after a stop: others work in between, several changes of an alarm become one, and
   * what has been evaluated is saved now and then, so that another stop does not begin it anew.
   */
  async #passTo(to: Instant): Promise<void> {
    for (;;) {
      const next = this.#rules.nextDueAt > to ? to : Math.min(to, this.#clock + stepMicros);
      this.#clock = next;
      this.#note(this.#rules.advance(next));
      if (next === to) return;
      await this.#fillDraft();
      if (performance.now() - this.#savedAtMs >= viewsEveryMs) await this.#commit(true);
      await setImmediate();
      this.#lease.signal.throwIfAborted();
    }
  }

  async #isCaughtUp(): Promise<boolean> {
    const { journal, store } = this.#options;
    if (journal.healthReason() !== null) return false;
    const last = await journal.lastIndex();
    if (this.#index >= last) return true;
    if (store.storedIndex < last) return false;
    // The last reports may have changed nothing.
    const page = await store.page({
      filter: everything,
      order: 'INDEX_ASC',
      after: { time: 0, index: this.#index },
      limit: 1,
      fields: ['id', 'index'],
    });
    if (page.events.length > 0) return false;
    this.#index = last;
    return true;
  }

  /** Writes what has changed; where nothing has, only now and then how far it got. */
  async #commit(isForced = false): Promise<void> {
    const areViewsDue = performance.now() - this.#savedAtMs >= viewsEveryMs;
    if (this.#changes.length === 0 && this.#draft.isEmpty && !areViewsDue && !isForced) return;
    await this.#fillDraft();
    const draft = this.#draft;
    const hasMoved = this.#clock - this.#savedClock >= saveEveryMicros;
    if (draft.isEmpty && !isForced && !(hasMoved && this.#rules.size > 0)) return;
    if (!this.#lease.isHeld()) throw new Unavailable('Another gateway evaluates the alarms.');
    const isWritten = await this.#options.store.alarms.commit({
      consumer: alarmConsumer,
      epoch: this.#lease.epoch,
      index: this.#index,
      clock: this.#clock,
      ...draft.rows,
    });
    if (!isWritten) throw new Unavailable('Another gateway evaluates the alarms.');
    this.#draft = new CommitDraft();
    this.#savedAtMs = performance.now();
    this.#savedClock = this.#clock;
    if (draft.hasReports) this.#reporter.soon(draft.rows);
    await this.#saveProblems();
  }

  async #fillDraft(): Promise<void> {
    const fired = this.#changes.filter(({ change }) => change.kind === 'FIRED');
    const context = fired.length === 0 ? null : await this.#contextOf(fired);
    const changes = this.#changes.splice(0);
    const draft = this.#draft;
    for (const each of changes) {
      const { change, loaded } = each;
      if (change.kind === 'REMINDED') draft.reminded(change);
      else if (change.kind === 'RECOVERED') draft.recovered(each, this.#grouping);
      else {
        const event = context?.eventOf(each) ?? null;
        const isSilenced = context?.silences.cover(loaded.rule, event, change.at) ?? false;
        draft.fired(each, { isSilenced, event, grouping: this.#grouping });
      }
    }
    draft.takeStates(this.#rules.takeTouched());
    const news = this.#grouping.takeNews(this.#clock);
    draft.groupNews(news, (id) => this.#rules.loaded(id));
  }

  /** The silences, also those that ended while the gateway was down and the alarms fired, and the events that alarms are about where these are needed. */
  async #contextOf(fired: readonly RuleChange[]) {
    const { store, now, maxFilterDepth, access } = this.#options;
    const first = fired.reduce((at, { change }) => Math.min(at, change.at), now());
    const silences = await ActiveSilences.read(store.silences, first, { maxFilterDepth, access });
    const wanted = fired.flatMap(({ change, loaded: { rule } }) => {
      const [id] = change.evidence;
      const isNeeded = rule.message.needsEvent || silences.needEvent(rule);
      return change.trigger === null && isNeeded && id !== undefined ? [id] : [];
    });
    const events = new Map<string, Event>();
    for (let at = 0; at < wanted.length; at += maxEventsOfPage) {
      const ids = wanted.slice(at, at + maxEventsOfPage);
      const page = await store.page({ filter: { ids }, order: 'INDEX_ASC', limit: ids.length });
      for (const event of page.events) events.set(event.id, event);
    }
    const eventOf = ({ change, loaded: { scope } }: RuleChange): Event | null => {
      if (change.trigger !== null) return change.trigger;
      const event = events.get(change.evidence[0] ?? '');
      return event !== undefined && scope.mayRead(event)
        ? withoutHidden(event, scope.hidden)
        : null;
    };
    return { silences, eventOf };
  }

  async #saveProblems(): Promise<void> {
    const changed = new Map<string, string | null>();
    for (const { loaded, evaluator } of this.#rules.all()) {
      const problem = loaded.problem ?? evaluator.problem;
      if ((this.#problems.get(loaded.id) ?? null) !== problem) changed.set(loaded.id, problem);
    }
    if (changed.size === 0) return;
    await this.#options.store.alarmRules.setProblems(changed);
    for (const [id, problem] of changed) this.#problems.set(id, problem);
  }
}

const isSame = (rule: LoadedRule, before: LoadedRule | null): boolean =>
  before !== null &&
  before.version === rule.version &&
  before.rights === rule.rights &&
  isDeepStrictEqual(before.own, rule.own);
