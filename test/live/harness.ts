import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Event, Report } from '../../src/event/event.ts';
import { now } from '../../src/event/instant.ts';
import { schema } from '../../src/gateway/schema.ts';
import type { GraphContext } from '../../src/graphql/context.ts';
import { createPrepareDocument } from '../../src/graphql/document.ts';
import { createExecution } from '../../src/graphql/execution.ts';
import type { GraphEngine } from '../../src/graphql/operation.ts';
import { createPublicError } from '../../src/graphql/public-error.ts';
import { createCoercion } from '../../src/graphql/variables.ts';
import { createIntake } from '../../src/intake/accept.ts';
import { EmbeddedJournal } from '../../src/journal/embedded.ts';
import type { Appended, Journal } from '../../src/journal/journal.ts';
import { Live, type LiveLimits } from '../../src/live/live.ts';
import { createGraphqlHandler } from '../../src/server/http/graphql-http.ts';
import { SseTransport } from '../../src/server/sse/transport.ts';
import { WebSocketTransport } from '../../src/server/websocket/transport.ts';
import { type OpenStore, openStore } from '../../src/store/open.ts';
import { createLog, type Log } from '../../src/telemetry/log.ts';
import { everybody } from '../access/everybody.ts';
import { type TemporaryDatabase, temporaryDatabase, temporaryPglite } from '../database.ts';
import { report } from '../journal/report.ts';

interface HarnessOptions {
  readonly limits?: Partial<LiveLimits>;
  readonly maxConnections?: number;
  readonly maxOperations?: number;
  readonly queueBytes?: number;
  readonly keepAliveMs?: number;
  readonly graceMs?: number;
  readonly log?: Log;
}

/** A store, a journal, live feeds and an HTTP server, as a gateway has them. */
export interface Harness extends AsyncDisposable {
  readonly store: OpenStore;
  readonly journal: Journal;
  readonly live: Live;
  readonly engine: GraphEngine;
  readonly sockets: WebSocketTransport;
  readonly streams: SseTransport;
  /** http://127.0.0.1:port/graphql */
  readonly url: string;
  /** ws://127.0.0.1:port/graphql */
  readonly socketUrl: string;
  /** Appends reports with the given fields; the others are empty. */
  report(...said: Partial<Report>[]): Promise<Appended[]>;
  /** All stored events, in index order. */
  stored(): Promise<readonly Event[]>;
}

/** One database and one port for several harnesses in turn, as for a gateway that is restarted. */
export interface Harnesses extends AsyncDisposable {
  open(options?: HarnessOptions): Promise<Harness>;
}

const log = createLog('silent');

/** These harnesses have none. */
const withoutSinks = {} as GraphContext['sinks'];
const withoutAlarms = {} as GraphContext['alarms'];

/** @param embedded on PGlite, which leaves no idle connections of a pool behind */
export async function openHarnesses({ embedded = false } = {}): Promise<Harnesses> {
  const database = await (embedded ? temporaryPglite() : temporaryDatabase());
  let port = 0;
  return {
    async open(options = {}) {
      const harness = await openHarness(database, port, options);
      port = Number(new URL(harness.url).port);
      return harness;
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

async function openHarness(
  database: TemporaryDatabase,
  port: number,
  options: HarnessOptions,
): Promise<Harness> {
  const { limits = {}, log: said = log } = options;
  const { databaseUrl, dataDirectory } = database;
  const store = await openStore({ databaseUrl, dataDirectory, exclusive: true, log: said });
  const journal = await EmbeddedJournal.open(store);
  const live = new Live({ journal, store, log: said, limits });
  const { openFeed } = live;
  const intake = createIntake({ journal, store });
  const engine: GraphEngine = {
    schema,
    coerced: createCoercion(schema),
    execute: createExecution(schema),
    prepare: createPrepareDocument(schema, { maxDepth: 12, maxAliases: 30, maxTokens: 2_000 }),
    publicError: createPublicError(said),
    context: ({ session }) => ({
      intake,
      store,
      journal,
      openFeed,
      access: everybody,
      session,
      dialects: {},
      sinks: withoutSinks,
      alarms: withoutAlarms,
      maxFilterDepth: 8,
      now: now(),
    }),
  };
  const context = {
    engine,
    access: everybody,
    subscribe: live.subscribe,
    maxConnections: options.maxConnections ?? 20_000,
    maxOperations: options.maxOperations ?? 100,
    maxMessageBytes: 2 ** 20,
    queueBytes: options.queueBytes ?? 2 ** 20,
    keepAliveMs: options.keepAliveMs ?? 12_000,
    graceMs: options.graceMs ?? 10_000,
    log: said,
  };
  const sockets = new WebSocketTransport(context);
  const streams = new SseTransport(context);
  const server = createServer();
  const answer = createGraphqlHandler({
    engine,
    access: everybody,
    maxBodyBytes: 2 ** 20,
    eventStream: streams.serve,
    playground: async (_request, response) => {
      response.end();
    },
  });
  server.on('request', (request, response) => {
    void answer(request, response, new URL(request.url ?? '/', 'http://gateway'));
  });
  server.on('upgrade', (request, socket, head) => void sockets.upgrade(request, socket, head));
  const address = await listen(server, port);
  return {
    store,
    journal,
    live,
    engine,
    sockets,
    streams,
    url: `http://${address}/graphql`,
    socketUrl: `ws://${address}/graphql`,
    report: (...said) => journal.append(said.map(report)),
    stored: () => store.after(0, 1_000_000),
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]();
      await streams[Symbol.asyncDispose]();
      live[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await journal[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
