import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from 'nats';
import { Backoff, pause } from '../runtime/backoff.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import type { Log } from '../telemetry/log.ts';
import { natsReason } from './errors.ts';

/** After a connection that lasted this long the next attempt comes soon. */
const steadyMs = 5000;

export interface NatsServers {
  /** nats://host:port or tls://host:port, with or without user:password@ or token@: all of one cluster. */
  readonly servers: readonly string[];
  readonly credentialsFile: string | null;
  /** Certificate authorities to trust, and the certificate to show, with its key. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/**
 * A connection that is opened again whenever it ends, for ever, with growing pauses and a log line each. The
 * client's own reconnecting is off: it would send what was buffered in an order of its own.
 */
export class NatsLink implements AsyncDisposable {
  readonly #servers: NatsServers;
  readonly #log: Log;
  readonly #end = new AbortController();
  readonly #waiting = new Set<(connection: NatsConnection) => void>();
  readonly #loop: Promise<void>;
  #connection: NatsConnection | null = null;
  #healthReason: string | null = 'NATS has not been reached yet.';
  #maxPayloadBytes: number | null = null;
  #downSinceMs = performance.now();

  constructor(servers: NatsServers, log: Log) {
    this.#servers = servers;
    this.#log = log;
    this.#loop = this.#run();
  }

  /** Null while there is a connection, else why there is none, as a sentence. */
  healthReason(): string | null {
    return this.#healthReason;
  }

  /** Since the connection was lost; 0 while there is one. */
  get downForMs(): number {
    return this.#connection === null ? performance.now() - this.#downSinceMs : 0;
  }

  /** The largest message that the server takes, headers included; null before it was first reached. */
  get maxPayloadBytes(): number | null {
    return this.#maxPayloadBytes;
  }

  /** The connection, as soon as there is one; null when the signal is aborted first. */
  connection(signal: AbortSignal): Promise<NatsConnection | null> {
    if (signal.aborted) return Promise.resolve(null);
    if (this.#connection !== null) return Promise.resolve(this.#connection);
    return new Promise((resolve) => {
      const settle = (connection: NatsConnection | null) => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', abort);
        resolve(connection);
      };
      const abort = () => settle(null);
      this.#waiting.add(settle);
      signal.addEventListener('abort', abort);
    });
  }

  /** The current connection. @throws Unavailable when there is none */
  get current(): NatsConnection {
    if (this.#connection === null)
      throw new Unavailable(this.#healthReason ?? 'NATS is unreachable.');
    return this.#connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    // A connection that is still being opened closes itself once it is open.
    if (this.#connection === null) return;
    await this.#connection.close();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const backoff = new Backoff(100, 3000);
    while (!this.#end.signal.aborted) {
      try {
        const connection = await connect(await connectionOptions(this.#servers));
        const sinceMs = performance.now();
        const error = await this.#hold(connection);
        if (performance.now() - sinceMs > steadyMs) backoff.reset();
        if (!this.#end.signal.aborted) throw error;
      } catch (error) {
        const retryInMs = backoff.next();
        this.#healthReason = `NATS cannot be reached: ${natsReason(error)}.`;
        this.#log.warn({ retryInMs }, this.#healthReason);
        await pause(retryInMs, this.#end.signal);
      }
    }
  }

  /** Hands the connection to those who wait for it, and resolves with the error that ended it. */
  async #hold(connection: NatsConnection): Promise<Error> {
    if (this.#end.signal.aborted) await connection.close();
    this.#connection = connection;
    this.#maxPayloadBytes = connection.info?.max_payload ?? null;
    this.#healthReason = null;
    this.#log.info({ server: connection.getServer() }, 'Connected to NATS.');
    void this.#logErrors(connection);
    for (const settle of [...this.#waiting]) settle(connection);

    const error = await connection.closed();
    this.#connection = null;
    this.#downSinceMs = performance.now();
    return error instanceof Error ? error : new Error('the connection ended');
  }

  /** Only here does NATS report missing permissions: a publisher or subscriber gets no answer. */
  async #logErrors(connection: NatsConnection): Promise<void> {
    for await (const { type, data, permissionContext } of connection.status()) {
      if (type === 'error') {
        this.#log.warn({ code: data, ...permissionContext }, 'NATS answered with an error.');
      }
    }
  }
}

async function connectionOptions(servers: NatsServers): Promise<ConnectionOptions> {
  const { caFile, certFile, keyFile } = servers;
  const secure = [caFile, certFile, keyFile].some((file) => file !== null);
  const tls = {
    ...(caFile !== null && { caFile }),
    ...(certFile !== null && { certFile }),
    ...(keyFile !== null && { keyFile }),
  };
  return {
    name: 'tidings',
    servers: [...servers.servers],
    reconnect: false,
    timeout: 5000,
    pingInterval: 5000,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...userOf(servers.servers[0] ?? ''),
    ...((secure || servers.servers.some((server) => server.startsWith('tls:'))) && { tls }),
    ...(servers.credentialsFile !== null && {
      authenticator: credsAuthenticator(await readFile(servers.credentialsFile)),
    }),
  };
}

/** The credentials before the @ of a server's URL: the client itself does not read them. */
function userOf(server: string): Pick<ConnectionOptions, 'user' | 'pass' | 'token'> {
  if (!URL.canParse(server)) return {};
  const { username, password } = new URL(server);
  const [user, pass] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (user === '') return {};
  return pass === '' ? { token: user } : { user, pass };
}
