import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An event as a cluster holds it; what is left out is as Go writes it then. */
export interface ClusterEvent {
  readonly Topic: string;
  readonly Type?: string;
  readonly Key?: string;
  readonly Namespace?: string;
  readonly FilterKeys?: readonly string[] | null;
  readonly Payload?: unknown;
}

interface Batch {
  readonly index: number;
  readonly events: readonly ClusterEvent[];
}

interface Subscription {
  readonly topics: ReadonlyMap<string, readonly string[]>;
  readonly namespace: string;
  readonly response: ServerResponse;
}

export interface ClusterRequest {
  readonly url: URL;
  readonly token: string | undefined;
}

/** Milliseconds; Nomad's own are 30 s, which no test waits for. */
const heartbeatEvery = 50;

/**
 * A server whose event stream behaves as Nomad's: the buffer counts transactions and keeps one more than it
 * should, an index is inclusive and becomes the closest there is, `{}` comes first and then again and again,
 * the filter delivers twice what matches twice, and an error in mid-stream is bare text after the last line.
 */
export class NomadCluster implements AsyncDisposable {
  readonly requests: ClusterRequest[] = [];
  readonly #server: Server;
  readonly #bufferSize: number;
  readonly #subscriptions = new Set<Subscription>();
  #buffer: Batch[] = [];
  #rejection: { readonly status: number; readonly text: string } | null = null;
  #silent = false;

  private constructor(bufferSize: number) {
    this.#bufferSize = bufferSize;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(bufferSize = 100): Promise<NomadCluster> {
    const cluster = new NomadCluster(bufferSize);
    await new Promise<void>((resolve) => cluster.#server.listen(0, '127.0.0.1', resolve));
    return cluster;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  /** One transaction. */
  publish(index: number, ...events: ClusterEvent[]): void {
    const batch = { index, events };
    this.#buffer.push(batch);
    this.#buffer = this.#buffer.slice(-(this.#bufferSize + 1));
    for (const subscription of this.#subscriptions) send(subscription, batch);
  }

  /** Every connection breaks within a line. */
  cut(): void {
    for (const { response } of this.#ending()) {
      response.write('{"Index":999999,"Events":[{"Topic":"Job","Type":"Cut');
      setImmediate(() => response.destroy());
    }
  }

  /** Every stream ends as it does when a token is deleted or a reader was too slow. */
  end(text: string): void {
    for (const { response } of this.#ending()) response.end(text);
  }

  #ending(): readonly Subscription[] {
    const subscriptions = [...this.#subscriptions];
    this.#subscriptions.clear();
    return subscriptions;
  }

  /** The buffer is in memory alone. */
  restart(): void {
    this.#buffer = [];
    this.end('');
  }

  /** From now on streams are rejected; null accepts them again. */
  reject(rejection: { readonly status: number; readonly text: string } | null): void {
    this.#rejection = rejection;
  }

  /** From now on nothing is written, not even heartbeats, as when a network swallows everything. */
  fallSilent(silent: boolean): void {
    this.#silent = silent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.address);
    this.requests.push({ url, token: request.headers['x-nomad-token']?.toString() });
    if (this.#rejection) {
      response.writeHead(this.#rejection.status, { 'Content-Type': 'text/plain' });
      response.end(this.#rejection.text);
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' });
    response.write('{}\n');
    const subscription = subscriptionOf(url, response);
    for (const batch of this.#from(Number(url.searchParams.get('index') ?? 0))) {
      send(subscription, batch);
    }
    this.#subscriptions.add(subscription);
    const heartbeat = setInterval(() => {
      if (!this.#silent && this.#subscriptions.has(subscription)) response.write('{}\n');
    }, heartbeatEvery);
    response.on('close', () => {
      clearInterval(heartbeat);
      this.#subscriptions.delete(subscription);
    });
  }

  /** The batches from an index on: the newest of all, though it is lower, where there is none. */
  #from(index: number): readonly Batch[] {
    const at = this.#buffer.findIndex((batch) => batch.index >= index);
    return at === -1 ? this.#buffer.slice(-1) : this.#buffer.slice(at);
  }
}

function subscriptionOf({ searchParams }: URL, response: ServerResponse): Subscription {
  const topics = new Map<string, string[]>();
  for (const text of searchParams.has('topic') ? searchParams.getAll('topic') : ['*:*']) {
    const [topic = '', key = '*'] = text.split(':');
    topics.set(topic, [...(topics.get(topic) ?? []), key]);
  }
  return { topics, namespace: searchParams.get('namespace') ?? 'default', response };
}

function send({ topics, namespace, response }: Subscription, { index, events }: Batch): void {
  const delivered = events.flatMap((event) => {
    if (event.Namespace && namespace !== '*' && event.Namespace !== namespace) return [];
    return Array.from({ length: deliveries(topics, event) }, () => written(event, index));
  });
  if (delivered.length === 0) return;
  response.write(`${JSON.stringify({ Index: index, Events: delivered })}\n`);
}

/** How often Nomad's filter delivers an event: once for each key that matches. */
function deliveries(topics: Subscription['topics'], event: ClusterEvent): number {
  const everywhere = topics.get('*') ?? [];
  if (everywhere.length === 1 && everywhere[0] === '*') return 1;
  const keys = [...everywhere, ...(topics.get(event.Topic) ?? [])];
  if (keys.length === 1 && keys[0] === '*') return 1;
  return keys.filter((key) => key === (event.Key ?? '') || event.FilterKeys?.includes(key)).length;
}

const written = (event: ClusterEvent, index: number): object => ({
  Topic: event.Topic,
  Type: event.Type ?? '',
  Key: event.Key ?? '',
  Namespace: event.Namespace ?? '',
  FilterKeys: event.FilterKeys ?? null,
  Index: index,
  Payload: event.Payload ?? null,
});
