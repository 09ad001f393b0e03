import type { IncomingMessage } from 'node:http';
import { requireReporter } from '../../access/scope.ts';
import type { EventDraft } from '../../event/draft.ts';
import type { Json } from '../../event/event.ts';
import { InputError } from '../../event/input-error.ts';
import { readBytes } from '../../http/body.ts';
import type { ReportError, ReportResult, ReportWait } from '../../intake/intake.ts';
import { isForbidden, isRetryable } from '../../intake/rejected.ts';
import { boundedResults } from '../bounded-results.ts';
import type { Caller } from '../caller.ts';
import { type CloudEvent, CloudEventError } from './cloud-event.ts';
import { draftOf } from './decode.ts';
import {
  contentModeOf,
  type Header,
  parseDocument,
  readBinary,
  readEnvelope,
} from './read-message.ts';

export interface ReceiveOptions {
  readonly maxBodyBytes: number;
  /** Events in one request. */
  readonly maxBatch: number;
}

/** A whole answer; a body of null is an empty one. */
export interface Answer {
  readonly status: number;
  readonly body: object | null;
}

/**
 * POST /cloudevents: records one event, or those of a batch.
 * @throws CloudEventError, InputError, BodyError, BodyAborted, Forbidden; Unavailable where nothing is known to be recorded
 */
export async function receive(
  request: IncomingMessage,
  parameters: URLSearchParams,
  caller: Caller,
  { maxBodyBytes, maxBatch }: ReceiveOptions,
): Promise<Answer> {
  requireReporter(caller.context.scope);
  const wait = waitOf(parameters);
  const namespace = parameters.get('namespace');
  const contentType = request.headers['content-type'];
  const mode = contentModeOf(contentType ?? '');
  const headers = mode === 'BINARY' ? attributeHeaders(request) : [];
  const bytes = await readBytes(request, maxBodyBytes);
  const { intake } = caller.context;
  const drafted = (event: CloudEvent): EventDraft => ({
    namespace,
    ...draftOf(event, 'REJECT'),
  });
  if (mode === 'BATCH') {
    const envelopes = batchIn(bytes, maxBatch);
    const read = envelopes.map((json) => attempted(() => drafted(readEnvelope(json))));
    return batchAnswer(envelopes, await reportRead(read, (drafts) => intake.report(drafts, wait)));
  }
  const event =
    mode === 'BINARY'
      ? readBinary(headers, contentType, bytes)
      : readEnvelope(parseDocument(bytes, 'The body'));
  const [result] = await intake.report([drafted(event)], wait);
  return singleAnswer(result);
}

/** @throws InputError */
function waitOf(parameters: URLSearchParams): ReportWait {
  const stray = [...parameters.keys()].find((name) => name !== 'wait' && name !== 'namespace');
  if (stray !== undefined) {
    throw new InputError([stray], `There is no parameter ${stray.slice(0, 80)} here.`);
  }
  const wait = parameters.get('wait') ?? 'accepted';
  if (wait === 'accepted') return 'ACCEPTED';
  if (wait === 'stored') return 'STORED';
  throw new InputError(['wait'], 'wait must be accepted or stored.');
}

/** @throws CloudEventError where the request does not say that it is an event */
function attributeHeaders({ headersDistinct }: IncomingMessage): readonly Header[] {
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    name.startsWith('ce-') ? values.map((value): Header => [name, value]) : [],
  );
  if (headers.length === 0) {
    throw new CloudEventError(
      'This is not a CloudEvent: send the headers ce-id, ce-source, ce-type and ce-specversion, or the ' +
        'Content-Type application/cloudevents+json or application/cloudevents-batch+json.',
      { status: 415 },
    );
  }
  if (headers.some(([name]) => name === 'ce-datacontenttype')) {
    throw new CloudEventError('Over HTTP, Content-Type replaces the header ce-datacontenttype.');
  }
  return headers;
}

