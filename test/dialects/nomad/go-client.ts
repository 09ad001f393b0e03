import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { begin } from '../http-client.ts';

export interface GoEvent {
  readonly Topic: string;
  readonly Type: string;
  readonly Key: string;
  readonly Namespace: string;
  readonly FilterKeys: readonly string[] | null;
  readonly Index: number;
  readonly Payload: Readonly<Record<string, unknown>> | null;
}

export interface GoEvents {
  readonly Index: number;
  readonly Events: readonly GoEvent[];
}

/**
 * Reads a stream the way Nomad's Go client does: only a 200 is taken, JSON objects follow each other with white space
 * between them, an object without index and events is a heartbeat, and what does not decode ends everything.
 */
export class GoClient implements AsyncDisposable {
  readonly batches: GoEvents[] = [];
  heartbeats = 0;
  /** As the last value of the client's channel has it. */
  error: string | null = null;
  readonly #abort: AbortController;
  readonly #response: IncomingMessage;

  private constructor(response: IncomingMessage, abort: AbortController) {
    this.#abort = abort;
    this.#response = response;
    void this.#read(response).catch((error: unknown) => {
      this.error ??= String(error);
    });
  }

  /** @throws Error as the Go client words it */
  static async open(url: string): Promise<GoClient> {
    const abort = new AbortController();
    const headers = { 'X-Nomad-Token': 'secret', 'Accept-Encoding': 'gzip' };
    const response = await begin(url, { headers, signal: abort.signal });
    if (response.statusCode === 200) return new GoClient(response, abort);
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    throw new Error(`Unexpected response code: ${response.statusCode} (${body})`);
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }

  get events(): GoEvent[] {
    return this.batches.flatMap(({ Events }) => Events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
  }

  async #read(response: IncomingMessage): Promise<void> {
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) {
      text += chunk;
      for (let end = endOfObject(text); end > 0; end = endOfObject(text)) {
        this.#take(JSON.parse(text.slice(0, end)));
        text = text.slice(end);
      }
    }
    if (text.trim() !== '') throw new Error(`invalid character in ${text.slice(0, 80)}`);
    this.error = 'EOF';
  }

  #take(object: Partial<GoEvents>): void {
    const { Index = 0, Events = [] } = object;
    if (!Number.isSafeInteger(Index) || Index < 0) throw new Error('Index is no uint64');
    if (Index === 0 && Events.length === 0) {
      this.heartbeats++;
      return;
    }
    for (const { Payload } of Events) {
      if (Payload !== null && (typeof Payload !== 'object' || Array.isArray(Payload))) {
        throw new Error('cannot unmarshal Payload into a map');
      }
    }
    this.batches.push({ Index, Events });
  }
}

/** The end of the first JSON object in a string; 0 while it is incomplete. @throws Error where there is no object */
function endOfObject(text: string): number {
  const [start] = text.trimStart();
  if (start !== undefined && start !== '{') throw new Error(`invalid character ${start}`);
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
    if (token === '{') depth++;
    if (token === '}' && --depth === 0) return index + 1;
  }
  return 0;
}
