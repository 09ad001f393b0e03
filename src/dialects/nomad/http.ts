import type { IncomingMessage, ServerResponse } from 'node:http';
import { Forbidden } from '../../access/principal.ts';
import { InputError } from '../../event/input-error.ts';
import { BodyAborted, BodyError } from '../../http/body.ts';
import { reply, replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { type FeedFormat, FeedResponses } from '../feed-response.ts';
import { resumeFrom } from '../resume.ts';
import { eventLine } from './encode.ts';
import { answerSinks, isSinkPath } from './event-sinks.ts';
import { NomadError, permissionDenied } from './nomad-error.ts';
import { ownToken } from './own-token.ts';
import { mayFollow } from './rights.ts';
import { readStreamQuery } from './stream-query.ts';

const streamPath = '/v1/event/stream';
const ownTokenPath = '/v1/acl/token/self';

/** Nomad's own. */
const heartbeatEveryMs = 30_000;

/**
 * Nomad's event stream, out and in (source.ts follows a cluster's). How a Nomad event and an event of ours are one:
 *
 * | Nomad      | in                                              | out                                       |
 * |------------|-------------------------------------------------|-------------------------------------------|
 * | Topic      | category                                        | category                                  |
 * | Type       | action                                          | action, empty where there is none         |
 * | Key        | key                                             | key, empty where there is none            |
 * | FilterKeys | filterKeys                                      | filterKeys, null where there are none     |
 * | Namespace  | namespace; none: `default` and trait nomad.scope | namespace; empty with that trait          |
 * | Index      | trait nomad.index                               | index: ours, not the cluster's            |
 * | Payload    | value                                           | value where it is an object, null where there is none, else {Value}; {Value, Message} with a message |
 * | ModifyTime in the payload  | time, else that of its arrival  |                                           |
 * | Status failed, lost, down  | severity ERROR                  |                                           |
 * | NodeName, ServiceName      | source.node, source.service     |                                           |
 * | the event as it came       | raw                             |                                           |
 */
export function createNomadHttp(
  gateway: DialectContext,
  options: { readonly heartbeatEveryMs?: number } = {},
): HttpDialect & AsyncDisposable {
  const responses = new FeedResponses(gateway.log);
  const format: FeedFormat = {
    name: 'lines',
    frame: eventLine,
    opening: '{}\n',
    heartbeat: '{}\n',
    heartbeatEveryMs: options.heartbeatEveryMs ?? heartbeatEveryMs,
    onlyWhenIdle: false,
  };
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache' };

  async function stream(
    response: ServerResponse,
    { searchParams: parameters }: URL,
    { context }: Caller,
  ): Promise<void> {
    const { filter, index, ...asked } = readStreamQuery(
      parameters,
      !context.scope.hidden.has('TRAITS'),
    );
    if (!(await mayFollow(asked, context.scope, gateway.store))) throw permissionDenied();
    const after = parameters.get('after');
    const afterIndex = await (after === null
      ? closestTo(index, context)
      : resumeAfter(after, context));
    if (response.destroyed) return;
    responses.begin(response, context, { request: { filter, afterIndex }, headers, format });
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    caller: Caller,
  ): Promise<void> {
    if (isSinkPath(url.pathname)) return await answerSinks(request, response, url, caller);
    if (request.method !== 'GET') throw new NomadError(405, 'Invalid method');
    if (url.pathname === streamPath) return await stream(response, url, caller);
    const token = ownToken(request.headers, caller.principal, caller.context.scope);
    replyJson(response, 200, token, { 'Cache-Control': 'no-store' });
  }

  return {
    name: 'nomad',
    async handle(request, response, url, caller) {
      if (!isOurs(url)) return false;
      try {
        await answer(request, response, url, caller);
      } catch (error) {
        if (error instanceof BodyAborted) throw error;
        fail(response, faultOf(error, gateway));
      }
      return true;
    },
    reject(_request, response, url) {
      if (!isOurs(url)) return false;
      fail(response, permissionDenied());
      return true;
    },
    async [Symbol.asyncDispose]() {
      await responses[Symbol.asyncDispose]();
    },
  };
}

const isOurs = ({ pathname }: URL): boolean =>
  pathname === streamPath || pathname === ownTokenPath || isSinkPath(pathname);

function fail(response: ServerResponse, { status, message, headers }: NomadError): void {
  reply(response, status, message, { ...headers, 'Content-Type': 'text/plain' });
}

/**
 * Where a stream begins that asks for an index, as Nomad has it: the index itself is delivered again. One
 * that is older than what is kept begins with the oldest, one that nothing has reached yet with the newest.
 */
async function closestTo(index: number, { store }: DialectContext): Promise<number> {
  if (index === 0) return 0;
  const { events } = await store.page({ filter: {}, order: 'INDEX_DESC', limit: 1 });
  const newest = events[0]?.index ?? 0;
  const firstIndex = (await store.firstIndex()) ?? 0;
  const afterIndex = Math.min(index, newest) - 1;
  return afterIndex < firstIndex ? 0 : afterIndex;
}

/** Ours: exclusive, and never a silent gap. @throws NomadError 410 where events after the index are gone */
async function resumeAfter(after: string, context: DialectContext): Promise<number> {
  const place = await resumeFrom(after, context);
  if (place.gone === null) return place.afterIndex;
  throw new NomadError(
    410,
    `Events after index ${after} are gone; ${place.gone} is the oldest index to resume from`,
    { 'X-Tidings-First-Index': String(place.gone) },
  );
}

function faultOf(error: unknown, { log }: DialectContext): NomadError {
  if (error instanceof NomadError) return error;
  if (error instanceof Forbidden) return permissionDenied();
  if (error instanceof InputError) return new NomadError(400, error.message);
  if (error instanceof BodyError) {
    // The rest of the body may still be on its way.
    return new NomadError(error.status, error.message, { Connection: 'close' });
  }
  if (error instanceof Unavailable) {
    return new NomadError(error.status, error.message, retryAfter(error));
  }
  logUnexpectedError(log, { error, where: "Nomad's event stream over HTTP" });
  return new NomadError(500, 'Internal error');
}
