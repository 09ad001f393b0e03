import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Scope } from '../access/scope.ts';
import type { DeclaredRule } from '../alarms/declared-rules.ts';
import type { CheckedWindow } from '../alarms/minute-evaluator.ts';
import type { ValuesOf, Variables } from '../environment/readers.ts';
import type { Instant } from '../event/event.ts';
import type { InputError } from '../event/input-error.ts';
import type { FieldBuilder } from '../graphql/builder.ts';
import type { DialectServices, SinkServices } from '../graphql/context.ts';
import type { Certificate } from '../http/certificate.ts';
import type { Headers } from '../http/reply.ts';
import type { Intake } from '../intake/intake.ts';
import type { Journal } from '../journal/journal.ts';
import type { OpenFeed } from '../live/feed.ts';
import type { NatsLink } from '../nats/connection.ts';
import type { DeclaredSink } from '../sinks/declared-sinks.ts';
import type { Encoder } from '../sinks/encoder.ts';
import type { Store } from '../store/store.ts';
import type { Log } from '../telemetry/log.ts';
import type { Caller, Identify } from './caller.ts';
import type { Source } from './source.ts';

/**
 * A foreign system whose events Tidings takes in, or answers in that system's own form. It is declared once, in
 * `src/dialects/<system>/dialect.ts`, and listed in registry.ts; the rest of the gateway knows no system by name.
 */
export interface DialectDefinition<Declared extends Variables = Variables> {
  /** `nomad`: in TIDINGS_DIALECTS, and at the gateway's front page. */
  readonly name: string;
  /** Whether it has an HTTP interface, which TIDINGS_DIALECTS can switch off. */
  readonly hasHttp: boolean;
  /** Its environment variables: config/ reads them, and README lists them. */
  readonly variables: Declared;
  /** Adds its fields to the GraphQL schema, whether or not the dialect is on. */
  readonly extendSchema?: (builder: FieldBuilder) => void;
  /** @throws Error with a sentence where the gateway cannot start with these settings */
  open(context: DialectContext, settings: DialectSettings<Declared>): Promise<OpenDialect>;
}

/** Checks a definition against the types of its own variables. */
export const defineDialect = <Declared extends Variables>(
  definition: DialectDefinition<Declared>,
): DialectDefinition => definition as unknown as DialectDefinition;

/**
 * The parts of the gateway that a dialect may use: intake, history and the live feed, each within the caller's rights.
 * Callers with equal rights share an object. Callers without limits, and the dialect itself, have the unlimited one.
 */
export interface DialectContext {
  readonly intake: Intake;
  readonly store: Store;
  readonly openFeed: OpenFeed;
  readonly journal: Journal;
  /** Not limited to the caller's rights: each call says for whom it is, as the caller's `sinks`. */
  readonly sinks: SinkServices;
  /** The caller's rights, for rules of the dialect's own system. */
  readonly scope: Scope;
  readonly log: Log;
  readonly now: () => Instant;
}

/** The windows of a rule with an expression, by its name; null where this gateway does not evaluate it. */
export type AlarmWindows = (namespace: string, name: string) => Iterable<CheckedWindow> | null;

/** How many events of each of these types were ever stored, deleted ones included; types without any are left out. */
export type Totals = (types: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/** How a dialect is to run. */
interface DialectSettings<Declared extends Variables = Variables> {
  readonly values: ValuesOf<Declared>;
  /** Whether its HTTP interface is on. */
  readonly http: boolean;
  /** The address that the gateway listens on, for ports of its own. */
  readonly host: string;
  readonly maxBodyBytes: number;
  /** Events that one call of the intake takes. */
  readonly maxEvents: number;
  /** Events that a dialect reports in one call of its own. */
  readonly maxBatch: number;
  /**
   * The context of its sources: they report with the rights of the role `source:<name of the dialect>`, where the policy
   * has one.
   */
  readonly sourceContext: DialectContext;
  /** Who calls at a port of its own; null where everybody may do everything. */
  readonly identify: Identify | null;
  /** Shown by ports of its own; null where they are without TLS. */
  readonly certificate: Certificate | null;
  /** The connection to NATS, where the gateway has one. */
  readonly nats: NatsLink | null;
  readonly totals: Totals;
  readonly alarmWindows: AlarmWindows;
}

/** A dialect in a running gateway. An absent member means that the dialect does not have it or that it is off. */
export interface OpenDialect {
  readonly http?: HttpDialect | undefined;
  /** Services that its fields in the GraphQL schema need. */
  readonly services?: DialectServices | undefined;
  /** Begin to bring events in, once the gateway's port is open. */
  readonly sources?: readonly (() => Source | Promise<Source>)[] | undefined;
  /** Open ports of its own that only answer, once the gateway's port is open. */
  readonly listeners?: readonly (() => Promise<AsyncDisposable>)[] | undefined;
  /** The formats in which sinks can send events, each named as its member of SinkFormat. */
  readonly encoders?: readonly Encoder[] | undefined;
  /**
   * The sinks that its files declare, asked once the dialects are open and after each reload. Those that were declared
   * before and are not any more are deleted; absent where the dialect reads no such file, and then nothing is deleted.
   */
  declaredSinks?(): readonly DeclaredSink[];
  /** Says where in its file a fault of a declared sink is; the argument begins with the position of the sink. */
  declaredSinkError?(error: InputError): Error;
  /** The rules of alarms that its files declare, likewise. */
  declaredRules?(): readonly DeclaredRule[];
  /** Reads its files again on SIGHUP. Never rejects: a bad file is logged and changes nothing. */
  reload?(): Promise<void>;
}

/** A foreign system's HTTP interface on the gateway's own port. Disposing closes its responses and sockets. */
export interface HttpDialect extends Partial<AsyncDisposable> {
  readonly name: string;

  /**
   * Resolves true when it answered, or is answering, the request; false when the request is not its own. Whatever it
   * reads, reports or follows for a caller, it does within the caller's context.
   * @throws Forbidden, which the gate hands back to `reject`
   */
  handle(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    caller: Caller,
  ): Promise<boolean>;

  /** Takes over the socket of a WebSocket upgrade; false when the path is not its own. */
  upgrade?(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    url: URL,
    caller: Caller,
  ): boolean;

  /**
   * Answers a request whose credential is bad, or whose caller may not do this, as its system does; false when the
   * request is not its own. Without this the answer is 401 or 403 as JSON.
   */
  reject?(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    rejection: Rejection,
  ): boolean;
}

/** Why a caller does not get in. */
interface Rejection {
  /** 401 where the credential is bad or missing. */
  readonly status: 401 | 403;
  /** A sentence. */
  readonly message: string;
  /** With 401: WWW-Authenticate. */
  readonly headers: Headers;
}
