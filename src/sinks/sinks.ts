import { v7 } from 'uuid';
import { requireReadable } from '../access/scoped-store.ts';
import type { Instant } from '../event/event.ts';
import { type FilterInput, parseFilter } from '../event/filter-input.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { storableJson } from '../event/text.ts';
import { readUuid } from '../event/uuid.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenStore } from '../store/open.ts';
import {
  type ReplayRow,
  type SinkRow,
  type SinkState,
  sinkStates,
} from '../store/sinks/sink-table.ts';
import type { SinkAction, SinkCaller } from './caller.ts';
import type { DeclaredSinks } from './declared-sinks.ts';
import type { Encoder } from './encoder.ts';
import { ManagementError } from './management-error.ts';
import { checkTarget, type TargetOptions } from './open-target.ts';
import type { SinkOwners } from './owners.ts';
import { newSinkRow, removeSink, replayConsumer, sinkConsumer } from './rows.ts';
import type { SinkRunner } from './runner.ts';
import { rotated, type SecretKeeper, separated } from './secrets.ts';
import { parseSpec, type SinkInput, type SinkSpec, type SinkStart } from './spec.ts';
import { startCursor } from './start.ts';
import type { SinkStates } from './states.ts';

export interface SinksOptions {
  readonly store: OpenStore;
  readonly journal: Journal;
  readonly runner: SinkRunner;
  readonly states: SinkStates;
  readonly secrets: SecretKeeper;
  readonly targets: TargetOptions;
  readonly declared: DeclaredSinks;
  readonly owners: Pick<SinkOwners, 'includes'>;
  readonly encoders: ReadonlyMap<string, Encoder>;
  readonly maxFilterDepth: number;
  readonly now: () => Instant;
}

/** Running replays of one sink at a time. */
const maxReplays = 8;
const maxKeepOldMs = 30 * 86_400_000;

/** Manages sinks for callers: each method says what the caller may not do with a ManagementError. */
export class Sinks {
  readonly #options: SinksOptions;

  constructor(options: SinksOptions) {
    this.#options = options;
  }

