import { readableBy, withoutHidden } from '../access/scoped-store.ts';
import type { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { EventDraft } from '../event/draft.ts';
import type { Instant } from '../event/event.ts';
import type { IntakeLimits } from '../intake/limits.ts';
import type { Journal } from '../journal/journal.ts';
import { pause } from '../runtime/backoff.ts';
import { stoppable } from '../runtime/stoppable.ts';
import type { OpenStore } from '../store/open.ts';
import type { ReplayRow, SinkRow } from '../store/sinks/sink-table.ts';
import type { SinkCaller } from './caller.ts';
import type { DefinitionOf } from './definition.ts';
import { openTarget, type TargetOptions } from './open-target.ts';
import type { SinkOwners } from './owners.ts';
import { replayConsumer, sinkConsumer } from './rows.ts';
import type { SinkRunner } from './runner.ts';
import { separated } from './secrets.ts';
import type { DeliveryAttempt } from './sender.ts';
import { type Sinks, webhookUrlOf } from './sinks.ts';
import type { SinkInput } from './spec.ts';
import { testDelivery, testEvent } from './test-delivery.ts';

export interface SinkViewsOptions {
  readonly sinks: Sinks;
  readonly store: OpenStore;
  readonly journal: Journal;
  readonly supervisor: ConsumerSupervisor;
  readonly runner: SinkRunner;
  readonly owners: SinkOwners;
  readonly targets: TargetOptions;
  readonly definitionOf: DefinitionOf;
  readonly limits: IntakeLimits;
  readonly now: () => Instant;
}

/** How often somebody who follows sinks hears of their changes at most. */
const changesEveryMs = 1_000;
const untestedId = '00000000-0000-0000-0000-000000000000';

/** Answers how sinks are, and tests them. */
export class SinkViews {
  readonly #options: SinkViewsOptions;

  constructor(options: SinkViewsOptions) {
    this.#options = options;
  }

  cursor({ id }: SinkRow): Promise<number> {
    return this.#cursorOf(sinkConsumer(id));
  }

  replayCursor({ id, from }: ReplayRow): Promise<number> {
    return this.#cursorOf(replayConsumer(id), from - 1);
  }

  /** How far a sink is behind the journal: in indexes, and by the age of the oldest event that waits. */
  async lag(row: SinkRow): Promise<{ readonly indexes: number; readonly seconds: number }> {
    const { store, journal, definitionOf, owners, now } = this.#options;
    const cursor = await this.cursor(row);
    const indexes = Math.max(0, (await journal.lastIndex()) - cursor);
    if (indexes === 0) return { indexes, seconds: 0 };
    const { events } = await store.page({
      filter: readableBy(owners.scopeOf(row), definitionOf(row).spec.filter),
      order: 'INDEX_ASC',
      after: { time: 0, index: cursor },
      limit: 1,
      fields: ['recordedAt'],
    });
    const [oldest] = events;
    const seconds = oldest === undefined ? 0 : Math.max(0, now() - oldest.recordedAt) / 1_000_000;
    return { indexes, seconds };
  }

  /** The latest. Targets repeat what they were sent: their answers are for whoever may read all of that. */
  attempts(
    { scope }: Pick<SinkCaller, 'scope'>,
    row: SinkRow,
    count: number,
  ): readonly DeliveryAttempt[] {
    const { runner, owners } = this.#options;
    const attempts = runner.attempts.latest(row.id, count);
    if (owners.includes(scope, row)) return attempts;
    return attempts.map((each) => (each.status === null ? each : { ...each, response: null }));
  }

  /** Tests a sink. */
  async test(caller: SinkCaller, id: string, draft: EventDraft | null): Promise<DeliveryAttempt> {
    const { sinks, definitionOf, owners, store, limits, now } = this.#options;
    const row = await sinks.managed(caller, id, 'RUN');
    const definition = definitionOf(row);
    const scope = owners.scopeOf(row);
    const filter = readableBy(caller.scope, readableBy(scope, definition.spec.filter));
    const found = await testEvent(draft, filter, { store, limits, now });
    const event = withoutHidden(withoutHidden(found, scope.hidden), caller.scope.hidden);
    return await testDelivery(row.id, definition, event);
  }

  /**
   * Tests an input that is not saved.
   * @param id of the sink that it is to change: secrets that are left out are those of the sink; null for a new one
   */
  async testInput(
    caller: SinkCaller,
    { id, input }: { readonly id: string | null; readonly input: SinkInput },
    draft: EventDraft | null,
  ): Promise<DeliveryAttempt> {
    const { sinks, definitionOf, store, limits, now, targets } = this.#options;
    const row = id === null ? null : await sinks.managed(caller, id);
    const spec = sinks.parse(caller, input, row?.id ?? untestedId);
    const before = row && { secrets: definitionOf(row).secrets(), url: webhookUrlOf(row) };
    const { secrets } = separated(input, before ?? undefined);
    const filter = readableBy(caller.scope, spec.filter);
    const found = await testEvent(draft, filter, { store, limits, now });
    const event = withoutHidden(found, caller.scope.hidden);
    const definition = {
      spec,
      secrets: () => secrets,
      openTarget: () => openTarget({ sinkId: null, spec: spec.target, secrets }, targets),
    };
    return await testDelivery(untestedId, definition, event);
  }

  /** Sinks whenever their states, cursors or counts change; all that the caller may see where no ids are given. */
  changes(caller: SinkCaller, ids: readonly string[] | null): AsyncIterableIterator<SinkRow> {
    return stoppable((signal) => this.#changes(caller, ids, signal));
  }

  async *#changes(
    caller: SinkCaller,
    ids: readonly string[] | null,
    signal: AbortSignal,
  ): AsyncGenerator<SinkRow, undefined> {
    const seen = new Map<string, string>();
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      for (const row of await this.#followed(caller, ids)) {
        const { version, state, deliveredCount, failedCount } = row;
        const now = [version, state, await this.cursor(row), deliveredCount, failedCount].join(' ');
        const isChanged = seen.get(row.id) !== now;
        seen.set(row.id, now);
        if (isChanged && !isFirst) yield row;
      }
      await pause(changesEveryMs, signal);
    }
  }

  async #followed(caller: SinkCaller, ids: readonly string[] | null): Promise<readonly SinkRow[]> {
    const rows = await this.#options.sinks.list(caller, { namespaces: null, states: null });
    return ids === null ? rows : rows.filter(({ id }) => ids.includes(id));
  }

  async #cursorOf(name: string, otherwise = 0): Promise<number> {
    const { supervisor, store } = this.#options;
    const here = supervisor.cursorOf(name);
    if (here !== null) return here;
    return (await store.consumers.cursors([name])).get(name) ?? otherwise;
  }
}
