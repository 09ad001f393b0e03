import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** One way between two servers: a port of its own, which is forwarded while it is not cut. */
export class Route implements AsyncDisposable {
  readonly #target: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((socket) => this.#forward(socket));
  }

  static async to(target: number): Promise<Route> {
    const route = new Route(target);
    route.#server.listen(0, '127.0.0.1');
    await once(route.#server, 'listening');
    return route;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the route is closed');
    return `nats://127.0.0.1:${address.port}`;
  }

  /** Ends the connections that go through it, and every later one at once. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #forward(near: Socket): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.#target, noDelay: true });
    near.setNoDelay();
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
