import type { Instant } from '../../event/event.ts';
import type { DialectContext } from '../dialect.ts';
import { draftsOf, type IdentifiedDraft, noteDraft } from './decode.ts';
import type { Batch } from './nomad-message.ts';
import { nomadTraits } from './nomad-traits.ts';

/** The longest wait until appended events are stored. */
const storedWithinMs = 5_000;

/**
 * How far a cluster's stream has been read. Nothing but the events themselves is kept: the latest of them says
 * where to resume, so that the position and the events can never disagree. What the cluster sends again is
 * recognised by its ids, never by its index alone, as a cluster that was rebuilt counts anew.
 */
export class Progress {
  readonly #context: DialectContext;
  readonly #cluster: string;
  /** Index of the latest batch that was read; null before the first. */
  #last: number | null;
  /** The highest index that this process has read. */
  #highest: number;
  /** Whether the stream has been found to go on, without a gap, where it was left. */
  #joined = false;
  /** True until the first connection has delivered its backlog: any of it may have been read before. */
  #catchingUp = true;
  /** The index in our journal of the latest event that was appended. */
  #appended = 0;

  private constructor(context: DialectContext, cluster: string, last: number | null) {
    this.#context = context;
    this.#cluster = cluster;
    this.#last = last;
    this.#highest = last ?? 0;
  }

  /** @throws Unavailable */
  static async load(context: DialectContext, cluster: string): Promise<Progress> {
    const { journal, store } = context;
    await store.untilStored(await journal.lastIndex(), storedWithinMs);
    const operand = { type: 'TEXT', value: cluster } as const;
    const { events } = await store.page({
      filter: {
        dialects: ['NOMAD'],
        traits: [{ name: nomadTraits.cluster, op: 'EQ', operand }],
      },
      order: 'INDEX_DESC',
      limit: 1,
    });
    const trait = events[0]?.traits.find(({ name }) => name === nomadTraits.index);
    return new Progress(context, cluster, trait?.type === 'INT' ? trait.value : null);
  }

  /** A connection begins: answers the index to ask for, whose batch comes again if it is still there. */
  connect(): number {
    this.#joined = this.#last === null;
    return this.#last ?? 0;
  }

  /** The backlog has been delivered. */
  caughtUp(): void {
    this.#catchingUp = false;
  }

  /** Drafts of the events that were not read before, with a note where the stream has a gap or began anew. @throws Unavailable */
  async fresh(batches: readonly Batch[], now: Instant): Promise<IdentifiedDraft[]> {
    const read = batches.map(({ index, events }) => ({
      index,
      drafts: draftsOf({ index, events }, this.#cluster, now),
    }));
    const doubtful = read.filter(({ index }) => this.#catchingUp || index <= this.#highest);
    const known = await this.#known(doubtful.flatMap(({ drafts }) => drafts.map(({ id }) => id)));
    return read.flatMap(({ index, drafts }) => {
      const fresh = drafts.filter(({ id }) => !known.has(id));
      const note = this.#advance(index, fresh.length > 0, now);
      return note === null ? fresh : [note, ...fresh];
    });
  }

  /** New events are in the journal, up to this index. */
  appended(index: number): void {
    this.#appended = Math.max(this.#appended, index);
  }

  async #known(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const { store } = this.#context;
    await store.untilStored(this.#appended, storedWithinMs);
    return new Set((await store.reports(ids)).keys());
  }

  #advance(index: number, fresh: boolean, now: Instant): IdentifiedDraft | null {
    const last = this.#last;
    const action = this.#joined || last === null ? null : this.#join(index, last, fresh);
    if (fresh || last === null || index > last) this.#last = index;
    this.#highest = Math.max(this.#highest, index);
    if (action === null || last === null) return null;
    return noteDraft({ action, cluster: this.#cluster, last, next: index, now });
  }

  /**
   * Whether the stream continues: the last batch comes again if the buffer still holds it. A lower index comes from
   * a server that lags or has nothing newer; if its events are new, the cluster has been rebuilt.
   */
  #join(index: number, last: number, fresh: boolean): 'Gap' | 'StartedOver' | null {
    if (index < last && !fresh) return null;
    this.#joined = true;
    if (index === last) return null;
    return index > last ? 'Gap' : 'StartedOver';
  }
}
