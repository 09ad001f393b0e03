import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Instant } from '../event/event.ts';
import type { Intake } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenFeed } from '../live/feed.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';

/** What a dialect may use of the gateway: the way in, history, and the live feed. */
export interface DialectContext {
  readonly intake: Intake;
  readonly store: Store;
  readonly openFeed: OpenFeed;
  readonly journal: Journal;
  readonly log: Log;
  readonly now: () => Instant;
}

/**
 * A foreign system's HTTP interface, made by `createXDialect(doors)` and mounted on the gateway's own
 * port. Disposing ends what it holds open; the gateway does so before it closes the port.
 */
export interface HttpDialect extends Partial<AsyncDisposable> {
  readonly name: string;

  /** Resolves true when it answered, or is answering, the request; false when the request is not its own. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean>;

  /** Takes over the socket of a WebSocket upgrade; false when the path is not its own. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer, url: URL): boolean;
}
