import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { Forbidden } from '../../access/principal.ts';
import { requireReporter } from '../../access/scope.ts';
import type { EventDraft } from '../../event/draft.ts';
import { BodyError, hasJsonBody, readBody } from '../../http/body.ts';
import { type Headers, reply } from '../../http/reply.ts';
import type { Intake, ReportError } from '../../intake/intake.ts';
import { isForbidden, requireRecorded } from '../../intake/rejected.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import type { CurrentAlarmSettings } from './alarms/alarm-settings.ts';
import { draftsOf, eventsIn } from './event-list.ts';
import { MalformedMessage } from './message.ts';
import { createQueryEndpoint } from './query-endpoint.ts';

const eventsPath = '/v3/events';
const queryPath = '/skywalking/graphql';

export interface SkyWalkingHttpOptions {
  /** Events in one call of the intake. */
  readonly maxBatch: number;
  readonly maxBodyBytes: number;
  readonly alarmSettings: Pick<CurrentAlarmSettings, 'rules'>;
}

/** SkyWalking's events and its query protocol over HTTP. */
export function createSkyWalkingHttp(
  { log }: DialectContext,
  options: SkyWalkingHttpOptions,
): HttpDialect {
  const query = createQueryEndpoint(log, options.alarmSettings);

  const routes: Readonly<Record<string, Route>> = {
    [eventsPath]: (request, caller) => takeEvents(request, caller, options),
    [queryPath]: async (request, caller) => {
      if (!hasJsonBody(request)) return plain(415);
      const document = await readBody(request, options.maxBodyBytes);
      const { status, body } = await query(document, caller.context);
      return json(status, body);
    },
  };

  return {
    name: 'skywalking',
    async handle(request, response, url, caller) {
      const route = routes[url.pathname];
      if (route === undefined) return false;
      const answer =
        request.method === 'POST'
          ? await tried(() => route(request, caller), request, log)
          : plain(405);
      send(response, answer, answer.status === 405 ? { Allow: 'POST' } : {});
      return true;
    },
    reject(_request, response, { pathname }, { status, message, headers }) {
      if (routes[pathname] === undefined) return false;
      // A browser asks for a name and a password then: the user interface has no place for a token.
      const { 'WWW-Authenticate': challenge } = headers;
      const both = challenge && { 'WWW-Authenticate': `${challenge}, Basic realm="tidings"` };
      const isQuery = pathname === queryPath;
      send(response, isQuery ? json(status, { errors: [{ message }] }) : plain(status, message), {
        ...headers,
        ...both,
      });
      return true;
    },
  };
}

type Route = (request: IncomingMessage, caller: Caller) => Promise<Answer>;

function send(response: ServerResponse, answer: Answer, headers: Headers): void {
  const { status, type, body } = answer;
  reply(response, status, body, { ...headers, ...answer.headers, 'Content-Type': type });
}

/** A complete answer. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers?: Headers;
  readonly body: string;
}

const json = (status: number, body: object): Answer => ({
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(body),
});

/** An answer without content in the words of SkyWalking's server, with a message of ours where there is one. */
function plain(status: number, message?: string): Answer {
  const lines = [`Status: ${status}`, `Description: ${STATUS_CODES[status]}`];
  if (message !== undefined) lines.push(`Message: ${message}`);
  return { status, type: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` };
}

/**
 * Takes an array of events, in order. As in SkyWalking, an event without a layer is rejected after the events before
 * it were recorded.
 */
async function takeEvents(
  request: IncomingMessage,
  caller: Caller,
  { maxBatch, maxBodyBytes }: SkyWalkingHttpOptions,
): Promise<Answer> {
  requireReporter(caller.context.scope);
  if (!hasJsonBody(request)) return plain(400);
  const body = await readBody(request, maxBodyBytes);
  if (body.trim() === '') return plain(400);
  const events = eventsIn(body);
  if (events === null) return plain(400);
  const unlayered = events.findIndex(({ event }) => event.layer === '');
  const taken = unlayered === -1 ? events : events.slice(0, unlayered);
  const { intake, now } = caller.context;
  const rejection = await report(draftsOf(taken, now()), intake, maxBatch);
  if (rejection !== undefined) return rejection;
  if (unlayered !== -1) return plain(400);
  return { status: 200, type: 'application/protobuf', body: '' };
}

/** The answer where an event is outside our limits or the caller's rights; the others are recorded. */
async function report(
  drafts: readonly EventDraft[],
  intake: Intake,
  maxBatch: number,
): Promise<Answer | undefined> {
  let rejection: Answer | undefined;
  for (let first = 0; first < drafts.length; first += maxBatch) {
    // The client sends the whole body again: under their uuids, events of earlier calls are duplicates then.
    const results = requireRecorded(
      await intake.report(drafts.slice(first, first + maxBatch), 'ACCEPTED'),
    );
    for (const [at, result] of results.entries()) {
      if (result.status !== 'REJECTED') continue;
      rejection ??= plain(
        isForbidden(result) ? 403 : 400,
        [`event ${first + at}`, ...reasonOf(result.errors)].join(': '),
      );
    }
  }
  return rejection;
}

function reasonOf([error]: readonly ReportError[]): string[] {
  if (error === undefined) return [];
  return error.path.length === 0 ? [error.message] : [error.path.join('.'), error.message];
}

/** The answer of a route, or to its error: SkyWalking answers 500 to a body that is not JSON. */
async function tried(
  route: () => Promise<Answer>,
  request: IncomingMessage,
  log: Log,
): Promise<Answer> {
  try {
    return await route();
  } catch (error) {
    const answer = faultOf(error);
    if (answer !== null) return answer;
    if (request.complete) {
      logUnexpectedError(log, { error, where: "SkyWalking's HTTP interface" });
    }
    return plain(500);
  }
}

/** Null for an unexpected error. */
function faultOf(error: unknown): Answer | null {
  if (error instanceof BodyError) return plain(error.status);
  if (error instanceof Forbidden) return plain(403, error.message);
  if (error instanceof Unavailable) {
    return { ...plain(error.status, error.message), headers: retryAfter(error) };
  }
  if (error instanceof SyntaxError) return plain(500, 'The body is not JSON.');
  return error instanceof MalformedMessage ? plain(error.status, error.message) : null;
}
