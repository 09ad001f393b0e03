import type { ServerResponse } from 'node:http';
import type { Session } from '../../access/access.ts';
import type { OperationCaller } from '../../graphql/operation.ts';

/** Who asks for an operation by a request of its own. */
export class HttpCaller implements OperationCaller {
  readonly session: Session;
  readonly #response: ServerResponse;
  #closed: AbortController | null = null;

  constructor(session: Session, response: ServerResponse) {
    this.session = session;
    this.#response = response;
  }

  /** Aborted when the client closes its connection before it has the whole answer; made for the first read. */
  get signal(): AbortSignal {
    this.#closed ??= this.#watch();
    return this.#closed.signal;
  }

  #watch(): AbortController {
    const closed = new AbortController();
    const end = (): void => {
      if (!this.#response.writableEnded) closed.abort();
    };
    if (this.#response.closed) end();
    else this.#response.once('close', end);
    return closed;
  }
}
