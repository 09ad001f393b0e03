import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { readTraceparent } from '../event/traceparent.ts';

export interface SpanOptions {
  /** INTERNAL when absent. */
  readonly kind?: keyof typeof SpanKind;
  readonly attributes?: Attributes;
  /**
   * The traceparents of what the span is about. A span without another parent continues their trace, where they are of
   * one; otherwise it begins a trace of its own. It has a link to each of them.
   */
  readonly causes?: Iterable<string | null>;
  /** Whether what runs at the moment is not its parent: work on a queue was begun by somebody else. */
  readonly detached?: boolean;
}

/** A span that is under way. */
export interface OpenSpan {
  /** Names it to others: the value of the header traceparent. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** Not an exception, but a failure all the same. */
  fail(reason: string): void;
}

/** What runs now, and on whose behalf. It ends with its operation: what goes on afterwards does not belong to it. */
interface Scope {
  readonly outer: Scope | undefined;
  readonly context: Context;
  readonly reporter: string | null;
  ended: boolean;
}

/** OpenTelemetry's own limit on the links of a span. */
const maxLinks = 128;

/**
 * Makes the spans of the gateway. Parts of it are handed this only where traces are exported, and null elsewhere: then
 * nothing is measured, and no asynchronous context is kept.
 */
export class Tracing {
  readonly #tracer: Tracer;
  readonly #scopes = new AsyncLocalStorage<Scope>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** The traceparent that whoever asked for what runs now has sent; null where they sent none. */
  get reporter(): string | null {
    return this.#scope?.reporter ?? null;
  }

  /** Of the span that is under way, as the fields of a line of the log. */
  readonly ids = (): { readonly trace_id?: string; readonly span_id?: string } => {
    const scope = this.#scope;
    const span = scope && trace.getSpanContext(scope.context);
    return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
  };

  /** Runs it on behalf of the sender of a traceparent. */
  from<Result>(traceparent: unknown, run: () => Result): Result {
    const sent = readTraceparent(traceparent);
    const context = sent === null ? ROOT_CONTEXT : remote(sent);
    return this.#within({ context, reporter: sent }, run);
  }

  /** Runs it within a span, which ends with it. */
  span<Result>(
    name: string,
    options: SpanOptions,
    run: (span: OpenSpan) => Promise<Result>,
  ): Promise<Result> {
    const { span, context } = this.#start(name, options);
    return this.#within({ context, reporter: this.reporter }, () => run(opened(span))).then(
      (result) => {
        span.end();
        return result;
      },
      (error: unknown) => {
        failed(span, error);
        span.end();
        throw error;
      },
    );
  }

  /** A span that somebody else ends. */
  begin(name: string, options: SpanOptions): OpenSpan & { end(error: Error | null): void } {
    const { span } = this.#start(name, options);
    return {
      ...opened(span),
      end(error) {
        if (error !== null) failed(span, error);
        span.end();
      },
    };
  }

  #start(
    name: string,
    { kind = 'INTERNAL', attributes = {}, causes = [], detached = false }: SpanOptions,
  ): { readonly span: Span; readonly context: Context } {
    const scope = detached ? undefined : this.#scope;
    const causing = contextsOf(causes);
    const outer = scope?.context ?? ROOT_CONTEXT;
    const parent = trace.getSpanContext(outer) ? outer : commonContext(causing);
    const parentId = trace.getSpanContext(parent)?.spanId;
    const links = causing
      .filter(({ spanId }) => spanId !== parentId)
      .map((context): Link => ({ context }));
    const span = this.#tracer.startSpan(name, { kind: SpanKind[kind], attributes, links }, parent);
    return { span, context: trace.setSpan(parent, span) };
  }

  get #scope(): Scope | undefined {
    let scope = this.#scopes.getStore();
    while (scope?.ended) scope = scope.outer;
    return scope;
  }

  #within<Result>(begun: Pick<Scope, 'context' | 'reporter'>, run: () => Result): Result {
    const scope: Scope = { ...begun, outer: this.#scope, ended: false };
    const end = () => {
      scope.ended = true;
    };
    let result: Result;
    try {
      result = this.#scopes.run(scope, run);
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) result.then(end, end);
    else end();
    return result;
  }
}

/** Each once. */
function contextsOf(causes: Iterable<string | null>): SpanContext[] {
  const contexts: SpanContext[] = [];
  for (const cause of new Set(causes)) {
    if (cause !== null) contexts.push(spanContextOf(cause));
    if (contexts.length === maxLinks) break;
  }
  return contexts;
}

function commonContext([first, ...others]: readonly SpanContext[]): Context {
  if (first === undefined) return ROOT_CONTEXT;
  return others.every(({ traceId }) => traceId === first.traceId)
    ? trace.setSpanContext(ROOT_CONTEXT, first)
    : ROOT_CONTEXT;
}

const remote = (traceparent: string): Context =>
  trace.setSpanContext(ROOT_CONTEXT, spanContextOf(traceparent));

/** Of a traceparent that has been read. */
function spanContextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = '0'] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}

function opened(span: Span): OpenSpan {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & 1}`,
    set: (attributes) => void span.setAttributes(attributes),
    fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
  };
}

function failed(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.setAttribute('error.type', error instanceof Error ? error.name : '_OTHER');
}
