import { requireReporter } from '../../access/scope.ts';
import type { EventDraft } from '../../event/draft.ts';
import type { Event } from '../../event/event.ts';
import type { Filter } from '../../event/filter.ts';
import type { ReportResult } from '../../intake/intake.ts';
import { isForbidden } from '../../intake/rejected.ts';
import { maxSkip } from '../../store/store.ts';
import type { DialectContext } from '../dialect.ts';
import type { Call } from './call.ts';
import { type Answer, answer, checkContentType, Double } from './content.ts';
import { draftOf } from './decode.ts';
import { echoed, listed } from './encode.ts';
import { readEvent } from './event-reader.ts';
import type { VampOptions } from './options.ts';
import { type Paging, pagingHeaders, readPaging } from './paging.ts';
import { everyNamespace, measureOf, queryFilterOf } from './query-filter.ts';
import { type AggregatorType, readQuery, type VampQuery } from './query-reader.ts';
import { VampError } from './vamp-error.ts';

/** POST /events: records one event and answers it as it was recorded. @throws VampError, Forbidden */
export async function postEvent(call: Call, options: VampOptions): Promise<Answer> {
  requireReporter(call.context.scope);
  checkContentType(call.contentType);
  const event = readEvent(call.body);
  if (call.namespace === everyNamespace) {
    throw new VampError('An event belongs to one namespace: name it in the path.');
  }
  const result = await report(draftOf(event, call.namespace), call.context);
  if (result.status === 'REJECTED') {
    throw new VampError(
      result.errors.map(({ path, message }) => sentenceOf(path, message)).join(' '),
      isForbidden(result) ? 403 : 400,
    );
  }
  return answer(201, { ...echoed(result.report, options.values) }, call.accept);
}

/** An event that is too large with its raw message is recorded without it. */
async function report(
  draft: EventDraft,
  { intake }: Pick<DialectContext, 'intake'>,
): Promise<ReportResult> {
  const [result] = await intake.report([draft], 'STORED');
  if (result === undefined) throw new Error('The intake answered no result.');
  const tooLong =
    result.status === 'REJECTED' &&
    result.errors.some(({ path, code }) => code === 'TOO_LONG' && path.length === 0);
  return tooLong && draft.raw !== null ? await report({ ...draft, raw: null }, { intake }) : result;
}

/** A rejection by our limits, in our own words. */
const sentenceOf = (path: readonly string[], message: string): string =>
  path.length === 0 ? message : `${path.join('.')}: ${message}`;

/**
 * GET /events: a page of matching events, newest first, or one aggregate of them.
 * @throws VampError, InputError, Forbidden
 */
export async function getEvents(call: Call, options: VampOptions): Promise<Answer> {
  const { context } = call;
  const paging = readPaging(call.url.searchParams);
  const query = readQuery(call.body, call.url.searchParams, options);
  const filter = queryFilterOf(query, call.namespace, context.now());
  if (query.aggregator !== null) {
    const { type, field } = query.aggregator;
    const value = await aggregate(type, field, query, filter, context);
    return answer(200, { value }, call.accept);
  }
  const total = await context.store.count(filter);
  const events = await page(paging, total, filter, context);
  const content = events.map((event) => listed(event, options.values));
  return answer(200, content, call.accept, pagingHeaders(call.url, paging, total));
}

async function page(
  { page: number, perPage }: Paging,
  total: number,
  filter: Filter,
  { store }: DialectContext,
): Promise<readonly Event[]> {
  const skip = (number - 1) * perPage;
  if (skip >= total) return [];
  if (skip > maxSkip) {
    throw new VampError(
      `Pages reach ${maxSkip} events deep: narrow the time range to see older events.`,
    );
  }
  const { events } = await store.page({ filter, order: 'TIME_DESC', limit: perPage, skip });
  return events;
}

/** 0.0 where no event matches, as in Vamp. */
async function aggregate(
  type: AggregatorType,
  field: string | null,
  query: VampQuery,
  filter: Filter,
  { store }: DialectContext,
): Promise<number | Double> {
  if (type === 'count') return await store.count(filter);
  const [row] = await store.aggregate({
    ...measureOf(field, query, filter),
    groupBy: [],
    intervalMicros: null,
    timeZone: 'UTC',
    percentiles: [],
    limit: 1,
  });
  return new Double(row?.[type] ?? 0);
}
