import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Event } from '../../event/event.ts';
import { InputError } from '../../event/input-error.ts';
import { formatStreamEventId, parseStreamEventId } from '../../live/stream-event-id.ts';
import type { Log } from '../../telemetry/log.ts';
import type { DialectContext } from '../dialect.ts';
import { type FeedFormat, FeedResponses } from '../feed-response.ts';
import { inOneLine } from '../line.ts';
import { resumeFrom } from '../resume.ts';
import { structuredText } from './encode.ts';
import { filterOfQuery } from './stream-query.ts';

const heartbeatEveryMs = 30_000;

/** A stream that cannot begin where the client wants to go on; the message says why. */
export class StreamGone extends Error {
  override readonly name = 'StreamGone';
  /** The oldest index to resume from; null where the index belongs to another journal. */
  readonly firstIndex: number | null;

  constructor(message: string, firstIndex: number | null) {
    super(message);
    this.firstIndex = firstIndex;
  }
}

type MediaType = 'application/x-ndjson' | 'text/event-stream';

/** Events in JSON format as they are recorded: a line each, or server-sent events. */
export class EventStream implements AsyncDisposable {
  readonly #responses: FeedResponses;
  readonly #heartbeatEveryMs: number;

  constructor(log: Log, options: { readonly heartbeatEveryMs?: number }) {
    this.#responses = new FeedResponses(log);
    this.#heartbeatEveryMs = options.heartbeatEveryMs ?? heartbeatEveryMs;
  }

  /** @throws InputError, StreamGone, Forbidden, Unavailable before anything is written */
  async open(
    { headers }: IncomingMessage,
    response: ServerResponse,
    parameters: URLSearchParams,
    context: DialectContext,
  ): Promise<void> {
    const type = acceptedType(headers.accept);
    if (type === null) throw new NotAcceptable();
    const filter = filterOfQuery(parameters, context.now());
    const lastEventId = type === 'text/event-stream' ? headers['last-event-id'] : undefined;
    const after = lastEventId === undefined ? parameters.get('after') : String(lastEventId);
    const { id: journalId } = context.journal;
    const afterIndex = after ? await indexAfter(after, context) : null;
    if (response.destroyed) return;
    this.#responses.begin(response, context, {
      request: { filter, afterIndex, journalId },
      headers: { 'Content-Type': type, 'Cache-Control': 'no-cache' },
      format: type === 'text/event-stream' ? this.#frames(journalId) : this.#lines(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#responses[Symbol.asyncDispose]();
  }

  #lines(): FeedFormat {
    return {
      name: 'lines',
      frame: (event) => `${inOneLine(structuredText(event))}\n`,
      opening: '',
      heartbeat: '\n',
      heartbeatEveryMs: this.#heartbeatEveryMs,
      onlyWhenIdle: true,
    };
  }

  #frames(journalId: string): FeedFormat {
    return {
      name: 'server-sent events',
      frame: (event: Event) =>
        `id: ${formatStreamEventId(journalId, event.index)}\ndata: ${inOneLine(structuredText(event))}\n\n`,
      opening: ':\n\n',
      heartbeat: ':\n\n',
      heartbeatEveryMs: this.#heartbeatEveryMs,
      onlyWhenIdle: true,
    };
  }
}

/** Of an index, the `sequence` of an event, or the id of a server-sent event, which also names the journal. */
async function indexAfter(after: string, context: DialectContext): Promise<number> {
  const id = parseStreamEventId(after);
  if (id !== null && id.journalId !== null && id.journalId !== context.journal.id) {
    throw new StreamGone('after belongs to another journal: begin without it.', null);
  }
  const index = id === null ? after : String(id.index);
  const place = await resumeFrom(index, context);
  if (place.gone === null) return place.afterIndex;
  throw new StreamGone(
    `Events after index ${index} are gone: ${place.gone} is the oldest index to resume from.`,
    place.gone,
  );
}

/** A client that takes neither form of the stream. */
export class NotAcceptable extends InputError {
  constructor() {
    super(['Accept'], 'The stream is application/x-ndjson or text/event-stream.');
  }
}

/** The first of our types that the client names; lines where it takes anything. */
function acceptedType(accept = '*/*'): MediaType | null {
  for (const part of accept.split(',')) {
    const type = part.split(';', 1)[0]?.trim().toLowerCase();
    if (type === 'text/event-stream') return type;
    if (type === 'application/x-ndjson' || type === 'application/*' || type === '*/*') {
      return 'application/x-ndjson';
    }
  }
  return null;
}
