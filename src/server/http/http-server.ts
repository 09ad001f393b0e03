import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { BodyAborted } from '../../http/body.ts';
import type { Certificate } from '../../http/certificate.ts';
import { replyJson } from '../../http/reply.ts';
import { serverOf } from '../../http/server.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Tracing } from '../../telemetry/tracing.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { DialectGate } from './dialect-gate.ts';
import type { HostRules } from './hosts.ts';
import { answerOrigin, foreignOrigin } from './origin.ts';
import { rejectUpgrade } from './reject-upgrade.ts';
import { dropForeignCookies } from './session-cookie.ts';

/** Answers every request for one path. */
export type Route = (
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
) => Promise<void> | void;

/** Takes over the socket of a WebSocket upgrade. */
type UpgradeRoute = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
) => Promise<void> | void;

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  /** Null or absent for a port without TLS. */
  readonly certificate?: Certificate | null;
  readonly maxConnections: number;
  readonly hosts: HostRules;
  /** URLs by which clients reach it; none when absent. */
  readonly publicUrls?: readonly string[];
  readonly routes: Readonly<Record<string, Route>>;
  /** Routes for all paths that begin with one of these. */
  readonly folders?: Readonly<Record<string, Route>>;
  readonly upgrades: Readonly<Record<string, UpgradeRoute>>;
  /** Asked for whatever no route takes. */
  readonly dialects: DialectGate;
  readonly log: Log;
  /** Null or absent where no traces are exported. */
  readonly tracing?: Tracing | null;
}

/** Idle connections live longer than those of the usual load balancers, which then never meet a closed one. */
const keepAliveTimeoutMs = 65_000;
const dropLogIntervalMs = 60_000;
/** Asked for every few seconds, by who watches the gateway. */
const untraced: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);
/** How often a closing server looks for connections that have become idle. */
const closingPauseMs = 20;

