import type { ServerResponse } from 'node:http';
import type { Event } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import { formatStreamEventId, parseStreamEventId } from '../../live/stream-event-id.ts';
import type { Log } from '../../telemetry/log.ts';
import type { DialectContext } from '../dialect.ts';
import { type FeedFormat, FeedResponses } from '../feed-response.ts';
import { inOneLine } from '../line.ts';
import { resumeFrom } from '../resume.ts';
import type { Call } from './call.ts';
import { streamedText } from './encode.ts';
import type { VampOptions } from './options.ts';
import { filterOf } from './query-filter.ts';
import { readQuery } from './query-reader.ts';
import { VampError } from './vamp-error.ts';

/** Vamp's frame: data before event, no space after the colons, no id. */
const frame = (event: Event): string =>
  `data:${inOneLine(streamedText(event))}\nevent:${inOneLine(event.type)}\n\n`;
/** With the id to resume from, for clients that asked for it. */
const resumableFrame = (event: Event, journalId: string): string =>
  `id:${formatStreamEventId(journalId, event.index)}\n${frame(event)}`;

/** A stream uses the tags and the type of a query, and ignores the rest. @throws VampError */
export function streamFilter(call: Call, options: VampOptions): Filter {
  return filterOf(readQuery(call.body, call.url.searchParams, options), call.namespace);
}

/** GET /events/stream: server-sent events from now on, or after the index `after`. */
export class EventStream implements AsyncDisposable {
  readonly #options: VampOptions;
  readonly #responses: FeedResponses;

  constructor(log: Log, options: VampOptions) {
    this.#options = options;
    this.#responses = new FeedResponses(log);
  }

  /**
   * Begins to answer. With `after`, frames carry their index as id, so that a browser that reconnects goes on after
   * the last one. Vamp itself has neither.
   * @throws VampError, InputError, Forbidden, Unavailable before anything is written
   */
  async open(call: Call, lastEventId: string | undefined, response: ServerResponse): Promise<void> {
    if (call.method !== 'GET') {
      throw new VampError('HTTP method not allowed, supported methods: GET', 405);
    }
    const { context } = call;
    const filter = streamFilter(call, this.#options);
    const after = call.url.searchParams.get('after');
    const afterIndex = after === null ? null : await indexAfter(lastEventId ?? after, context);
    if (response.destroyed) return;
    this.#responses.begin(response, context, {
      request: { filter, afterIndex },
      headers: {
        'Content-Type': 'text/event-stream',
        'Cache-Control': 'no-store',
        Pragma: 'no-cache',
      },
      format: this.#format(after === null ? null : context.journal.id),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#responses[Symbol.asyncDispose]();
  }

  /** @param journalId null where frames have no ids */
  #format(journalId: string | null): FeedFormat {
    return {
      name: journalId === null ? 'plain' : 'with ids',
      frame: journalId === null ? frame : (event) => resumableFrame(event, journalId),
      opening: '',
      heartbeat: 'data:\n\n',
      heartbeatEveryMs: this.#options.heartbeatEveryMs,
      onlyWhenIdle: true,
    };
  }
}

async function indexAfter(text: string, context: DialectContext): Promise<number> {
  const id = parseStreamEventId(text);
  if (id?.journalId != null && id.journalId !== context.journal.id) {
    throw new VampError('The index belongs to another journal: begin with after=0.', 410);
  }
  const resumed = await resumeFrom(id ? String(id.index) : text, context);
  if (resumed.gone === null) return resumed.afterIndex;
  throw new VampError(
    `Events after index ${text} are gone: ${resumed.gone} is the oldest index to resume from.`,
    410,
  );
}
