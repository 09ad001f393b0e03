import type { Access, Session } from '../access/access.ts';
import type { OpenIdClient } from '../access/openid-client.ts';
import type { DialectContext, HttpDialect } from '../dialects/dialect.ts';
import type { GraphEngine } from '../graphql/operation.ts';
import type { Certificate } from '../http/certificate.ts';
import { reply } from '../http/reply.ts';
import type { Subscribe } from '../live/subscription.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { answerAbout } from './http/about.ts';
import { accepted } from './http/accept.ts';
import { metadataPath } from './http/challenge.ts';
import { type Console, consoleFilesPath, createConsole } from './http/console.ts';
import {
  answerConsoleSession,
  answerConsoleSignIn,
  consoleSessionPath,
  consoleSignInPath,
} from './http/console-session.ts';
import { DialectGate } from './http/dialect-gate.ts';
import { createGraphqlHandler } from './http/graphql-http.ts';
import { answerHealth, answerReadiness, type Readiness } from './http/health.ts';
import { createHostRules } from './http/hosts.ts';
import { HttpServer, type Route } from './http/http-server.ts';
import { mayMeasure } from './http/metrics-access.ts';
import { createPlayground } from './http/playground.ts';
import { answerProtectedResource } from './http/protected-resource.ts';
import { SseTransport } from './sse/transport.ts';
import { WebSocketTransport } from './websocket/transport.ts';

export interface GatewayServerOptions {
  readonly host: string;
  readonly port: number;
  /** Null for a port without TLS. */
  readonly certificate: Certificate | null;
  /** URLs by which clients reach the gateway. */
  readonly publicUrls: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly maxConnections: number;
  /** Of the body of a request, and of a message over a WebSocket. */
  readonly maxBodyBytes: number;
  readonly maxOperations: number;
  readonly queueBytes: number;
  /** Milliseconds. */
  readonly keepAliveMs: number;
  readonly engine: GraphEngine;
  readonly access: Access;
  /** Null where nobody signs in through an issuer. */
  readonly openId: OpenIdClient | null;
  /** The services for a caller of a dialect. */
  readonly contextOf: (session: Session) => DialectContext;
  readonly subscribe: Subscribe;
  readonly dialects: readonly HttpDialect[];
  readonly readiness: () => Readiness;
  readonly metrics: Metrics;
  /** Null where no traces are exported. */
  readonly tracing: Tracing | null;
  readonly version: string;
  readonly log: Log;
}

/** Everything that the gateway serves on its port. */
export class GatewayServer {
  readonly #dialects: readonly HttpDialect[];
  readonly #sockets: WebSocketTransport;
  readonly #streams: SseTransport;
  readonly #server: HttpServer;

  constructor(options: GatewayServerOptions) {
    this.#dialects = options.dialects;
    this.#sockets = new WebSocketTransport({ ...options, maxMessageBytes: options.maxBodyBytes });
    this.#streams = new SseTransport(options);
    const console = createConsole();
    this.#server = new HttpServer({
      ...options,
      hosts: createHostRules({ ...options, secure: options.certificate !== null }),
      routes: routesOf(options, this.#streams, console),
      folders: { [consoleFilesPath]: console.file },
      dialects: new DialectGate(options),
      upgrades: { '/graphql': this.#sockets.upgrade },
    });
    this.#gauge(options.metrics);
  }

  /** Resolves with the address once connections are taken: http://127.0.0.1:4000. */
  listen(): Promise<string> {
    return this.#server.listen();
  }

  /** Takes nothing more, ends the feeds, and lets operations finish until the timeout. */
  async close(timeoutMs: number): Promise<void> {
    const closed = this.#server.close(timeoutMs);
    await Promise.all([
      this.#sockets[Symbol.asyncDispose](),
      this.#streams[Symbol.asyncDispose](),
      ...this.#dialects.map((dialect) => dialect[Symbol.asyncDispose]?.()),
    ]);
    await closed;
  }

  #gauge(metrics: Metrics): void {
    const transports = { websocket: this.#sockets, sse: this.#streams };
    for (const [name, transport] of Object.entries(transports)) {
      metrics.gauge({
        name: `tidings_${name}_connections`,
        help: `Clients connected by ${name}.`,
        read: () => transport.stats().connections,
      });
      metrics.gauge({
        name: `tidings_${name}_queued_bytes`,
        help: `Bytes that wait to be read by clients connected by ${name}.`,
        read: () => transport.stats().queuedBytes,
      });
      metrics.counter({
        name: `tidings_${name}_slow_consumers_total`,
        help: `Feeds by ${name} that ended because their client read too slowly.`,
        read: () => transport.stats().slowConsumers,
      });
    }
  }
}

function routesOf(
  options: GatewayServerOptions,
  streams: SseTransport,
  console: Console,
): Readonly<Record<string, Route>> {
  const { engine, access, maxBodyBytes, publicUrls, readiness, metrics, version, dialects } =
    options;
  const about = { version, dialects: dialects.map(({ name }) => name) };
  const graphql = createGraphqlHandler({
    engine,
    access,
    maxBodyBytes,
    publicUrls,
    eventStream: streams.serve,
    playground: createPlayground(),
  });
  return {
    '/graphql': graphql,
    '/': (request, response) =>
      accepted(request).html ? console.page(request, response) : answerAbout(response, about),
    [consoleSessionPath]: (request, response) => answerConsoleSession(request, response, options),
    [consoleSignInPath]: (request, response) => answerConsoleSignIn(request, response, options),
    '/healthz': (_request, response) => answerHealth(response),
    '/readyz': (_request, response) => answerReadiness(response, readiness()),
    [metadataPath]: (request, response) => answerProtectedResource(request, response, options),
    '/metrics': async (request, response) => {
      if (!(await mayMeasure(options, request, response))) return;
      reply(response, 200, await metrics.text(), { 'Content-Type': metrics.contentType });
    },
  };
}
