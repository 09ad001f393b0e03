import type { IncomingMessage, ServerResponse } from 'node:http';
import { Forbidden } from '../../access/principal.ts';
import { InputError } from '../../event/input-error.ts';
import { stringifyJson } from '../../event/json.ts';
import { BodyError } from '../../http/body.ts';
import { type Headers, reply } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { CloudEventError } from './cloud-event.ts';
import { type Answer, type ReceiveOptions, receive } from './receive.ts';
import { EventStream, NotAcceptable, StreamGone } from './stream.ts';

const receivePath = '/cloudevents';
const streamPath = '/cloudevents/stream';
/** Targets of sinks consent by a request to it, with the token that they were given after it. */
const consentPath = '/cloudevents/consent/';

export interface CloudEventsHttpOptions extends ReceiveOptions {
  /** Senders that may deliver, as their OPTIONS names them; `*` is every one. */
  readonly allowedOrigins: readonly string[];
  readonly heartbeatEveryMs?: number;
}

/** CloudEvents over HTTP: events in, one or many a request, and the journal's events out as a stream. */
export function createCloudEventsHttp(
  { log, sinks }: DialectContext,
  options: CloudEventsHttpOptions,
): HttpDialect & AsyncDisposable {
  const stream = new EventStream(log, options);

  async function post(
    request: IncomingMessage,
    response: ServerResponse,
    { searchParams }: URL,
    caller: Caller,
  ): Promise<void> {
    const { method } = request;
    if (method === 'OPTIONS') return reply(response, 200, '', consent(request, options));
    if (method !== 'POST') return methodNotAllowed(response, 'POST, OPTIONS');
    send(response, await receive(request, searchParams, caller, options));
  }

  const get: typeof post = async (request, response, { searchParams }, caller) => {
    if (request.method !== 'GET') return methodNotAllowed(response, 'GET');
    await stream.open(request, response, searchParams, caller.context);
  };

  /** By GET or POST; whoever knows the token is the target that was asked. */
  const consentByToken: typeof post = async (request, response, { pathname }) => {
    if (request.method !== 'GET' && request.method !== 'POST') {
      return methodNotAllowed(response, 'GET, POST');
    }
    const rate = request.headers['webhook-allowed-rate'];
    const token = pathname.slice(consentPath.length);
    const isKnown = await sinks.consents.grant(token, rate === undefined ? rate : String(rate));
    if (!isKnown) return send(response, fault(404, 'No sink waits for this consent.').answer);
    reply(response, 204, '', {});
  };

  const routes: Readonly<Record<string, typeof post>> = { [receivePath]: post, [streamPath]: get };
  const routeOf = ({ pathname }: URL) =>
    pathname.startsWith(consentPath) ? consentByToken : routes[pathname];
  sinks.consents.answeredAt(consentPath);

  return {
    name: 'cloudevents',
    async handle(request, response, url, caller) {
      const route = routeOf(url);
      if (route === undefined) return false;
      try {
        await route(request, response, url, caller);
      } catch (error) {
        const { answer, headers } = faultOf(error, request, log);
        send(response, answer, headers);
      }
      return true;
    },
    reject(_request, response, url, { status, message, headers }) {
      if (routeOf(url) === undefined) return false;
      send(response, fault(status, message).answer, headers);
      return true;
    },
    async [Symbol.asyncDispose]() {
      await stream[Symbol.asyncDispose]();
    },
  };
}

/** The webhook specification's answer: consent is in the headers alone, and so is its absence. */
function consent(
  { headers }: IncomingMessage,
  { allowedOrigins }: CloudEventsHttpOptions,
): Headers {
  const allow: Headers = { Allow: 'POST, OPTIONS' };
  const origin = headers['webhook-request-origin'];
  if (typeof origin !== 'string' || origin === '') return allow;
  const allowed = allowedOrigins.some(
    (each) => each === '*' || each.toLowerCase() === origin.toLowerCase(),
  );
  if (!allowed) return allow;
  return { ...allow, 'WebHook-Allowed-Origin': origin, 'WebHook-Allowed-Rate': '*' };
}

function send(response: ServerResponse, { status, body }: Answer, headers: Headers = {}): void {
  reply(response, status, body === null ? '' : stringifyJson(body), {
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
    ...headers,
    ...(body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
  });
}

const methodNotAllowed = (response: ServerResponse, Allow: string): void =>
  send(response, fault(405, 'The method is not one of this address.').answer, { Allow });

interface Fault {
  readonly answer: Answer;
  readonly headers: Headers;
}

const fault = (status: number, error: string, headers: Headers = {}): Fault => ({
  answer: { status, body: { error } },
  headers,
});

function faultOf(error: unknown, request: IncomingMessage, log: Log): Fault {
  if (error instanceof CloudEventError) return fault(error.status, error.message);
  if (error instanceof NotAcceptable) return fault(406, error.message);
  if (error instanceof InputError) return fault(400, error.message);
  if (error instanceof BodyError) return fault(error.status, error.message);
  if (error instanceof Forbidden) return fault(403, error.message);
  if (error instanceof Unavailable) {
    return fault(error.status, error.message, retryAfter(error));
  }
  if (error instanceof StreamGone) {
    const { message, firstIndex } = error;
    const headers = firstIndex === null ? {} : { 'X-Tidings-First-Index': String(firstIndex) };
    return fault(410, message, headers);
  }
  if (request.complete) logUnexpectedError(log, { error, where: 'CloudEvents over HTTP' });
  return fault(500, 'Internal error.');
}
