import type { IncomingMessage, ServerResponse } from 'node:http';
import { Forbidden } from '../../access/principal.ts';
import { requireReporter } from '../../access/scope.ts';
import type { EventDraft } from '../../event/draft.ts';
import { BodyError, readBytes } from '../../http/body.ts';
import { type Headers, reply } from '../../http/reply.ts';
import type { Intake, ReportResult } from '../../intake/intake.ts';
import { isForbidden, requireRecorded } from '../../intake/rejected.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import { draftsOf } from './decode.ts';
import { MalformedRequest, requestFromJson } from './wire.ts';

const logsPath = '/v1/logs';

/** Records of one request: more than exporters send by default, and few enough to read at once. */
const maxRecords = 10_000;

export interface OtlpHttpOptions {
  readonly maxBodyBytes: number;
  /** Events in one call of the intake. */
  readonly maxBatch: number;
}

const json = 'application/json';
const protobuf = 'application/x-protobuf';

/** The encoding of a request and of its answer. */
type Encoding = typeof json | typeof protobuf;

/** POST /v1/logs of OTLP over HTTP: log records that have an event name become events. */
export function createOtlpHttp({ log }: DialectContext, options: OtlpHttpOptions): HttpDialect {
  return {
    name: 'otlp',
    async handle(request, response, url, caller) {
      if (url.pathname !== logsPath) return false;
      const encoding = encodingOf(request);
      try {
        const answer = await exported(request, encoding, caller, options);
        const body = await encoded(answer, encoding);
        reply(response, 200, body, { 'Content-Type': encoding ?? json });
      } catch (error) {
        await fail(response, faultOf(error, request, log), encoding);
      }
      return true;
    },
    reject(request, response, { pathname }, { status, message, headers }) {
      if (pathname !== logsPath) return false;
      void fail(response, new Fault(status, message, headers), encodingOf(request));
      return true;
    },
  };
}

/** Requests in JSON do without what reads protocol buffers. */
const protocolBuffers = () => import('./protobuf.ts');

async function fail(
  response: ServerResponse,
  { status, message, headers }: Fault,
  encoding: Encoding | null,
): Promise<void> {
  const body =
    encoding === protobuf
      ? (await protocolBuffers()).statusBytes(message)
      : JSON.stringify({ message });
  reply(response, status, body, {
    ...headers,
    'Content-Type': encoding ?? json,
    ...(status === 405 ? { Allow: 'POST' } : {}),
  });
}

class Fault extends Error {
  override readonly name = 'Fault';
  readonly status: number;
  readonly headers: Headers;

  constructor(status: number, message: string, headers: Headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

function encodingOf({ headers }: IncomingMessage): Encoding | null {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === json || type === protobuf ? type : null;
}

interface ExportResponse {
  /** A string, as JSON has integers of 64 bits. */
  readonly partialSuccess?: { readonly rejectedLogRecords: string; readonly errorMessage: string };
}

const encoded = async (
  answer: ExportResponse,
  encoding: Encoding | null,
): Promise<string | Buffer> =>
  encoding === protobuf ? (await protocolBuffers()).responseBytes(answer) : JSON.stringify(answer);

/** @throws MalformedRequest, BodyError, BodyAborted, Fault, Forbidden; Unavailable where the request is to be sent again */
async function exported(
  request: IncomingMessage,
  encoding: Encoding | null,
  caller: Caller,
  { maxBodyBytes, maxBatch }: OtlpHttpOptions,
): Promise<ExportResponse> {
  if (request.method !== 'POST') throw new Fault(405, 'Send logs with POST.');
  if (encoding === null) throw new Fault(415, `Send ${json} or ${protobuf}.`);
  requireReporter(caller.context.scope);
  const bytes = await readBytes(request, maxBodyBytes);
  const drafts = draftsOf(
    encoding === json
      ? requestFromJson(bytes.toString('utf8'))
      : (await protocolBuffers()).requestFromBytes(bytes),
  );
  if (drafts.length > maxRecords) {
    throw new Fault(413, `There are ${drafts.length} records: send ${maxRecords} at most.`);
  }
  const events = drafts.filter((draft) => draft !== null);
  const errors = await report(events, caller.context.intake, maxBatch);
  const nameless = drafts.length - events.length;
  if (nameless > 0) errors.push(`${nameless} records have no event name, and are not events`);
  const rejected = nameless + errors.length - (nameless > 0 ? 1 : 0);
  if (rejected === 0) return {};
  const errorMessage = errors.slice(0, 3).join('; ');
  return { partialSuccess: { rejectedLogRecords: String(rejected), errorMessage } };
}

/**
 * Why events were rejected, one reason each; the others are recorded.
 * @throws Forbidden where none of them may be reported; Unavailable
 */
async function report(
  events: readonly EventDraft[],
  intake: Intake,
  maxBatch: number,
): Promise<string[]> {
  const reasons: string[] = [];
  let forbidden = 0;
  for (let first = 0; first < events.length; first += maxBatch) {
    const results = await intake.report(events.slice(first, first + maxBatch), 'ACCEPTED');
    for (const [at, result] of requireRecorded(results).entries()) {
      const reason = reasonOf(result);
      if (isForbidden(result)) forbidden += 1;
      if (reason !== null) reasons.push(`event ${first + at}: ${reason}`);
    }
  }
  if (forbidden > 0 && forbidden === events.length) {
    throw new Forbidden('REPORT', 'You may not report any of these events.');
  }
  return reasons;
}

function reasonOf(result: ReportResult): string | null {
  if (result.status !== 'REJECTED') return null;
  const [error] = result.errors;
  if (error === undefined) return 'it was rejected';
  const { path, message } = error;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

function faultOf(error: unknown, request: IncomingMessage, log: Log): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof MalformedRequest) return new Fault(400, error.message);
  if (error instanceof BodyError) return new Fault(error.status, error.message);
  if (error instanceof Forbidden) return new Fault(403, error.message);
  if (error instanceof Unavailable) {
    return new Fault(error.status, error.message, retryAfter(error));
  }
  if (request.complete) logUnexpectedError(log, { error, where: 'OTLP over HTTP' });
  return new Fault(500, 'Internal error.');
}
