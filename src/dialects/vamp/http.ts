import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { defaultNamespace } from '../../event/event.ts';
import { BodyError, readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { VampApi } from './api.ts';
import { type Call, type Route, routeOf } from './call.ts';
import { type Answer, answer } from './content.ts';
import { EventStream } from './event-stream.ts';
import { defaultVampOptions, type VampOptions } from './options.ts';
import { Socket } from './socket.ts';

/** The time that a WebSocket has to close. */
const closingTimeMs = 1_000;

/**
 * Vamp's events API. The parts of a Vamp event and where Tidings keeps them:
 *
 * | Vamp        | in                                                    | out                                       |
 * |-------------|-------------------------------------------------------|-------------------------------------------|
 * | id          | never given: a UUID is generated                      | id                                        |
 * | version     | trait vamp.version                                    | that trait                                |
 * | tags        | tags, expanded                                        | tags                                      |
 * | value       | value                                                 | value, else message                       |
 * | timestamp   | time; trait vamp.timestamp where time is less exact   | that trait, else time in UTC              |
 * | type        | category                                              | type                                      |
 * | namespace   | namespace (`default` where the path names none)       | only events of the namespace; `*` for all |
 * | tag `{kind}:{name}` of an artifact | key; filter keys where there are several |                                 |
 * | tag `{component}:ERROR`            | severity ERROR        |                                           |
 * | the empty tag, and that of `:x`    | trait vamp.emptyTag   | the empty tag                             |
 * | the event as it was sent           | raw                   |                                           |
 */
export function createVampHttp(
  { log }: DialectContext,
  given: Partial<VampOptions> = {},
): HttpDialect & AsyncDisposable {
  const options: VampOptions = { ...defaultVampOptions, ...given };
  const api = new VampApi(log, options);
  const stream = new EventStream(log, options);
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.maxBodyBytes,
  });

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    call: Omit<Call, 'body' | 'context'>,
    caller: Caller,
  ): Promise<void> {
    try {
      const body = await readBody(request, options.maxBodyBytes);
      const whole: Call = { ...call, body, context: caller.context };
      if (!isStream(call.path)) return send(response, await api.answer(whole));
      const lastEventId = request.headers['last-event-id'];
      await stream.open(
        whole,
        lastEventId === undefined ? undefined : String(lastEventId),
        response,
      );
    } catch (error) {
      if (error instanceof BodyError) return send(response, unreadable(error));
      if (request.complete) send(response, api.fault(error));
    }
  }

  /** Null where the path is not Vamp's. */
  function ownRoute({ pathname }: URL): HttpRoute | null {
    const route = routeOf(pathname);
    if (!route?.path || !(isStream(route.path) || api.knows(route.path))) return null;
    return { path: route.path, namespace: route.namespace };
  }

  return {
    name: 'vamp',

    async handle(request, response, url, caller) {
      const route = ownRoute(url);
      if (route === null) return false;
      await serve(request, response, callOf(request, url, route), caller);
      return true;
    },

    reject({ headers: { accept } }, response, url, { status, message, headers }) {
      if (ownRoute(url) === null) return false;
      send(response, answer(status, { message }, accept, headers));
      return true;
    },

    upgrade(request, socket, head, url, caller) {
      const route = routeOf(url.pathname);
      if (route === null || route.path !== null) return false;
      sockets.handleUpgrade(request, socket, head, (client) => {
        const namespace = route.namespace ?? defaultNamespace;
        new Socket(client, { caller, log, api, options, namespace, origin: originOf(request) });
      });
      return true;
    },

    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(1001);
      await stream[Symbol.asyncDispose]();
      // Clients that do not answer are not waited for.
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, closingTimeMs).unref();
    },
  };
}

interface HttpRoute extends Route {
  readonly path: readonly string[];
}

const isStream = (path: readonly string[]): boolean => path.join('/') === 'events/stream';

function callOf(
  request: IncomingMessage,
  url: URL,
  { path, namespace }: HttpRoute,
): Omit<Call, 'body' | 'context'> {
  return {
    method: request.method ?? 'GET',
    namespace: namespace ?? defaultNamespace,
    path,
    url: new URL(`${url.pathname}${url.search}`, originOf(request)),
    accept: request.headers.accept,
    contentType: request.headers['content-type'],
  };
}

/** The origin that the client called: links point to it. */
function originOf({ headers: { host } }: IncomingMessage): string {
  const origin = `http://${host}`;
  return URL.canParse(origin) ? origin : 'http://localhost';
}

const unreadable = (error: BodyError): Answer =>
  answer(error.status, { message: error.message }, undefined);

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  reply(response, status, body, {
    ...headers,
    'Cache-Control': 'no-store',
    Pragma: 'no-cache',
    'Access-Control-Expose-Headers': 'Link, X-Total-Count',
  });
}
