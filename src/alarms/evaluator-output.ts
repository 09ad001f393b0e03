import type { EntityState } from './machine.ts';
import type { AlarmChange, AlarmView, SavedState } from './rule-evaluator.ts';

const noChanges: readonly AlarmChange[] = [];

/** Collects the changes, states and views of an evaluator until they are taken. */
export class EvaluatorOutput {
  readonly #maxEntities: number;
  readonly #unsaved = new Map<string, EntityState | null>();
  readonly #views = new Map<string, AlarmView>();
  #changes: AlarmChange[] = [];
  #hasTooManyEntities = false;
  #hasTooManySamples = false;

  constructor(maxEntities: number) {
    this.#maxEntities = maxEntities;
  }

  /** Why the rule does not evaluate all that it should, as a sentence; null where it does. */
  get problem(): string | null {
    if (this.#hasTooManyEntities) {
      return `The rule has more than ${this.#maxEntities} entities: events of further ones do not count. Group by fewer labels, or raise TIDINGS_MAX_ALARM_ENTITIES.`;
    }
    return this.#hasTooManySamples
      ? 'The windows of all rules have too many events: further ones do not count. Filter more, or look over a shorter time.'
      : null;
  }

  tooManyEntities(): void {
    this.#hasTooManyEntities = true;
  }

  tooManySamples(): void {
    this.#hasTooManySamples = true;
  }

  change(change: AlarmChange): void {
    this.#changes.push(change);
  }

  /** @param state null for one that is as normal */
  state(entity: string, state: EntityState | null): void {
    this.#unsaved.set(entity, state);
  }

  view(alarmId: string, view: AlarmView): void {
    this.#views.set(alarmId, view);
  }

  takeChanges(): readonly AlarmChange[] {
    if (this.#changes.length === 0) return noChanges;
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  takeStates(): readonly SavedState[] {
    const unsaved = [...this.#unsaved].map(([entity, state]) => ({ entity, state }));
    this.#unsaved.clear();
    return unsaved;
  }

  takeViews(): ReadonlyMap<string, AlarmView> {
    const views = new Map(this.#views);
    this.#views.clear();
    return views;
  }
}
