import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Forbidden } from '../../access/principal.ts';
import type { Event } from '../../event/event.ts';
import { InputError } from '../../event/input-error.ts';
import { replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { PageRequest, Position, Store } from '../../store/store.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { eventLine, messageOf, type PbjsonMessage } from './encode.ts';
import { type EventsQuery, parseQuery } from './query.ts';

const eventsPath = '/mayastor/events.ndjson';
const pageLimit = 500;
/** A client that reads nothing for this time is cut off. */
const idleTimeoutMs = 60_000;

/** The history of Mayastor's events, as `kubectl mayastor get events --from-file` reads it. */
export function createMayastorHttp(): HttpDialect {
  return {
    name: 'mayastor',
    async handle(request, response, url, caller) {
      if (url.pathname !== eventsPath) return false;
      const { context } = caller;
      try {
        await answer(request, response, url.searchParams, context);
      } catch (error) {
        fail(response, error, context);
      }
      return true;
    },
    reject(_request, response, { pathname }, { status, message, headers }) {
      if (pathname !== eventsPath) return false;
      replyJson(response, status, { error: message }, headers);
      return true;
    },
  };
}

async function answer(
  { method }: IncomingMessage,
  response: ServerResponse,
  parameters: URLSearchParams,
  context: DialectContext,
): Promise<void> {
  if (method !== 'GET') {
    replyJson(response, 405, { error: 'Use GET.' }, { Allow: 'GET' });
    return;
  }
  const query = parseQuery(parameters, context.now());
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  const store = context.store.for({ signal: ended.signal });
  const span = await newest(store, query);
  if (response.destroyed) return;
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-cache' });
  response.setTimeout(idleTimeoutMs, () => response.destroy());
  const lines = span === null ? [] : linesOf(store, query, span);
  await pipeline(Readable.from(lines), response, { signal: ended.signal });
}

function fail(response: ServerResponse, error: unknown, { log }: DialectContext): void {
  // Cut off within the answer, so that the client does not take it for whole.
  if (response.headersSent) response.destroy();
  const status = statusOf(error);
  if (status === 500 && !response.destroyed) {
    logUnexpectedError(log, { error, where: "Mayastor's events over HTTP" });
  }
  const message = status !== 500 && error instanceof Error ? error.message : 'Internal error.';
  const headers = error instanceof Unavailable ? retryAfter(error) : {};
  replyJson(response, status, { error: message }, headers);
}

function statusOf(error: unknown): number {
  if (error instanceof InputError) return 400;
  if (error instanceof Forbidden) return 403;
  return error instanceof Unavailable ? error.status : 500;
}

/** From the first to the last event of an answer, in order of time. */
interface Span {
  readonly first: Position;
  readonly last: Position;
}

/** The span of the newest events that pass, as many as the limit says; null where there are none. */
async function newest(store: Store, query: EventsQuery): Promise<Span | null> {
  let first: Position | null = null;
  let last: Position | null = null;
  let count = 0;
  for await (const passing of pages(store, query, { order: 'TIME_DESC' })) {
    const within = passing.slice(0, query.limit - count);
    count += within.length;
    last ??= within[0]?.event ?? null;
    first = within.at(-1)?.event ?? first;
    if (count === query.limit) break;
  }
  return first === null || last === null ? null : { first, last };
}

/** A piece of text a page. */
async function* linesOf(
  store: Store,
  { filter, passes }: EventsQuery,
  { first, last }: Span,
): AsyncGenerator<string> {
  const within = { all: [filter, { time: { from: first.time, to: last.time } }] };
  const after = { time: first.time, index: first.index - 1 };
  const asked = { filter: within, passes };
  for await (const passing of pages(store, asked, { order: 'TIME_ASC', after })) {
    const lines = passing
      .filter(({ event }) => !isAfter(event, last))
      .map(({ message }) => `${eventLine(message)}\n`);
    if (lines.length > 0) yield lines.join('');
  }
}

interface Passing {
  readonly event: Event;
  readonly message: PbjsonMessage;
}

/** The events that pass, in the order asked for. */
async function* pages(
  store: Store,
  { filter, passes }: Pick<EventsQuery, 'filter' | 'passes'>,
  from: Pick<PageRequest, 'order' | 'after'>,
): AsyncGenerator<readonly Passing[]> {
  for (let next = from; ; ) {
    const { events, more } = await store.page({ ...next, filter, limit: pageLimit });
    yield events.flatMap((event) => {
      const message = messageOf(event);
      return message !== null && passes(event, message) ? [{ event, message }] : [];
    });
    const after = events.at(-1);
    if (!more || after === undefined) return;
    next = { order: from.order, after };
  }
}

const isAfter = (position: Position, other: Position): boolean =>
  position.time > other.time || (position.time === other.time && position.index > other.index);
