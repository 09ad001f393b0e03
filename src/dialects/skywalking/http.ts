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
  /** How many events are reported in one call of the intake. */
  readonly maxBatch: number;
  readonly maxBodyBytes: number;
}

/** SkyWalking's way in and its query protocol over HTTP. */
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

/** A whole answer. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** An answer without content, as SkyWalking's server words it; `said` is added where we have more to say than it has. */
function plain(status: number, said?: string): Answer {
  const lines = [`Status: ${status}`, `Description: ${STATUS_CODES[status]}`];
  if (said !== undefined) lines.push(`Message: ${said}`);
  return { status, type: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` };
}

/**
 * Takes an array of events, in order. One without a layer is refused as SkyWalking refuses it, which has
 * recorded by then what stands before it in the array.
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
  const refusal = await report(draftsOf(taken, now()), intake, maxBatch);
  if (refusal !== undefined) return plain(400, refusal);
  if (unlayered !== -1) return plain(400);
  return { status: 200, type: 'application/protobuf', body: '' };
}

/** Why the first event that is outside our limits is refused; the others are recorded. */
async function report(
  drafts: readonly EventDraft[],
  intake: Intake,
  atOnce: number,
): Promise<string | undefined> {
  let refusal: string | undefined;
  for (let first = 0; first < drafts.length; first += atOnce) {
    // The client sends the whole body again: under their uuids, events of earlier calls are duplicates then.
    const results = requireRecorded(
      await intake.report(drafts.slice(first, first + atOnce), 'ACCEPTED'),
    );
    for (const [at, result] of results.entries()) {
      if (result.status !== 'REJECTED') continue;
      const [error] = result.errors;
      refusal ??= `event ${first + at}: ${error?.path.join('.')}: ${error?.message}`;
    }
  }
  return refusal;
}

/** The answer of a route, or what its failure is answered with: upstream answers unreadable JSON with 500. */
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
