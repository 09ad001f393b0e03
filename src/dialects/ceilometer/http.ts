import type { IncomingMessage, ServerResponse } from 'node:http';
import { Forbidden } from '../../access/principal.ts';
import { requireReporter } from '../../access/scope.ts';
import { InputError } from '../../event/input-error.ts';
import { BodyError, hasJsonBody, readBody } from '../../http/body.ts';
import { type Headers, replyJson } from '../../http/reply.ts';
import { isForbidden } from '../../intake/rejected.ts';
import { retryAfter, Unavailable } from '../../runtime/unavailable.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import { type BoundedResults, boundedResults } from '../bounded-results.ts';
import type { Caller } from '../caller.ts';
import type { DialectContext, HttpDialect } from '../dialect.ts';
import type { Ceilometer } from './ceilometer.ts';
import { JsonError, readJson } from './json.ts';
import { createReportNotifications, type NotificationResult } from './report-notifications.ts';

const notificationsPath = '/v1/notifications';

export interface CeilometerHttpLimits {
  readonly maxBodyBytes: number;
  /** Notifications of one request. */
  readonly maxEvents: number;
}

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
  readonly headers?: Headers;
  readonly body: { readonly error: string } | BoundedResults<AnsweredResult>;
}

/**
 * POST /v1/notifications: one notification or a list of them as JSON, each in the converter's form or as
 * oslo.messaging puts it on the wire. 200 with one result for each once those that become events are safe,
 * 400 when every one was rejected, 403 when that is for want of rights, 503 when the journal is down and everything should be sent again.
 */
export function createCeilometerHttp(
  { log }: DialectContext,
  ceilometer: Ceilometer,
  limits: CeilometerHttpLimits,
): HttpDialect {
  return {
    name: 'ceilometer',
    async handle(request, response, url, caller) {
      if (url.pathname !== notificationsPath) return false;
      const answer =
        rejectionOf(request) ?? (await tried(request, { ceilometer, caller, limits, log }));
      send(response, answer);
      return true;
    },
    reject(_request, response, { pathname }, { status, message, headers }) {
      if (pathname !== notificationsPath) return false;
      // Ceilometer's publishers know a name and a password alone.
      const challenge = status === 401 && { 'WWW-Authenticate': 'Basic realm="tidings"' };
      send(response, failed(status, message), { ...headers, ...challenge });
      return true;
    },
  };
}

function rejectionOf(request: IncomingMessage): Answer | null {
  if (request.method !== 'POST') return failed(405, 'Notifications are taken by POST.');
  return hasJsonBody(request) ? null : failed(415, 'Notifications are taken as application/json.');
}

interface Taking {
  readonly ceilometer: Ceilometer;
  readonly caller: Caller;
  readonly limits: CeilometerHttpLimits;
  readonly log: Log;
}

async function tried(
  request: IncomingMessage,
  { ceilometer, caller, limits, log }: Taking,
): Promise<Answer> {
  try {
    requireReporter(caller.context.scope);
    const json = readJson(await readBody(request, limits.maxBodyBytes));
    const report = createReportNotifications(caller.context.intake, ceilometer, limits.maxEvents);
    return answerTo(await report(Array.isArray(json) ? json : [json], 'ACCEPTED'));
  } catch (error) {
    const answer = faultOf(error);
    if (answer !== null) return answer;
    if (request.complete) {
      logUnexpectedError(log, { error, where: notificationsPath });
    }
    return failed(500, 'Internal error.');
  }
}

function answerTo(results: readonly NotificationResult[]): Answer {
  const body = boundedResults(results.map(answered), (result) => 'index' in result);
  return { status: statusOf(results), body };
}

function statusOf(results: readonly NotificationResult[]): 200 | 400 | 403 {
  if (results.length === 0 || results.some(({ status }) => status !== 'REJECTED')) return 200;
  const forbidden = results.every((result) => result.status !== 'DROPPED' && isForbidden(result));
  return forbidden ? 403 : 400;
}

/** Null for an unexpected error. */
function faultOf(error: unknown): Answer | null {
  if (error instanceof BodyError) return failed(error.status, error.message);
  if (error instanceof JsonError) return failed(400, `The body is ${error.message}.`);
  if (error instanceof InputError) return failed(400, error.message);
  if (error instanceof Forbidden) return failed(403, error.message);
  if (!(error instanceof Unavailable)) return null;
  return { ...failed(error.status, error.message), headers: retryAfter(error) };
}

function answered(result: NotificationResult): AnsweredResult {
  if (!('index' in result)) return result;
  const { status, index, report } = result;
  return { status, id: report.id, index };
}

const failed = (status: number, error: string): Answer => ({ status, body: { error } });

function send(response: ServerResponse, answer: Answer, headers: Headers = {}): void {
  const { status, body } = answer;
  replyJson(response, status, body, {
    ...headers,
    ...answer.headers,
    ...(status === 405 ? { Allow: 'POST' } : {}),
  });
}
