import { type Client, createClient, type SubscribePayload } from 'graphql-ws/client';
import { Backoff } from './backoff.ts';
import { FollowError, followErrorOf } from './follow-error.ts';
import type { Event, EventFilter, JournalStatus, Trait } from './schema.generated.ts';

/** An event with the fields that are selected by default. */
export type FollowedEvent = Pick<
  Event,
  | 'id'
  | 'index'
  | 'namespace'
  | 'type'
  | 'action'
  | 'severity'
  | 'source'
  | 'key'
  | 'filterKeys'
  | 'message'
  | 'tags'
  | 'value'
  | 'time'
  | 'endTime'
  | 'recordedAt'
  | 'dialect'
> & { readonly traits: readonly Pick<Trait, 'name' | 'type' | 'value'>[] };

const everyField = `id namespace type action severity
  source { service instance endpoint node component plane layer }
  key filterKeys message tags traits { name type value } value time endTime recordedAt dialect`;

export interface FollowOptions<Followed extends { readonly index: number } = FollowedEvent> {
  /** As in schema.graphql; all events by default. Relative times are relative to each connection. */
  readonly filter?: EventFilter;
  /** Begins after this index; 0 replays everything that is kept. By default it begins now. */
  readonly afterIndex?: number;
  /**
   * The `journalId` that was saved with `afterIndex`; by default that of the first connection. Where the gateway has
   * another journal, in which the index means another event, following ends with OTHER_JOURNAL.
   */
  readonly journalId?: string;
  /** Fields of Event in GraphQL, in addition to index. */
  readonly selection?: string;
  /**
   * Called once for every event, in index order. The next call waits for the returned promise. An error ends
   * following.
   */
  readonly onEvent: (event: Followed) => void | Promise<void>;
  /**
   * Called with the index and the journal to go on from: once the first connection has them, and when every matching
   * event up to an index was given to onEvent, also where there was none. Waited for; an error ends following.
   */
  readonly onProgress?: (progress: {
    readonly index: number;
    readonly journalId: string;
  }) => void | Promise<void>;
  /**
   * Called when the events after the last index are no longer kept: following goes on with the oldest event that is
   * kept. Without it, following ends with INDEX_EXPIRED.
   */
  readonly onGap?: (gap: { readonly afterIndex: number; readonly firstIndex: number }) => void;
  /** Called whenever a connection is open, before its first event. */
  readonly onConnect?: () => void;
  /** Called at every break; following goes on by itself after the pause. */
  readonly onBreak?: (error: Error, pauseMs: number) => void;
  /**
   * Payload of connection_init: `{ authorization: 'Bearer …' }`. A function is called for each connection, so that it can
   * give a newer token once one has expired. Without a function, following ends when the gateway rejects the credential.
   */
  readonly connectionParams?:
    | ConnectionParams
    | (() => ConnectionParams | Promise<ConnectionParams>);
  /** A WebSocket class; by default the environment's own, else that of the package ws. */
  readonly webSocketImpl?: unknown;
  /** Pauses between attempts: 100 to 10,000 ms by default. */
  readonly shortestPauseMs?: number;
  readonly longestPauseMs?: number;
}

type ConnectionParams = Readonly<Record<string, unknown>>;

export interface Following {
  /** Every matching event up to this index was given to onEvent: the next `afterIndex`. Null before the first connection. */
  readonly index: number | null;
  /** The journal of the index: save both. Null before the first connection. */
  readonly journalId: string | null;
  /** Settles when following ends: resolves after stop(), rejects with an error that another attempt would get again. */
  readonly done: Promise<void>;
  /** Ends following; resolves once onEvent will not be called again. */
  stop(): Promise<void>;
}

/**
 * Follows the live feed of a gateway (`ws://host:port/graphql`) across breaks of the connection: it reconnects with
 * growing pauses and resumes after the last index, so that no event is skipped or repeated.
 */
export function follow<Followed extends { readonly index: number } = FollowedEvent>(
  url: string,
  options: FollowOptions<Followed>,
): Following {
  const follower = new Follower<Followed>(url, options);
  const done = follower.run();
  // A caller may ignore `done`.
  done.catch(() => {});
  return {
    get index() {
      return follower.index;
    },
    get journalId() {
      return follower.journalId;
    },
    done,
    async stop() {
      follower.stop();
      await done.catch(() => {});
    },
  };
}

interface Batches<Followed> {
  readonly eventBatches: { readonly index: number; readonly events: readonly Followed[] };
}

class Follower<Followed extends { readonly index: number }> {
  readonly #url: string;
  readonly #options: FollowOptions<Followed>;
  readonly #stopping = new AbortController();
  readonly #backoff: Backoff;
  #index: number | null;
  #journalId: string | null;

  constructor(url: string, options: FollowOptions<Followed>) {
    this.#url = url;
    this.#options = options;
    this.#index = options.afterIndex ?? null;
    this.#journalId = options.journalId ?? null;
    this.#backoff = new Backoff(options.shortestPauseMs ?? 100, options.longestPauseMs ?? 10_000);
  }

  get index(): number | null {
    return this.#index;
  }

