import { Forbidden } from '../access/principal.ts';
import type { Scope } from '../access/scope.ts';
import { readableBy, requireReadable, scopedStore, withoutHidden } from '../access/scoped-store.ts';
import type { ConsumerLease, ConsumerRun, DurableConsumer } from '../consumers/consumer.ts';
import type { ConsumerSupervisor } from '../consumers/supervisor.ts';
import type { Event } from '../event/event.ts';
import { everything, type Filter } from '../event/filter.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { Repeated } from '../runtime/repeated.ts';
import { settledWithin } from '../runtime/settled-within.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { FailedDeliveryTable } from '../store/sinks/failed-delivery-table.ts';
import {
  type ReplayRow,
  type RunningRow,
  runningStates,
  type SinkRow,
  type SinkTable,
} from '../store/sinks/sink-table.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { logUnexpectedError } from '../telemetry/unexpected-error.ts';
import { AttemptLog } from './attempt-log.ts';
import type { DeclaredSinks } from './declared-sinks.ts';
import type { DefinitionOf } from './definition.ts';
import { DeliveryCounter } from './delivery-counts.ts';
import { KeptFailures } from './kept-failures.ts';
import type { SinkOwners } from './owners.ts';
import { ReplayRun } from './replay-run.ts';
import { replayConsumer, sinkConsumer } from './rows.ts';
import { routingKeyOf } from './secrets.ts';
import { Sender } from './sender.ts';
import { SinkRun } from './sink-run.ts';
import type { SinkSpec } from './spec.ts';
import type { SinkStates } from './states.ts';
import { TargetHealth } from './target-health.ts';

/** Events of one sink that may be delivered again after an abrupt end. */
const maxRepeatedEvents = 1_000;
const syncEveryMs = 1_000;
/** A change is answered after this time, whether this gateway has applied it or not. */
const maxApplyMs = 2_000;

export interface SinkRunnerOptions {
  readonly store: Store;
  readonly table: SinkTable;
  readonly failedDeliveries: FailedDeliveryTable;
  readonly supervisor: ConsumerSupervisor;
  readonly definitionOf: DefinitionOf;
  readonly declared: DeclaredSinks;
  readonly states: SinkStates;
  readonly owners: SinkOwners;
  readonly log: Log;
  readonly maxFilterDepth: number;
  /** Null where no traces are exported. */
  readonly tracing: Tracing | null;
}

/** Runs the sinks and replays that the database says are to run, whoever has changed them. */
export class SinkRunner implements AsyncDisposable {
  readonly attempts = new AttemptLog();
  readonly counter = new DeliveryCounter();
  readonly #options: SinkRunnerOptions;
  /** By the names of their consumers; what cannot be run is here as well, so that it is said once. */
  readonly #known = new Map<string, Known>();
  #syncing: Repeated | null = null;

  constructor(options: SinkRunnerOptions) {
    this.#options = options;
  }

  /** Begins to run sinks, once every encoder is known and the files are read. */
  begin(): void {
    this.#syncing ??= new Repeated(
      () => syncEveryMs,
      () => this.#sync(),
      (error) => {
        if (error instanceof Unavailable) return;
        logUnexpectedError(this.#options.log, { error, where: 'the sinks' });
      },
    );
    this.#syncing.soon();
  }