export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  #rejected = 0;
  #nextLogAtMs = 0;
  /** The targets of most requests, which need not be parsed for each of them: the paths of the routes and no more. */
  readonly #plainTargets: ReadonlyMap<string, URL>;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#plainTargets = new Map(
      Object.keys(options.routes).map((path) => [path, urlOfTarget(path)]),
    );
    const { tracing = null } = options;
    const settings = { keepAliveTimeout: keepAliveTimeoutMs, noDelay: true };
    this.#server = serverOf(options.certificate ?? null, settings, (request, response) => {
      if (tracing === null) void this.#answer(request, response);
      else void this.#traced(tracing, request, response);
    });
    this.#server.maxConnections = options.maxConnections;
    this.#server.on('drop', () => this.#dropped());
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * Resolves with the address once connections are taken: http://127.0.0.1:4000.
   * @throws Error with a sentence when the port cannot be had
   */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    const listening = once(this.#server, 'listening');
    this.#server.listen(port, host);
    try {
      await listening;
    } catch (cause) {
      throw new Error(listenFailure(cause as NodeJS.ErrnoException, host, port), { cause });
    }
    const scheme = this.#options.certificate ? 'https' : 'http';
    return urlOf(scheme, this.#server.address() as AddressInfo);
  }

  /** Takes no more connections, lets what was begun finish, and cuts off what has not by the deadline. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    const idle = setInterval(() => this.#server.closeIdleConnections(), closingPauseMs);
    const deadline = setTimeout(() => this.#server.closeAllConnections(), timeoutMs);
    await closed;
    clearInterval(idle);
    clearTimeout(deadline);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  async #traced(
    tracing: Tracing,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const path = this.#targetOf(request)?.pathname ?? '/';
    if (untraced.has(path)) return this.#answer(request, response);
    const { method = '' } = request;
    // A name for each route: the paths of dialects may have anything in them.
    const name = path in this.#options.routes ? `${method} ${path}` : method;
    const attributes = { 'http.request.method': method, 'url.path': path };
    await tracing.from(request.headers.traceparent, () =>
      tracing.span(name, { kind: 'SERVER', attributes }, async (span) => {
        await this.#answer(request, response);
        span.set({ 'http.response.status_code': response.statusCode });
        if (response.statusCode >= 500) span.fail(`HTTP ${response.statusCode}`);
      }),
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method === 'HEAD') {
        request.method = 'GET';
        endAtBody(response);
      }
      response.setHeader('X-Content-Type-Options', 'nosniff');
      response.setHeader('Referrer-Policy', 'no-referrer');
      if (answerOrigin(this.#options.hosts, request, response)) return;
      dropForeignCookies(request, this.#options.publicUrls ?? []);
      const url = this.#targetOf(request);
      if (url === null) replyJson(response, 400, { error: badTarget });
      else await this.#route(request, response, url);
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { routes, dialects } = this.#options;
    const route = routes[url.pathname] ?? this.#folderOf(url);
    if (route) return await route(request, response, url);
    if (await dialects.handle(request, response, url)) return;
    replyJson(response, 404, { error: `There is nothing at ${url.pathname}.` });
  }

  #folderOf({ pathname }: URL): Route | undefined {
    const { folders = {} } = this.#options;
    const path = Object.keys(folders).find((beginning) => pathname.startsWith(beginning));
    return path === undefined ? undefined : folders[path];
  }

  /** Null where it is not a URL. */
  #targetOf({ url = '/' }: IncomingMessage): URL | null {
    const plain = this.#plainTargets.get(url);
    if (plain !== undefined) return plain;
    try {
      return urlOfTarget(url.startsWith('/') ? url : '/');
    } catch {
      return null;
    }
  }

  /** A connection beyond the limit was closed at once: logged once a minute at most. */
  #dropped(): void {
    this.#rejected += 1;
    const now = performance.now();
    if (now < this.#nextLogAtMs) return;
    const { maxConnections, log } = this.#options;
    log.warn(
      { rejected: this.#rejected, maxConnections },
      'Connections are rejected: as many as are allowed are open.',
    );
    this.#rejected = 0;
    this.#nextLogAtMs = now + dropLogIntervalMs;
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    if (error instanceof BodyAborted || (request.destroyed && !response.writable)) return;
    const { method, url } = request;
    logUnexpectedError(this.#options.log, { error, where: 'HTTP request', method, url });
    if (response.headersSent) response.destroy();
    else replyJson(response, 500, { error: 'Internal error.' });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const { hosts, publicUrls = [] } = this.#options;
    dropForeignCookies(request, publicUrls);
    const fault = hosts.fault(request);
    const url = this.#targetOf(request);
    if (fault !== null) rejectUpgrade(socket, fault.status, fault.message);
    else if (url === null) rejectUpgrade(socket, 400, badTarget);
    else if (!hosts.isAllowedOrigin(request)) rejectUpgrade(socket, 403, foreignOrigin);
    else void this.#routeUpgrade(request, socket, head, url);
  }

  async #routeUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    url: URL,
  ): Promise<void> {
    const { upgrades, dialects, log } = this.#options;
    try {
      const route = upgrades[url.pathname];
      if (route !== undefined) await route(request, socket, head);
      else if (!(await dialects.upgrade(request, socket, head, url))) {
        rejectUpgrade(socket, 404, `There is no WebSocket at ${url.pathname}.`);
      }
    } catch (error) {
      logUnexpectedError(log, { error, where: 'WebSocket upgrade', url: request.url });
      socket.destroy();
    }
  }
}

const badTarget = 'The target of the request is not a URL.';

const urlOfTarget = (target: string): URL => new URL(`http://gateway${target}`);

function listenFailure(
  { code, message }: NodeJS.ErrnoException,
  host: string,
  port: number,
): string {
  return code === 'EADDRINUSE'
    ? `Another process has the port ${port} of ${host}.`
    : `The port ${port} of ${host} cannot be opened: ${message}.`;
}

const urlOf = (scheme: string, { address, port, family }: AddressInfo): string =>
  `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;

/** Node leaves the body out of the answer to HEAD by itself; a stream would go on without anybody hearing it. */
function endAtBody(response: ServerResponse): void {
  response.write = () => {
    if (!response.writableEnded) response.end();
    return true;
  };
  response.flushHeaders = () => void response.write('');
}
