import { Forbidden } from '../../access/principal.ts';
import { InputError } from '../../event/input-error.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Call } from './call.ts';
import { type Answer, answer, checkAccept, empty } from './content.ts';
import { getEvents, postEvent } from './events-endpoint.ts';
import type { VampOptions } from './options.ts';
import { peek, peekedTags, stats } from './peek.ts';
import { VampError } from './vamp-error.ts';

type Endpoint = (call: Call) => Promise<Answer>;
/** The endpoints of one path, by method. */
type Endpoints = Readonly<Record<string, Endpoint>>;

/** Answers every path of the API except the stream. */
export class VampApi {
  readonly #log: Log;
  readonly #events: Endpoints;

  constructor(log: Log, options: VampOptions) {
    this.#log = log;
    this.#events = {
      GET: (call) => getEvents(call, options),
      POST: (call) => postEvent(call, options),
    };
  }

  /** Whether there is anything at a path. */
  knows(path: readonly string[]): boolean {
    return this.#endpoints(path) !== null;
  }

  /** Never rejects: an error becomes an answer. */
  async answer(call: Call): Promise<Answer> {
    try {
      checkAccept(call.accept);
      const endpoints = this.#endpoints(call.path) ?? {};
      const endpoint = endpoints[call.method];
      if (endpoint === undefined) throw methodNotAllowed(Object.keys(endpoints));
      return await endpoint(call);
    } catch (error) {
      return this.fault(error, call.accept);
    }
  }

  /** The answer to an error. */
  fault(error: unknown, accept?: string): Answer {
    if (error instanceof VampError) return answer(error.status, { message: error.message }, accept);
    if (error instanceof InputError) return answer(400, { message: error.message }, accept);
    if (error instanceof Forbidden) return answer(403, { message: error.message }, accept);
    if (error instanceof Unavailable) {
      return answer(error.status, { message: error.message }, accept, retryAfter(error));
    }
    logUnexpectedError(this.#log, { error, where: "Vamp's API" });
    return answer(500, { message: 'Internal server error.' }, accept);
  }

  #endpoints(path: readonly string[]): Endpoints | null {
    const [first, second] = path;
    if (first === 'events' && second === undefined) return this.#events;
    if ((first === 'stats' || first === 'statistics') && second === undefined)
      return { GET: stats };
    const tags = peekedTags(path);
    if (tags === null) return null;
    return {
      GET: async (call) => (tags.length === 0 ? empty(404) : await peek(tags, call)),
    };
  }
}

const methodNotAllowed = (supported: readonly string[]): VampError =>
  new VampError(`HTTP method not allowed, supported methods: ${supported.join(', ')}`, 405);