  /** Sinks that are to run, in all gateways together. */
  get runningCount(): number {
    return [...this.#known.values()].filter(({ replayId }) => replayId === null).length;
  }

  /** Something was changed: does not wait for the next turn. */
  changed(): void {
    this.#syncing?.soon();
  }

  /** The same, and resolves once this gateway runs what the database says, or after some time. */
  async applied(): Promise<void> {
    if (this.#syncing !== null) await settledWithin(this.#syncing.next(), maxApplyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#syncing?.[Symbol.asyncDispose]();
    await this.counter.save(this.#options.table).catch(() => {});
  }

  async #sync(): Promise<void> {
    const { table, supervisor, declared } = this.#options;
    await declared.settle();
    await this.counter.save(table);
    const running = await this.#running();
    for (const [name, { id, replayId }] of [...this.#known]) {
      if (running.has(name)) continue;
      this.#known.delete(name);
      if (replayId === null) this.attempts.forget(id);
      await supervisor.remove(name);
    }
    const changed = [...running].filter(([name, entry]) => !isSame(entry, this.#known.get(name)));
    if (changed.length === 0) return;
    const ids = changed.map(([, { id }]) => id);
    const rows = new Map((await table.list({ id: { in: ids } })).map((row) => [row.id, row]));
    for (const [name, entry] of changed) {
      const row = rows.get(entry.id);
      if (row === undefined) continue;
      this.#known.set(name, entry);
      await this.#add(row, entry.replayId);
    }
  }

  /** Those that are to run, with their owners' rights of the moment. A sink whose owner may read nothing is paused. */
  async #running(): Promise<ReadonlyMap<string, Known>> {
    const { table, owners, states, declared } = this.#options;
    const rows = await table.running();
    await owners.refresh(rows.map(({ owner }) => owner));
    const running = new Map<string, Known>();
    for (const row of rows) {
      const revision = declared.revisionOf(row.id);
      // Another gateway declares it, and runs it.
      if (row.origin === 'FILE' && revision === null) continue;
      const { read, readKey } = owners.scopeOf(row);
      if (read !== 'NONE') running.set(nameOf(row), { ...row, readKey, revision });
      else if (row.replayId === null) {
        const reason = row.owner === null ? hasNoOwner : ownerMayNotRead;
        await states.change(row.id, runningStates, { state: 'PAUSED', reason });
      }
    }
    return running;
  }

  async #add(row: SinkRow, replayId: string | null): Promise<void> {
    const { supervisor, states, log } = this.#options;
    try {
      await supervisor.add(await this.#consumerOf(row, replayId));
    } catch (error) {
      if (error instanceof Unavailable) throw error;
      if (error instanceof Forbidden) {
        const paused = { state: 'PAUSED', reason: ownerMayNotFilter } as const;
        return void (await states.change(row.id, runningStates, paused));
      }
      log.error({ error, sink: row.id, name: row.name }, 'A sink cannot be run.');
    }
  }

  /** @throws Forbidden where it asks for fields that are hidden from its owner by now */
  async #consumerOf(row: SinkRow, replayId: string | null): Promise<DurableConsumer> {
    const { definitionOf, owners } = this.#options;
    const scope = owners.scopeOf(row);
    const { spec } = definitionOf(row);
    requireReadable(spec.filter, scope);
    const filter = readableBy(scope, spec.filter);
    if (replayId === null) {
      return {
        name: sinkConsumer(row.id),
        filter,
        maxRepeatedEvents,
        begin: (lease) => this.#begin(row.id, null, lease),
      };
    }
    const replay = await this.#replay(replayId);
    const ofReplay = this.#filterOf(replay, row);
    requireReadable(ofReplay, scope);
    return {
      name: replayConsumer(replayId),
      filter: { all: [filter, ofReplay] },
      maxRepeatedEvents,
      begin: (lease) => this.#begin(row.id, replay, lease),
    };
  }

  async #replay(id: string): Promise<ReplayRow> {
    const [replay] = await this.#options.table.replays({ id });
    if (replay === undefined) throw new Error(`the replay ${id} is gone`);
    return replay;
  }

  #filterOf({ filter }: ReplayRow, { createdAt }: SinkRow): Filter {
    if (filter === null) return everything;
    const { maxFilterDepth } = this.#options;
    return parseFilter(filter as FilterInput, {
      now: createdAt,
      path: ['filter'],
      maxDepth: maxFilterDepth,
    });
  }

  /** As the sink is now: the row that the consumer was made of may be old. */
  async #begin(id: string, replay: ReplayRow | null, lease: ConsumerLease): Promise<ConsumerRun> {
    const { table, definitionOf, owners, tracing } = this.#options;
    const row = await table.find(id);
    if (row === null || !runningStates.includes(row.state)) {
      throw new Error('the sink is not to run any more');
    }
    const { spec, secrets, openTarget } = definitionOf(row);
    const scope = owners.scopeOf(row);
    const routingKey = routingKeyOf(secrets());
    const target = spec.encoder.around?.(openTarget(), spec) ?? openTarget();
    const sender = new Sender({
      sinkId: id,
      encoder: spec.encoder,
      target,
      routingKey,
      replay: replay !== null,
      tracing,
      attempted: (attempt) => this.attempts.add(id, attempt),
    });
    const run = this.#runOf(row, spec, { sender, lease, replay, scope });
    return {
      handle: (events, upTo) =>
        run.handle(
          events.map((event) => withoutHidden(event, scope.hidden)),
          upTo,
        ),
      gap: (from, to) => run.gap(from, to),
      async end() {
        await run.end();
        await target[Symbol.asyncDispose]();
      },
    };
  }

  #runOf(
    row: SinkRow,
    spec: SinkSpec,
    {
      sender,
      lease,
      replay,
      scope,
    }: { sender: Sender; lease: ConsumerLease; replay: ReplayRow | null; scope: Scope },
  ): ConsumerRun {
    const { failedDeliveries, states, store, log } = this.#options;
    const ids = replay === null ? [row.id] : [row.id, replay.id];
    const isFailing = row.state === 'FAILING';
    const run = new SinkRun(lease, {
      sink: { id: row.id, ...spec },
      encoder: spec.encoder,
      sender,
      rights: { key: scope.readKey, event: (id) => readableEvent(store, scope, id) },
      failures: new KeptFailures(
        failedDeliveries.of(row.id),
        replay === null ? lease.cursor : null,
      ),
      health: new TargetHealth(isFailing ? row.stateSince / 1_000 : null),
      log,
      observer: {
        delivered: (delivered) => this.counter.add(ids, { delivered }),
        failed: (failed) => this.counter.add(ids, { failed }),
        gap: () => {
          this.counter.gaps += 1;
        },
        state: async (state, reason) => {
          await states.change(row.id, runningStates, { state, reason });
          if (state === 'DISABLED') this.changed();
        },
      },
    });
    if (replay === null) return run;
    return new ReplayRun(run, replay, () => this.#replayed(replay));
  }

  async #replayed({ id }: ReplayRow): Promise<void> {
    await this.#options.table.endReplay(id, 'DONE');
    this.changed();
  }
}

/** A sink or replay, and the rights of its owner when it was begun. */
interface Known extends RunningRow {
  readonly readKey: string;
  /** Of what is declared here; null for a sink of the API. */
  readonly revision: number | null;
}

const isSame = (a: Known, b: Known | undefined): boolean =>
  a.version === b?.version && a.readKey === b.readKey && a.revision === b.revision;

const hasNoOwner =
  'It was made before there was a policy, and has no owner: updating it makes you its owner.';
const ownerMayNotFilter =
  'Its filter asks for traits, which its owner may no longer read: updating it makes you its owner.';
const ownerMayNotRead = 'Its owner may no longer read events: updating it makes you its owner.';

/** An event as somebody with these rights sees it now; null where they do not, or it is not stored any more. */
const readableEvent = async (store: Store, scope: Scope, id: string): Promise<Event | null> =>
  scope.read === 'NONE' ? null : await scopedStore(store, scope).event(id);

const nameOf = ({ id, replayId }: RunningRow): string =>
  replayId === null ? sinkConsumer(id) : replayConsumer(replayId);
