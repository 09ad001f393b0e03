import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { EventDraft } from '../../event/draft.ts';
import { BodyError, hasJsonBody, readBody } from '../../http/body.ts';
import { reply } from '../../http/reply.ts';
import type { Intake } from '../../intake/intake.ts';
import { requireRecorded } from '../../intake/rejected.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { draftsOf, eventsIn } from './event-list.ts';
import { MalformedMessage } from './message.ts';
import { createQueryEndpoint } from './query-endpoint.ts';

const eventsPath = '/v3/events';
const queryPath = '/skywalking/graphql';

export interface SkyWalkingHttpOptions {
  /** Events in one call of the intake. */
  readonly maxBatch: number;
  readonly maxBodyBytes: number;
}

/** SkyWalking's events and its query protocol over HTTP. */
export function createSkyWalkingHttp(
  context: DialectContext,
  options: SkyWalkingHttpOptions,
): HttpDialect {
  const query = createQueryEndpoint(context);

  const routes: Readonly<Record<string, (request: IncomingMessage) => Promise<Answer>>> = {
    [eventsPath]: (request) => takeEvents(request, context, options),
    [queryPath]: async (request) => {
      if (!hasJsonBody(request)) return plain(415);
      const { status, body } = await query(await readBody(request, options.maxBodyBytes));
      return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
    },
  };

  return {
    name: 'skywalking',
    async handle(request, response, url) {
      const route = routes[url.pathname];
      if (route === undefined) return false;
      const answer = request.method === 'POST' ? await tried(route, request, context) : plain(405);
      reply(response, answer.status, answer.body, {
        'Content-Type': answer.type,
        ...(answer.status === 405 ? { Allow: 'POST' } : {}),
      });
      return true;
    },
  };
}

/** A complete answer. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

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
  { intake, now }: DialectContext,
  { maxBatch, maxBodyBytes }: SkyWalkingHttpOptions,
): Promise<Answer> {
  if (!hasJsonBody(request)) return plain(400);
  const body = await readBody(request, maxBodyBytes);
  if (body.trim() === '') return plain(400);
  const events = eventsIn(body);
  if (events === null) return plain(400);
  const unlayered = events.findIndex(({ event }) => event.layer === '');
  const taken = unlayered === -1 ? events : events.slice(0, unlayered);
  const rejection = await report(draftsOf(taken, now()), intake, maxBatch);
  if (rejection !== undefined) return plain(400, rejection);
  if (unlayered !== -1) return plain(400);
  return { status: 200, type: 'application/protobuf', body: '' };
}

/** The reason why the first event outside our limits is rejected; the others are recorded. */
async function report(
  drafts: readonly EventDraft[],
  intake: Intake,
  maxBatch: number,
): Promise<string | undefined> {
  let rejection: string | undefined;
  for (let first = 0; first < drafts.length; first += maxBatch) {
    // The client sends the whole body again: under their uuids, events of earlier calls are duplicates then.
    const results = requireRecorded(
      await intake.report(drafts.slice(first, first + maxBatch), 'ACCEPTED'),
    );
    for (const [at, result] of results.entries()) {
      if (result.status !== 'REJECTED') continue;
      const [error] = result.errors;
      rejection ??= `event ${first + at}: ${error?.path.join('.')}: ${error?.message}`;
    }
  }
  return rejection;
}

/** The answer of a route, or to its error: SkyWalking answers 500 to a body that is not JSON. */
async function tried(
  route: (request: IncomingMessage) => Promise<Answer>,
  request: IncomingMessage,
  { log }: DialectContext,
): Promise<Answer> {
  try {
    return await route(request);
  } catch (error) {
    if (error instanceof BodyError) return plain(error.status);
    if (error instanceof Unavailable) return plain(503, error.message);
    if (error instanceof SyntaxError) return plain(500, 'The body is not JSON.');
    if (error instanceof MalformedMessage) return plain(error.status, error.message);
    if (request.complete) {
      log.error({ error, where: "SkyWalking's HTTP interface" }, 'Unexpected error.');
    }
    return plain(500);
  }
}
