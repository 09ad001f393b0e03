import { isDeepStrictEqual } from 'node:util';
import { v5 } from 'uuid';
import type { Instant, Json } from '../event/event.ts';
import { InputError, quoted } from '../event/input-error.ts';
import { storableJson } from '../event/text.ts';
import type { Journal } from '../journal/journal.ts';
import { Declarations } from '../runtime/declarations.ts';
import type { OpenStore } from '../store/open.ts';
import type { SinkRow } from '../store/sinks/sink-table.ts';
import type { Log } from '../telemetry/log.ts';
import { type DefinitionOptions, type SinkDefinition, storedDefinition } from './definition.ts';
import type { Encoder } from './encoder.ts';
import { checkTarget, openTarget, type TargetOptions } from './open-target.ts';
import { newSinkRow, removeSink, sinkConsumer } from './rows.ts';
import { separated } from './secrets.ts';
import { parseSpec, type SinkInput } from './spec.ts';
import { startCursor } from './start.ts';
import type { Target } from './target.ts';

/** Makes ids of what is declared, so that a sink keeps its cursor for as long as it keeps its name. */
const idNamespace = '6d1a1f0e-2a0b-4d55-8f0c-4b7b7d0d9d3a';
const maxSinks = 10_000;
const notRunning = 'A declared sink does not run.';

/** A sink that a file declares, instead of a caller of the API. */
export interface DeclaredSink {
  /** As the API takes it, with its secrets, which stay in memory alone. */
  readonly input: SinkInput;
  /** Encodes its messages, instead of the encoder of input.format. */
  readonly encoder?: Encoder | undefined;
  /** Opens its target, instead of input.target, which is then only shown. */
  readonly openTarget?: ((options: TargetOptions) => Target) | undefined;
}

interface Declared {
  readonly id: string;
  readonly owner: string;
  readonly sink: DeclaredSink;
  readonly definition: SinkDefinition;
  /** Grows with each change, so that a running sink begins again with what is declared now. */
  readonly revision: number;
}

export interface DeclaredSinksOptions extends DefinitionOptions {
  readonly store: Pick<OpenStore, 'sinks' | 'consumers' | 'page' | 'firstIndex'>;
  readonly journal: Pick<Journal, 'lastIndex'>;
  readonly log: Log;
  readonly now: () => Instant;
}

/**
 * The sinks that files declare, each file's by the name of who reads it. Their rows are shown like those of others; what
 * a row lacks, secrets, encoders and targets, is here: only a gateway that declares a sink runs it.
 */
export class DeclaredSinks {
  readonly #options: DeclaredSinksOptions;
  readonly #declared = new Declarations<Declared>();
  #revisions = 0;

  constructor(options: DeclaredSinksOptions) {
    this.#options = options;
  }

  /** How a declared sink runs; null for one that is not declared here. */
  definitionOf({ id }: Pick<SinkRow, 'id'>): SinkDefinition | null {
    return this.#declared.get(id)?.definition ?? null;
  }

  /** Changes when the sink is declared anew; null for one that is not declared here. */
  revisionOf(id: string): number | null {
    return this.#declared.get(id)?.revision ?? null;
  }