  async list(
    caller: SinkCaller,
    {
      namespaces,
      states,
    }: { namespaces: readonly string[] | null; states: readonly SinkState[] | null },
  ): Promise<readonly SinkRow[]> {
    const rows = await this.#options.store.sinks.list({
      ...(namespaces !== null && { namespace: { in: [...namespaces] } }),
      ...(states !== null && { state: { in: [...states] } }),
    });
    return rows.filter(({ namespace }) => caller.mayIn('READ', namespace));
  }

  /** Null where there is none that the caller may see. */
  async find(caller: SinkCaller, id: string): Promise<SinkRow | null> {
    const uuid = readUuid(id);
    const row = uuid === null ? null : await this.#options.store.sinks.find(uuid);
    return row !== null && caller.mayIn('READ', row.namespace) ? row : null;
  }

  async create(
    caller: SinkCaller,
    given: SinkInput,
  ): Promise<{ readonly row: SinkRow; readonly secret: string | null }> {
    const { store, secrets: keeper, now, journal } = this.#options;
    const id = v7();
    const spec = this.parse(caller, given, id);
    const { input, secrets, made } = separated(given);
    const sealed = keeper.seal(id, secrets, ['input', 'target', 'webhook']);
    const cursor = await startCursor(given.start, ['input', 'start'], { store, journal, now });
    const described = {
      id,
      namespace: spec.namespace,
      name: spec.name,
      origin: 'API',
      spec: storableJson(input),
      secrets: sealed,
      owner: ownerOf(caller),
    } as const;
    const row = newSinkRow(described, now());
    await store.consumers.ensure(sinkConsumer(id), cursor);
    if (!(await store.sinks.create(row))) {
      await store.consumers.remove(sinkConsumer(id));
      throw nameTaken(spec);
    }
    this.#options.runner.changed();
    return { row, secret: made };
  }

  async update(
    caller: SinkCaller,
    id: string,
    { input: given, version }: { readonly input: SinkInput; readonly version: number | null },
  ): Promise<SinkRow> {
    const { store, secrets: keeper, now } = this.#options;
    const row = await this.managed(caller, id);
    if (version !== null && version !== row.version) throw changedMeanwhile(row.version);
    const spec = this.parse(caller, given, row.id);
    const { input, secrets } = separated(given, {
      secrets: keeper.open(row),
      url: webhookUrlOf(row),
    });
    const updated: SinkRow = {
      ...row,
      namespace: spec.namespace,
      name: spec.name,
      spec: storableJson(input),
      secrets: keeper.seal(row.id, secrets, ['input', 'target', 'webhook']),
      // Else it would deliver to a target of the caller's what only its former owner may read.
      owner: ownerOf(caller),
      updatedAt: now(),
    };
    const outcome = await store.sinks.update(updated, row.version);
    if (outcome === 'NAME_TAKEN') throw nameTaken(spec);
    if (outcome === 'CHANGED') throw changedMeanwhile(null);
    return await this.#after(row);
  }

  async delete(caller: SinkCaller, id: string): Promise<string> {
    const row = await this.managed(caller, id, 'DELETE');
    await removeSink(this.#options.store, row.id);
    this.#options.runner.changed();
    return row.id;
  }

  async pause(caller: SinkCaller, id: string, reason: string | null): Promise<SinkRow> {
    const row = await this.managed(caller, id, 'RUN');
    await this.#options.states.change(row.id, sinkStates, { state: 'PAUSED', reason });
    return await this.#after(row);
  }

  async resume(caller: SinkCaller, id: string, from: SinkStart | null): Promise<SinkRow> {
    const { store, journal, now, states } = this.#options;
    const row = await this.managed(caller, id, 'RUN');
    if (from !== null) {
      this.#requireOwnersRights(caller, row);
      const cursor = await startCursor(from, ['from'], { store, journal, now });
      await store.consumers.reset(sinkConsumer(row.id), cursor);
    }
    await states.change(row.id, sinkStates, { state: 'ACTIVE', reason: null });
    return await this.#after(row);
  }

  async rotate(
    caller: SinkCaller,
    id: string,
    keepOldMs: number,
  ): Promise<{ readonly row: SinkRow; readonly secret: string; readonly untilMs: number }> {
    const { store, secrets: keeper, now } = this.#options;
    const row = await this.managed(caller, id);
    const before = keeper.open(row);
    if (before.signing.length === 0) throw new InputError(['id'], 'The sink does not sign.');
    if (keepOldMs > maxKeepOldMs)
      throw new InputError(['keepOld'], 'An old secret is kept 30d at most.');
    const { secret, secrets, untilMs } = rotated(before, keepOldMs);
    const sealed = keeper.seal(row.id, secrets, ['id']);
    const outcome = await store.sinks.update(
      { ...row, secrets: sealed, updatedAt: now() },
      row.version,
    );
    if (outcome !== 'UPDATED') throw changedMeanwhile(null);
    return { row: await this.#after(row), secret, untilMs };
  }

  async replay(
    caller: SinkCaller,
    id: string,
    {
      from,
      to,
      filter,
    }: { readonly from: number; readonly to: number; readonly filter: FilterInput | null },
  ): Promise<ReplayRow> {
    const { store, now, runner, maxFilterDepth: maxDepth } = this.#options;
    const row = await this.managed(caller, id, 'RUN');
    this.#requireOwnersRights(caller, row);
    if (filter !== null) {
      const path = ['filter'];
      requireReadable(parseFilter(filter, { now: row.createdAt, path, maxDepth }), caller.scope);
    }
    const running = await store.sinks.replays({ sinkId: row.id, state: 'RUNNING' });
    if (running.length >= maxReplays) {
      throw new ManagementError('CONFLICT', `A sink has at most ${maxReplays} replays at a time.`);
    }
    const replay: ReplayRow = {
      id: v7(),
      sinkId: row.id,
      state: from > to ? 'DONE' : 'RUNNING',
      from,
      to,
      filter: storableJson(filter),
      deliveredCount: 0,
      failedCount: 0,
    };
    await store.consumers.ensure(replayConsumer(replay.id), from - 1);
    await store.sinks.createReplay(replay, now());
    runner.changed();
    return replay;
  }

  replays(sinkId: string): Promise<readonly ReplayRow[]> {
    return this.#options.store.sinks.replays({ sinkId });
  }

  async cancelReplay(caller: SinkCaller, id: string): Promise<ReplayRow> {
    const { store, runner } = this.#options;
    const uuid = readUuid(id);
    const [replay] = uuid === null ? [] : await store.sinks.replays({ id: uuid });
    if (replay === undefined)
      throw new ManagementError('NOT_FOUND', `There is no replay ${quoted(id)}.`);
    await this.managed(caller, replay.sinkId, 'RUN');
    const isCancelled = await store.sinks.endReplay(replay.id, 'CANCELLED');
    runner.changed();
    return isCancelled ? { ...replay, state: 'CANCELLED' } : replay;
  }

  /** The sink that a caller wants to change, or only to run otherwise. @throws ManagementError */
  async managed(
    caller: SinkCaller,
    id: string,
    what: 'CHANGE' | 'RUN' | 'DELETE' = 'CHANGE',
  ): Promise<SinkRow> {
    const row = await this.find(caller, id);
    if (row === null) throw new ManagementError('NOT_FOUND', `There is no sink ${quoted(id)}.`);
    demand(caller, 'MANAGE_SINKS', row.namespace);
    if (what === 'RUN' || row.origin === 'API') return row;
    // What a file left behind that nobody reads any more.
    if (what === 'DELETE' && this.#options.declared.revisionOf(row.id) === null) return row;
    throw new ManagementError('FORBIDDEN', 'The sink is declared in a file: change it there.');
  }

  /** @throws InputError with the field at fault, ManagementError and Forbidden for what the caller may not do */
  parse(caller: SinkCaller, input: SinkInput, id: string): SinkSpec {
    const { encoders, maxFilterDepth, now, targets } = this.#options;
    const path = ['input'];
    const spec = parseSpec(input, { id, encoders, maxFilterDepth, now: now(), path });
    demand(caller, 'MANAGE_SINKS', spec.namespace);
    requireReadable(spec.filter, caller.scope);
    if (spec.target.kind === 'FILE') demand(caller, 'ADMIN', spec.namespace);
    checkTarget(spec.target, targets, [...path, 'target']);
    return spec;
  }

  /** Deliveries of the past are counted: the counts would say what the caller may not read. */
  #requireOwnersRights({ scope }: SinkCaller, row: SinkRow): void {
    if (this.#options.owners.includes(scope, row)) return;
    throw new ManagementError(
      'FORBIDDEN',
      "The sink's owner may read other events than you: update the sink first, so that it is yours.",
    );
  }

  async #after({ id }: SinkRow): Promise<SinkRow> {
    await this.#options.runner.applied();
    const row = await this.#options.store.sinks.find(id);
    if (row !== null) return row;
    throw new ManagementError('NOT_FOUND', `There is no sink ${quoted(id)} any more.`);
  }
}

/** Null where the target is no webhook. */
/** Null where it is no webhook. */
export const webhookUrlOf = ({ spec }: SinkRow): string | null =>
  (spec as Partial<SinkInput> | null)?.target?.webhook?.url ?? null;

const ownerOf = ({ owner }: SinkCaller): string | null =>
  owner === null ? null : JSON.stringify(owner);

function demand(caller: SinkCaller, action: SinkAction, namespace: string): void {
  if (caller.mayIn(action, namespace)) return;
  throw new ManagementError('FORBIDDEN', `That needs ${action} in namespace ${quoted(namespace)}.`);
}

const nameTaken = ({ name, namespace }: Pick<SinkSpec, 'name' | 'namespace'>): ManagementError =>
  new ManagementError('CONFLICT', `Namespace ${quoted(namespace)} has a sink ${quoted(name)}.`);

const changedMeanwhile = (version: number | null): ManagementError =>
  new ManagementError(
    'CONFLICT',
    `The sink was changed meanwhile${version === null ? '' : `: it has version ${version}`}. Read it and try again.`,
  );
