import { type Beating, Heartbeat } from './heartbeat.ts';

/** A connection that carries feeds. */
export interface FeedConnection extends Beating {
  /** Bytes that wait to be read by the client. */
  readonly queued: number;
  /** Closes it at once, without a closing handshake. */
  terminate(): void;
}

/** Numbers of now, and counts since the start. */
export interface ConnectionStats {
  readonly connections: number;
  readonly queuedBytes: number;
  /** Subscriptions that were ended because their readers were too slow. */
  readonly slowConsumers: number;
}

/** How long clients have to close when the gateway closes. */
const closeTimeoutMs = 1_000;

/** The open connections of one kind. */
export class Connections<Connection extends FeedConnection> {
  readonly max: number;
  readonly #open = new Set<Connection>();
  readonly #heartbeat: Heartbeat;
  #slowConsumers = 0;
  #onEmpty: (() => void) | null = null;

  /** @param keepAliveMs between two beats */
  constructor(max: number, keepAliveMs: number) {
    this.max = max;
    this.#heartbeat = new Heartbeat(keepAliveMs);
  }

  get isFull(): boolean {
    return this.#open.size >= this.max;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
    this.#heartbeat.add(connection);
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
    this.#heartbeat.delete(connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  countSlowConsumer(): void {
    this.#slowConsumers++;
  }

  stats(): ConnectionStats {
    let queuedBytes = 0;
    for (const { queued } of this.#open) queuedBytes += queued;
    return { connections: this.#open.size, queuedBytes, slowConsumers: this.#slowConsumers };
  }

  /** Ends all connections. Those still open after closeTimeoutMs are terminated. */
  async close(end: (connection: Connection) => void): Promise<void> {
    this.#heartbeat[Symbol.dispose]();
    if (this.#open.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#open) end(connection);
    const late = setTimeout(() => {
      for (const connection of this.#open) connection.terminate();
    }, closeTimeoutMs);
    await empty;
    clearTimeout(late);
  }
}
