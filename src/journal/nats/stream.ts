import { setTimeout } from 'node:timers/promises';
import {
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from 'nats';
import { v5 } from 'uuid';
import type { NatsLink } from '../../nats/connection.ts';
import { createStream, findStream } from '../../nats/create-stream.ts';
import { natsReason } from '../../nats/errors.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { NatsDoubt } from './doubt.ts';

export interface NatsStreamOptions {
  /** Its subjects are `<name in lower case>.events.>`. */
  readonly name: string;
  /** Copies in a cluster: 1, 3 or 5. */
  readonly replicas: number;
  /** Where it refuses further reports; null for no bound but the server's own. */
  readonly maxBytes: number | null;
  /** The size of an event that the gateway accepts: a smaller limit of NATS is logged. */
  readonly maxEventBytes?: number;
  /** How long a repeated report is known by its message id. */
  readonly duplicateWindowMs: number;
}

/** What the numbering needs of the store. */
export interface StreamBases {
  readonly storedIndex: number;
  lastIndex(): Promise<number>;
  journalId(proposed: string): Promise<string>;
  streamBase(identity: string, above?: number): Promise<number>;
}

export interface StreamState {
  /** Changes when the stream is deleted and recreated. */
  readonly identity: string;
  /** A report's index is its sequence in the stream plus this. */
  readonly base: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly bytes: number;
  /** The largest message that it takes, headers included; null where it has no limit of its own. */
  readonly maxMessageBytes: number | null;
}

/** The headers of a message: `NATS/1.0`, and Nats-Msg-Id with at most 59 characters. */
const headerBytes = 128;

/**
 * The gap between the indexes of a new stream and the highest that this process knows of: another
 * gateway may have given out higher ones that are not stored.
 */
const margin = 1_000_000;

/**
 * The pause before a deleted stream is recreated: whoever deleted it may want to do so, and the server may still be
 * removing the files of the old one, which would take those of the new one with them.
 */
const recreationPauseMs = 500;

/** JetStream answers within this time. */
const answerTimeoutMs = 3000;

/** Of the journal ids that are derived from a stream. */
const idNamespace = '5b0a8c52-98ce-4f5d-b3a0-36a1f9a1f0c4';

/** The stream that is the journal: made where it is missing, and how its sequences become indexes. */
export class NatsStream {
  readonly name: string;
  /** Begins every subject: the stream's name in lower case. */
  readonly prefix: string;
  readonly #options: NatsStreamOptions;
  readonly #link: NatsLink;
  readonly #store: StreamBases;
  readonly #log: Log;
  readonly #bases = new Map<string, number>();
  readonly doubt = new NatsDoubt();
  #leader: string | null = null;
  #hasCopies = false;
  #journalId: string | null = null;
  #highest = 0;
  #loggedLimit = 0;
  #asking: Promise<StreamState> | null = null;
  #queued: Promise<StreamState> | null = null;
  #first: StreamState | null = null;
  #latest: StreamState | null = null;

  constructor(options: NatsStreamOptions, link: NatsLink, store: StreamBases, log: Log) {
    this.name = options.name;
    this.prefix = options.name.toLowerCase();
    this.#options = options;
    this.#link = link;
    this.#store = store;
    this.#log = log;
  }

  /** As it was found for the first time, before this process had published anything. */
  get first(): StreamState | null {
    return this.#first;
  }

  /** See Journal.id. @throws Unavailable */
  get journalId(): string {
    if (this.#journalId !== null) return this.#journalId;
    throw new Unavailable(
      this.#link.healthReason() ?? `The stream ${this.name} was not reached yet.`,
    );
  }

  /** As it was found last. */
  get latest(): StreamState | null {
    return this.#latest;
  }

  /** Whether several servers have it, as far as it was reached. */
  get hasCopies(): boolean {
    return this.#hasCopies;
  }

  /** The server that has its leader, as it was found last; null without a cluster. */
  get leader(): string | null {
    return this.#leader;
  }

  /** Where gateways publish to each other how far the store has got. */
  get storedSubject(): string {
    return `${this.prefix}.stored`;
  }

  /** Where skipped numbers lie: see catchUp. */
  get skipSubject(): string {
    return `${this.prefix}.events.skip`;
  }

  /** The largest report that the server and the stream take, as far as they were reached. */
  get maxReportBytes(): number {
    const payload = this.#link.maxPayloadBytes ?? Number.POSITIVE_INFINITY;
    const message = this.#latest?.maxMessageBytes ?? Number.POSITIVE_INFINITY;
    return Math.min(payload, message) - headerBytes;
  }

  /** To be called on each connection: a limit that is lower than the configured one is logged, once. */
  checkLimits(): void {
    const { maxEventBytes = 0 } = this.#options;
    const { maxReportBytes } = this;
    if (maxReportBytes === this.#loggedLimit) return;
    this.#loggedLimit = maxReportBytes;
    if (maxReportBytes >= maxEventBytes) return;
    this.#log.warn(
      {
        maxReportBytes,
        configuredBytes: maxEventBytes,
        maxPayloadBytes: this.#link.maxPayloadBytes,
        maxMessageBytes: this.#latest?.maxMessageBytes ?? null,
      },
      'NATS takes smaller events than TIDINGS_MAX_EVENT_BYTES allows: larger ones are rejected.',
    );
  }

  /** This index was given to somebody: no other report may ever have it. */
  saw(index: number): void {
    this.#highest = Math.max(this.#highest, index);
  }

  /**
   * The stream as it is now, made where it is missing: asked of the server after this call.
   * @throws Unavailable when NATS or, for a new stream, the database is unreachable
   */
  state(): Promise<StreamState> {
    if (this.#asking === null) return this.#begin();
    // An answer on its way may be too old: all who come meanwhile share the next.
    const next = () => {
      this.#queued = null;
      return this.#begin();
    };
    this.#queued ??= this.#asking.then(next, next);
    return this.#queued;
  }

  #begin(): Promise<StreamState> {
    const asking = this.#ask().finally(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    this.#asking = asking;
    return asking;
  }

  async #ask(): Promise<StreamState> {
    const connection = this.#link.current;
    try {
      const jetStream = await connection.jetstreamManager({
        checkAPI: false,
        timeout: answerTimeoutMs,
      });
      // The first reading learns the base, and with it the highest index that the store knows.
      if (this.#latest === null) await this.#read(jetStream);
      const known = this.#known();
      let state = await this.#read(jetStream);
      if (endOf(state) < known) state = await this.#catchUp(connection, jetStream);
      this.saw(endOf(state));
      this.#first ??= state;
      this.#latest = state;
      return state;
    } catch (error) {
      this.doubt.raise();
      if (error instanceof Unavailable) throw error;
      const reason = natsReason(error);
      throw new Unavailable(`The stream ${this.name} cannot be used: ${reason}.`, { cause: error });
    }
  }

  #known(): number {
    return Math.max(this.#highest, this.#store.storedIndex);
  }

  async #read(jetStream: JetStreamManager): Promise<StreamState> {
    const info = await this.#info(jetStream);
    const { created, state, config } = info;
    this.#hasCopies = config.num_replicas > 1;
    this.#sawLeader(info.cluster?.leader ?? null);
    let base = this.#bases.get(created);
    if (base === undefined) {
      this.#warnOfDifferences(config);
      this.#warnOfCopies(info);
      base = await this.#baseOf(created);
      this.#bases.set(created, base);
    }
    const { first_seq: firstSequence, last_seq: lastSequence, bytes } = state;
    const maxMessageBytes = config.max_msg_size > 0 ? config.max_msg_size : null;
    return { identity: created, base, firstSequence, lastSequence, bytes, maxMessageBytes };
  }

  async #info(jetStream: JetStreamManager): Promise<StreamInfo> {
    let waited = this.#latest === null;
    for (let attempt = 0; attempt < 40; attempt += 1) {
      const found = await findStream(jetStream, this.name);
      if (found === null && !waited) {
        waited = true;
        await setTimeout(recreationPauseMs);
        continue;
      }
      const info = found ?? (await this.#create(jetStream));
      // A stream that the server is still making is already found, without the moment when it was made.
      if (!info.created.startsWith('0001-')) return info;
      await setTimeout(25);
    }
    throw new Error('it is still being made');
  }

  async #create(jetStream: JetStreamManager): Promise<StreamInfo> {
    const info = await createStream(jetStream, {
      name: this.name,
      description: 'Everything reported to Tidings, in order.',
      subjects: [`${this.prefix}.events.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      num_replicas: this.#options.replicas,
      max_bytes: this.#options.maxBytes ?? -1,
      duplicate_window: nanos(this.#options.duplicateWindowMs),
    });
    this.#log.info({ created: info.created }, `Created the stream ${this.name}.`);
    return info;
  }

  async #baseOf(identity: string): Promise<number> {
    this.saw(await this.#store.lastIndex());
    const above = this.#highest === 0 ? 0 : this.#highest + margin;
    const base = await this.#store.streamBase(identity, above);
    // All gateways propose the same, and propose it again should the store be wiped while the stream stays.
    this.#journalId = await this.#store.journalId(
      v5(`${this.name} ${identity} ${base}`, idNamespace),
    );
    return base;
  }

  #sawLeader(leader: string | null): void {
    if (this.#leader !== null && leader !== this.#leader) this.doubt.raise();
    this.#leader = leader;
  }

  /** A stream that somebody else made is taken as it is, and what may lose events there is said. */
  #warnOfDifferences(config: StreamInfo['config']): void {
    const subject = `${this.prefix}.events.>`;
    if (!config.subjects.includes(subject)) {
      throw new Unavailable(`The stream ${this.name} does not take the subjects ${subject}.`);
    }
    const faults = [
      config.discard !== DiscardPolicy.New && 'drops its oldest reports when it is full',
      config.max_age > 0 && 'drops reports by their age',
      config.storage !== StorageType.File && 'is kept in memory',
      config.retention !== RetentionPolicy.Limits && 'does not keep what was consumed',
    ].filter((fault) => fault !== false);
    if (faults.length === 0) return;
    this.#log.warn({}, `The stream ${this.name} ${faults.join(', ')}: reports may be lost.`);
  }

  /** How many servers have the stream decides what is lost with one of them. */
  #warnOfCopies({ config, cluster }: StreamInfo): void {
    const { name } = this;
    const wanted = this.#options.replicas;
    const copies = config.num_replicas;
    if (copies < wanted) {
      this.#log.warn(
        { copies, wanted },
        `The stream ${name} has fewer copies than TIDINGS_STREAM_REPLICAS. It keeps its number: see "Giving a stream more copies" in docs/operating.md.`,
      );
    }
    const late = (cluster?.replicas ?? []).filter(({ current, offline }) => offline || !current);
    if (late.length === 0) return;
    const servers = late.map((each) => each.name);
    this.#log.warn({ servers, copies }, `Not every copy of the stream ${name} is up to date.`);
  }

  /**
   * A stream whose end is missing, because the server's disk lost it, would give out indexes again:
   * empty messages fill it up to the highest index known.
   */
  async #catchUp(connection: NatsConnection, jetStream: JetStreamManager): Promise<StreamState> {
    // In a cluster a new leader may still be reading what it has: then the end is only late.
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const state = await this.#read(jetStream);
      if (endOf(state) >= this.#known()) return state;
      await setTimeout(100);
    }
    // It may be late for longer, in a server that has not noticed that it is no leader: an acknowledgement is certain.
    const jetStreamClient = connection.jetstream({ timeout: answerTimeoutMs });
    const skip = () => jetStreamClient.publish(this.skipSubject);
    let endsAt: number | null = null;
    for (;;) {
      const state = await this.#read(jetStream);
      const known = this.#known();
      const reached = { ...state, lastSequence: (await skip()).seq };
      const missing = known - endOf(reached);
      if (missing >= 0) endsAt ??= endOf(reached) - 1;
      if (missing <= 0) {
        if (endsAt !== null) this.#logLoss(endsAt, endOf(reached));
        return reached;
      }
      await Promise.all(Array.from({ length: Math.min(missing, 500) }, skip));
    }
  }

  #logLoss(endsAt: number, goesOnAt: number): void {
    const sentence = `NATS lost the end of the stream ${this.name}: the indexes that were lost are skipped.`;
    this.#log.error({ endsAt, goesOnAt }, sentence);
  }
}

const endOf = ({ base, lastSequence }: StreamState): number => base + lastSequence;