  get journalId(): string | null {
    return this.#journalId;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#connectOnce();
      } catch (cause) {
        if (this.#stopping.signal.aborted) return;
        const renews = typeof this.#options.connectionParams === 'function';
        await this.#survive(followErrorOf(cause, renews));
      }
    }
  }

  /** Pauses before the next attempt. @throws an error that the next attempt would get again */
  async #survive(error: FollowError): Promise<void> {
    const { onGap, onBreak } = this.#options;
    const { firstIndex } = error;
    if (error.code === 'INDEX_EXPIRED' && onGap && this.#index !== null && firstIndex !== null) {
      onGap({ afterIndex: this.#index, firstIndex });
      this.#index = firstIndex;
      return;
    }
    if (error.final) throw error;
    const pauseMs = this.#backoff.next();
    onBreak?.(error, pauseMs);
    await this.#backoff.pause(pauseMs, this.#stopping.signal);
  }

  /** Follows until the connection breaks; returns only when stopped. */
  async #connectOnce(): Promise<void> {
    const client = await this.#client();
    try {
      // Once: later connections must find the journal to which the index belongs.
      if (this.#index === null || this.#journalId === null) {
        const { id, lastIndex } = await this.#journal(client);
        this.#index ??= lastIndex;
        this.#journalId ??= id;
        await this.#progress();
      }
      for await (const { eventBatches } of this.#ask<Batches<Followed>>(client, this.#feed())) {
        await this.#take(eventBatches);
      }
      throw new Error('The gateway ended the feed.');
    } finally {
      // Not awaited: a connection attempt may take long to fail.
      Promise.resolve(client.dispose()).catch(() => {});
    }
  }

  /** The answers to an operation, until it ends or following stops. @throws the operation's errors */
  async *#ask<Answer>(client: Client, operation: SubscribePayload): AsyncGenerator<Answer> {
    const answers = client.iterate<Answer>(operation);
    const end = () => void answers.return?.();
    this.#stopping.signal.addEventListener('abort', end);
    try {
      for await (const { data, errors } of answers) {
        if (errors !== undefined) throw errors;
        if (data) yield data;
      }
    } finally {
      this.#stopping.signal.removeEventListener('abort', end);
    }
  }

  async #journal(client: Client): Promise<Pick<JournalStatus, 'id' | 'lastIndex'>> {
    interface Status {
      readonly journal: Pick<JournalStatus, 'id' | 'lastIndex'>;
    }
    const operation = { query: '{ journal { id lastIndex } }' };
    for await (const { journal } of this.#ask<Status>(client, operation)) return journal;
    throw new Error('The gateway did not answer which journal it has.');
  }

  async #take({ index, events }: Batches<Followed>['eventBatches']): Promise<void> {
    this.#backoff.reset();
    for (const event of events) {
      if (this.#stopping.signal.aborted) return;
      await this.#give(event);
      this.#index = event.index;
    }
    this.#index = Math.max(index, this.#index ?? 0);
    await this.#progress();
  }

  async #give(event: Followed): Promise<void> {
    try {
      await this.#options.onEvent(event);
    } catch (cause) {
      throw new FollowError('onEvent failed.', { code: 'ON_EVENT', final: true, cause });
    }
  }

  async #progress(): Promise<void> {
    const [index, journalId] = [this.#index, this.#journalId];
    if (index === null || journalId === null) return;
    try {
      await this.#options.onProgress?.({ index, journalId });
    } catch (cause) {
      throw new FollowError('onProgress failed.', { code: 'ON_PROGRESS', final: true, cause });
    }
  }

  #feed(): SubscribePayload {
    const { filter, selection = everyField } = this.#options;
    return {
      query: `subscription ($filter: EventFilter, $afterIndex: SafeInt, $journalId: ID) {
        eventBatches(filter: $filter, afterIndex: $afterIndex, journalId: $journalId) { index events { index ${selection} } }
      }`,
      variables: { filter, afterIndex: this.#index, journalId: this.#journalId },
    };
  }

  async #client(): Promise<Client> {
    const { connectionParams, webSocketImpl, onConnect } = this.#options;
    let unanswered: ReturnType<typeof setTimeout> | undefined;
    const client = createClient({
      url: this.#url,
      webSocketImpl: webSocketImpl ?? globalThis.WebSocket ?? (await import('ws')).WebSocket,
      ...(connectionParams && { connectionParams: paramsOf(connectionParams) }),
      // Only the follower knows the index after which to resume.
      retryAttempts: 0,
      keepAlive: 10_000,
      on: {
        connected: () => onConnect?.(),
        // A lost connection may never be closed: an unanswered ping shows it.
        ping: (received) => {
          if (!received) unanswered = setTimeout(() => client.terminate(), 5_000);
        },
        pong: (received) => {
          if (received) clearTimeout(unanswered);
        },
        closed: () => clearTimeout(unanswered),
      },
    });
    return client;
  }
}

type Params = Record<string, unknown>;

const paramsOf = (
  given: NonNullable<FollowOptions['connectionParams']>,
): Params | (() => Promise<Params>) =>
  typeof given === 'function' ? async () => ({ ...(await given()) }) : { ...given };