/** @throws CloudEventError */
function batchIn(bytes: Uint8Array, maxBatch: number): readonly Json[] {
  const json = parseDocument(bytes, 'The body');
  if (!Array.isArray(json)) throw new CloudEventError('A batch must be a JSON array of events.');
  if (json.length <= maxBatch) return json;
  throw new CloudEventError(
    `The batch has ${json.length} events: send ${maxBatch} at most in one request.`,
    { status: 413 },
  );
}

function attempted(read: () => EventDraft): EventDraft | CloudEventError {
  try {
    return read();
  } catch (error) {
    if (error instanceof CloudEventError) return error;
    throw error;
  }
}

/** A result for each, in order; unreadable events are not reported. */
async function reportRead(
  read: readonly (EventDraft | CloudEventError)[],
  report: (drafts: readonly EventDraft[]) => Promise<ReportResult[]>,
): Promise<ReportResult[]> {
  const drafts = read.filter((each): each is EventDraft => !(each instanceof CloudEventError));
  const results = (drafts.length === 0 ? [] : await report(drafts)).values();
  return read.map((each) => {
    if (each instanceof CloudEventError) return malformed(each);
    const { value: result } = results.next();
    if (result === undefined) throw new Error('The intake answered fewer results than drafts.');
    return result;
  });
}

const malformed = ({ message }: CloudEventError): ReportResult => ({
  status: 'REJECTED',
  errors: [{ path: [], code: 'INVALID', message }],
});

function singleAnswer(result: ReportResult | undefined): Answer {
  if (result?.status !== 'REJECTED') {
    return { status: result?.status === 'STORED' ? 204 : 202, body: null };
  }
  const errors = result.errors.map(told);
  const [first] = errors;
  return { status: statusOf(result), body: { error: sentence(first), errors } };
}

function statusOf(rejected: ReportResult): number {
  if (isRetryable(rejected)) return 503;
  return isForbidden(rejected) ? 403 : 400;
}

/** 503 where the whole batch is to be sent again: recorded events are then duplicates. */
function batchAnswer(envelopes: readonly Json[], results: readonly ReportResult[]): Answer {
  const told = results.map((result, at) => resultOf(envelopes[at], result));
  const body = boundedResults(told, ({ status }) => status !== 'REJECTED');
  if (results.some(isRetryable)) {
    return { status: 503, body: { error: 'Some events were not recorded now.', ...body } };
  }
  const rejected = results.length > 0 && results.every(({ status }) => status === 'REJECTED');
  if (!rejected) return { status: 200, body };
  const status = results.every(isForbidden) ? 403 : 400;
  return { status, body: { error: 'All events were rejected.', ...body } };
}

function resultOf(envelope: Json | undefined, result: ReportResult) {
  const { id, source } = (envelope ?? {}) as { readonly id?: Json; readonly source?: Json };
  if (result.status === 'REJECTED') {
    return { id, source, status: result.status, errors: result.errors.map(told) };
  }
  const { status, index, report } = result;
  return { id, source, status, index, eventId: report.id };
}

interface ToldError {
  /** The attribute at fault, or `data`; absent where it is the event as a whole. */
  readonly attribute?: string;
  readonly code: string;
  readonly message: string;
}

function told({ path, code, message }: ReportError): ToldError {
  const attribute = attributeAt(path);
  return { ...(attribute !== undefined && { attribute }), code, message };
}

const sentence = (error: ToldError | undefined): string =>
  error?.attribute === undefined ? (error?.message ?? '') : `${error.attribute}: ${error.message}`;

/** How the fields of a draft are called in a CloudEvent. */
const attributes: ReadonlyMap<string, string> = new Map([
  ['filterKeys', 'id'],
  ['category', 'type'],
  ['action', 'type'],
  ['source', 'source'],
  ['key', 'subject'],
  ['value', 'data'],
  ['raw', 'data'],
]);

const attributeAt = ([field]: readonly string[]): string | undefined =>
  field === undefined ? undefined : (attributes.get(field) ?? field);
