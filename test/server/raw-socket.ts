import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';

export type Sent = Record<string, unknown> & { readonly type: string };

/** A WebSocket that sends only the messages of the test. */
export class RawSocket {
  readonly webSocket: WebSocket;
  readonly received: Sent[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket;
    webSocket.on('message', (data) => this.received.push(JSON.parse(String(data))));
    webSocket.on('close', (code, reason) => {
      this.closed = { code, reason: String(reason) };
    });
    webSocket.on('error', () => {});
  }

  static async connect(url: string, options: { autoPong?: boolean } = {}): Promise<RawSocket> {
    const socket = new RawSocket(new WebSocket(url, 'graphql-transport-ws', options));
    await once(socket.webSocket, 'open');
    return socket;
  }

  /** Connected and acknowledged. */
  static async open(url: string, options: { autoPong?: boolean } = {}): Promise<RawSocket> {
    const socket = await RawSocket.connect(url, options);
    const acknowledged = once(socket.webSocket, 'message');
    socket.say({ type: 'connection_init' });
    await acknowledged;
    return socket;
  }

  say(message: unknown): void {
    this.webSocket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  subscribe(id: string, query: string, variables: object = {}): void {
    this.say({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** Stops reading, and goes on. */
  stall(): void {
    this.#connection.pause();
  }
  goOn(): void {
    this.#connection.resume();
  }

  of(id: string, type?: string): Sent[] {
    return this.received.filter((sent) => sent.id === id && (!type || sent.type === type));
  }

  /** The events of an operation, of whichever field. */
  events(id: string): { index: number; message: string }[] {
    return this.of(id, 'next').flatMap(({ payload }) => {
      const { data } = payload as { data: { events?: never; eventBatches?: { events: never[] } } };
      return data.events ? [data.events] : (data.eventBatches?.events ?? []);
    });
  }

  close(): void {
    this.webSocket.terminate();
  }

  get #connection(): Socket {
    return (this.webSocket as unknown as { _socket: Socket })._socket;
  }
}
