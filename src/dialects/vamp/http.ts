import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketServer } from 'ws';
import { defaultNamespace } from '../../event/event.ts';
import { BodyError, readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { VampApi } from './api.ts';
import { type Call, type Place, placeOf } from './call.ts';
import { type Answer, answer } from './content.ts';
import { EventStream } from './event-stream.ts';
import { defaultVampOptions, type VampOptions } from './options.ts';
import { Socket } from './socket.ts';

/** How long a WebSocket is given to close. */
const closingTimeMs = 1_000;

/**
 * Vamp's events API. How a Vamp event and an event of ours are one:
 *
 * | Vamp        | in                                                    | out                                       |
 * |-------------|-------------------------------------------------------|-------------------------------------------|
 * | id          | never given: a UUID is made                           | id                                        |
 * | version     | trait vamp.version                                    | that trait                                |
 * | tags        | tags, expanded                                        | tags                                      |
 * | value       | value                                                 | value, else message                       |
 * | timestamp   | time; trait vamp.timestamp where that would lose some | that trait, else time in UTC              |
 * | type        | category                                              | type                                      |
 * | namespace   | namespace (`default` where the path names none)       | only events of the namespace; `*` for all |
 * | tag `{kind}:{name}` of an artifact | key; filter keys where there are several |                                 |
 * | tag `{component}:ERROR`            | severity ERROR        |                                           |
 * | the empty tag, and that of `:x`    | trait vamp.emptyTag   | the empty tag                             |
 * | the event as it came               | raw                   |                                           |
 */
export function createVampHttp(
  context: DialectContext,
  given: Partial<VampOptions> = {},
): HttpDialect & AsyncDisposable {
  const options: VampOptions = { ...defaultVampOptions, ...given };
  const api = new VampApi(context, options);
  const stream = new EventStream(context, options);
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: options.maxBodyBytes,
  });

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    call: Omit<Call, 'body'>,
  ): Promise<void> {
    try {
      const whole: Call = { ...call, body: await readBody(request, options.maxBodyBytes) };
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

  return {
    name: 'vamp',

    async handle(request, response, url) {
      const place = placeOf(url.pathname);
      if (!place?.path || !(isStream(place.path) || api.knows(place.path))) return false;
      await serve(request, response, callOf(request, url, place.path, place));
      return true;
    },

    upgrade(request, socket, head, url) {
      const place = placeOf(url.pathname);
      if (place === null || place.path !== null) return false;
      sockets.handleUpgrade(request, socket, head, (client) => {
        const namespace = place.namespace ?? defaultNamespace;
        new Socket(client, { context, api, options, namespace, origin: originOf(request) });
      });
      return true;
    },

    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.close(1001);
      await stream[Symbol.asyncDispose]();
      // Those that do not answer are not waited for.
      setTimeout(() => {
        for (const client of sockets.clients) client.terminate();
      }, closingTimeMs).unref();
    },
  };
}

const isStream = (path: readonly string[]): boolean => path.join('/') === 'events/stream';

function callOf(
  request: IncomingMessage,
  url: URL,
  path: readonly string[],
  { namespace }: Place,
): Omit<Call, 'body'> {
  return {
    method: request.method ?? 'GET',
    namespace: namespace ?? defaultNamespace,
    path,
    url: new URL(`${url.pathname}${url.search}`, originOf(request)),
    accept: request.headers.accept,
    contentType: request.headers['content-type'],
  };
}

/** Where the client called: links lead back there. */
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