  /**
   * Replaces the sinks of an owner: those that it does not declare any more are deleted, and those that stay keep their
   * cursors. @throws InputError whose argument begins with the position of the sink at fault; then nothing is changed
   */
  declare(owner: string, sinks: readonly DeclaredSink[]): void {
    if (sinks.length > maxSinks) {
      throw new InputError([], `At most ${maxSinks} sinks can be declared, not ${sinks.length}.`);
    }
    const entries = sinks.map((sink, at) => this.#read(owner, sink, [String(at)]));
    const ids = new Set<string>();
    for (const [at, { id, sink }] of entries.entries()) {
      if (ids.has(id)) {
        const { name, namespace } = sink.input;
        const path = [String(at), 'name'];
        throw new InputError(path, `Namespace ${quoted(namespace)} has ${quoted(name)} twice.`);
      }
      ids.add(id);
    }
    this.#declared.replace(owner, entries);
  }

  /** Makes the rows what is declared. Rejects with Unavailable while the database or the journal is down. */
  settle(): Promise<void> {
    return this.#declared.settle((owner, declared) => this.#settle(owner, declared));
  }

  /** @throws InputError */
  #read(owner: string, sink: DeclaredSink, path: readonly string[]): Declared {
    const { encoders, maxFilterDepth, targets, now } = this.#options;
    const { input, encoder } = sink;
    const id = v5(`${owner}\n${input.namespace}\n${input.name}`, idNamespace);
    const known = this.#declared.get(id);
    if (known !== undefined && isDeepStrictEqual(known.sink, sink)) return known;
    const options = { id, encoders, maxFilterDepth, now: now(), path };
    const spec = parseSpec(input, encoder === undefined ? options : { ...options, encoder });
    if (sink.openTarget === undefined) checkTarget(spec.target, targets, [...path, 'target']);
    const { secrets } = separated(input);
    this.#revisions += 1;
    const definition: SinkDefinition = {
      spec,
      secrets: () => secrets,
      openTarget: () =>
        sink.openTarget?.(targets) ??
        openTarget({ sinkId: id, spec: spec.target, secrets }, targets),
    };
    return { id, owner, sink, definition, revision: this.#revisions };
  }

  async #settle(owner: string, declared: readonly Declared[]): Promise<void> {
    const { store } = this.#options;
    const rows = (await store.sinks.list({ origin: 'FILE' })).filter(
      ({ spec }) => ownerOf(spec) === owner,
    );
    const wanted = new Set(declared.map(({ id }) => id));
    for (const { id } of rows) if (!wanted.has(id)) await removeSink(store, id);
    const known = new Map(rows.map((row) => [row.id, row]));
    for (const each of declared) {
      await this.#save(each, known.get(each.id)).catch((error: unknown) => {
        if (!(error instanceof InputError)) throw error;
        const { name, namespace } = each.definition.spec;
        const { log } = this.#options;
        log.error({ name, namespace, owner, reason: error.message }, notRunning);
      });
    }
  }

  async #save({ id, owner, sink, definition }: Declared, row: SinkRow | undefined): Promise<void> {
    const { store, journal, now, log } = this.#options;
    const { start, ...input } = separated(sink.input).input;
    const spec = storableJson({ ...input, declaredBy: owner });
    const { name, namespace } = definition.spec;
    if (row !== undefined) {
      if (isDeepStrictEqual(row.spec, spec)) return;
      await store.sinks.update({ ...row, spec, updatedAt: now() }, row.version);
      return;
    }
    const cursor = await startCursor(start, ['start'], { store, journal, now });
    await store.consumers.ensure(sinkConsumer(id), cursor);
    const described = {
      id,
      namespace,
      name,
      origin: 'FILE',
      owner: null,
      spec,
      secrets: null,
    } as const;
    const isCreated = await store.sinks.create(newSinkRow(described, now()));
    if (isCreated) return;
    // Another gateway may have made it at this moment.
    if ((await store.sinks.find(id)) !== null) return;
    await store.consumers.remove(sinkConsumer(id));
    log.error({ name, namespace, owner, reason: 'The name is taken.' }, notRunning);
  }
}

const ownerOf = (spec: Json): unknown =>
  (spec as { readonly declaredBy?: unknown } | null)?.declaredBy;

/** A row's definition: what is declared here, or what the row says. */
export const definitionsOf =
  (declared: DeclaredSinks, options: DefinitionOptions) =>
  (row: SinkRow): SinkDefinition =>
    declared.definitionOf(row) ?? {
      ...storedDefinition(row, options),
      ...(row.origin === 'FILE' && {
        openTarget: () => {
          throw new Error('The sink is declared in a file that this gateway does not read.');
        },
      }),
    };
