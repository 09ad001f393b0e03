import type { IncomingMessage, ServerResponse } from 'node:http';
import { InputError } from '../../event/input-error.ts';
import { BodyError, hasJsonBody, readBody } from '../../http/body.ts';
import { replyJson } from '../../http/reply.ts';
import { Unavailable } from '../../runtime/unavailable.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import type { Ceilometer } from './ceilometer.ts';
import { JsonError, readJson } from './json.ts';
import {
  createReportNotifications,
  type NotificationResult,
  type ReportNotifications,
} from './report-notifications.ts';

const notificationsPath = '/v1/notifications';

const defaultMaxBodyBytes = 16 * 1024 * 1024;

/** The answer for one notification. */
type AnsweredResult =
  | {
      readonly status: 'ACCEPTED' | 'STORED' | 'DUPLICATE';
      readonly id: string;
      readonly index: number;
    }
  | Exclude<NotificationResult, { index: number }>;

interface Answer {
  readonly status: number;
  readonly body: { readonly error: string } | { readonly results: readonly AnsweredResult[] };
}

/**
 * POST /v1/notifications: one notification or a list of them as JSON, each in the converter's form or as
 * oslo.messaging puts it on the wire. 200 with one result for each once those that become events are safe,
 * 400 when every one was rejected, 503 when the journal is down and everything should be sent again.
 */
export function createCeilometerHttp(
  context: DialectContext,
  ceilometer: Ceilometer,
  { maxBodyBytes = defaultMaxBodyBytes }: { readonly maxBodyBytes?: number } = {},
): HttpDialect {
  const report = createReportNotifications(context.intake, ceilometer);
  return {
    name: 'ceilometer',
    async handle(request, response, url) {
      if (url.pathname !== notificationsPath) return false;
      const answer =
        rejectionOf(request) ?? (await tried(request, { report, maxBodyBytes, context }));
      send(response, answer);
      return true;
    },
  };
}

function rejectionOf(request: IncomingMessage): Answer | null {
  if (request.method !== 'POST') return failed(405, 'Notifications are taken by POST.');
  return hasJsonBody(request) ? null : failed(415, 'Notifications are taken as application/json.');
}

interface Taking {
  readonly report: ReportNotifications;
  readonly maxBodyBytes: number;
  readonly context: DialectContext;
}

async function tried(
  request: IncomingMessage,
  { report, maxBodyBytes, context }: Taking,
): Promise<Answer> {
  try {
    const json = readJson(await readBody(request, maxBodyBytes));
    return answerTo(await report(Array.isArray(json) ? json : [json], 'ACCEPTED'));
  } catch (error) {
    const answer = faultOf(error);
    if (answer !== null) return answer;
    if (request.complete) {
      context.log.error({ error, where: notificationsPath }, 'Unexpected error.');
    }
    return failed(500, 'Internal error.');
  }
}

function answerTo(results: readonly NotificationResult[]): Answer {
  const rejected = results.filter(({ status }) => status === 'REJECTED').length;
  const status = rejected > 0 && rejected === results.length ? 400 : 200;
  return { status, body: { results: results.map(answered) } };
}

/** Null for an unexpected error. */
function faultOf(error: unknown): Answer | null {
  if (error instanceof BodyError) return failed(error.status, error.message);
  if (error instanceof JsonError) return failed(400, `The body is ${error.message}.`);
  if (error instanceof InputError) return failed(400, error.message);
  return error instanceof Unavailable ? failed(503, error.message) : null;
}

function answered(result: NotificationResult): AnsweredResult {
  if (!('index' in result)) return result;
  const { status, index, report } = result;
  return { status, id: report.id, index };
}

const failed = (status: number, error: string): Answer => ({ status, body: { error } });

/** While the journal is down. */
const retryAfterSeconds = 1;

function send(response: ServerResponse, { status, body }: Answer): void {
  replyJson(response, status, body, {
    ...(status === 405 ? { Allow: 'POST' } : {}),
    ...(status === 503 ? { 'Retry-After': String(retryAfterSeconds) } : {}),
  });
}
