import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Access, Session } from '../../access/access.ts';
import { credentialOf } from '../../access/credential.ts';
import { Forbidden, Unauthenticated } from '../../access/principal.ts';
import { callerOf } from '../../dialects/caller.ts';
import type { DialectContext, HttpDialect } from '../../dialects/dialect.ts';
import { replyJson } from '../../http/reply.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import { challengeOf, scopeChallengeOf } from './challenge.ts';
import { rejectUpgrade } from './reject-upgrade.ts';

export interface DialectGateOptions {
  readonly dialects: readonly HttpDialect[];
  readonly access: Access;
  /** The services for a caller with these rights. */
  readonly contextOf: (session: Session) => DialectContext;
  /** URLs by which clients reach the gateway. */
  readonly publicUrls?: readonly string[];
}

/** Finds out who calls before a dialect answers, and hands it what this caller may use. */
export class DialectGate {
  readonly #options: DialectGateOptions;

  constructor(options: DialectGateOptions) {
    this.#options = options;
  }

  /** False when the request is none of any dialect's. */
  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<boolean> {
    const { dialects, access, contextOf } = this.#options;
    try {
      const session = await this.#session(request, url);
      this.#count(session, response);
      const caller = callerOf(access, contextOf, session);
      if (access.isOn) this.#watch(session, response, request.socket);
      for (const dialect of dialects) {
        if (await dialect.handle(request, response, url, caller)) return true;
      }
      return false;
    } catch (error) {
      return this.#reject(request, response, url, error);
    }
  }

  /** False when the path is none of any dialect's. */
  async upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    url: URL,
  ): Promise<boolean> {
    const { dialects, access, contextOf } = this.#options;
    try {
      const session = await this.#known(request);
      this.#count(session, socket);
      const caller = callerOf(access, contextOf, session);
      const taken = dialects.some(
        (dialect) => dialect.upgrade?.(request, socket, head, url, caller) === true,
      );
      if (taken && access.isOn) this.#watch(session, socket, request.socket);
      return taken;
    } catch (error) {
      const { status, headers } = answerOf(error, request, this.#options);
      rejectUpgrade(socket, status, (error as Error).message, headers);
      return true;
    }
  }

  /** An operation, and a connection for as long as it is open. @throws RateLimited */
  #count({ quota }: Session, open: ServerResponse | Duplex): void {
    if (quota === null) return;
    quota.takeOperation();
    const slot = quota.openConnection();
    open.once('close', () => slot[Symbol.dispose]());
  }

  #known({ headers }: IncomingMessage): Session | Promise<Session> {
    return this.#options.access.session(credentialOf(headers));
  }

  /** A ticket counts for one stream of server-sent events. Its dialect does not see it among the parameters. */
  async #session(request: IncomingMessage, { searchParams }: URL): Promise<Session> {
    const { access } = this.#options;
    const ticket = access.isOn && isForEvents(request) ? searchParams.get('ticket') : null;
    if (ticket === null) return await this.#known(request);
    searchParams.delete('ticket');
    return access.sessionOf(await access.tickets.use(ticket));
  }

  /** What has been written still leaves, and nothing more is read: the client connects again and is asked who it is. */
  #watch(session: Session, open: ServerResponse | Duplex, socket: Socket): void {
    const watch = this.#options.access.watch(session, () => socket.destroySoon());
    open.once('close', () => watch[Symbol.dispose]());
  }

  #reject(request: IncomingMessage, response: ServerResponse, url: URL, error: unknown): boolean {
    const { status, headers } = answerOf(error, request, this.#options);
    const { message } = error as Error;
    if (status === 401 || status === 403) {
      const rejection = { status, message, headers };
      const answered = this.#options.dialects.some(
        (dialect) => dialect.reject?.(request, response, url, rejection) === true,
      );
      if (answered) return true;
    }
    const code = codes[status];
    replyJson(response, status, { errors: [{ message, extensions: { code } }] }, headers);
    return true;
  }
}

const isForEvents = ({ method, headers: { accept = '' } }: IncomingMessage): boolean =>
  method === 'GET' && /text\/event-stream/i.test(accept);

const codes = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
} as const;

interface Answer {
  readonly status: keyof typeof codes;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws the error itself where it is none of access */
function answerOf(
  error: unknown,
  request: IncomingMessage,
  { publicUrls }: DialectGateOptions,
): Answer {
  if (error instanceof Unauthenticated) {
    const challenge = challengeOf(error, request, publicUrls);
    return { status: 401, headers: { 'WWW-Authenticate': challenge } };
  }
  if (error instanceof Forbidden) {
    return { status: 403, headers: { 'WWW-Authenticate': scopeChallengeOf(error) } };
  }
  if (error instanceof Unavailable) return { status: error.status, headers: retryAfter(error) };
  throw error;
}
