import type { Filter, SourceTest } from '../../event/filter.ts';
import { type Duration, spanOf } from './duration.ts';
import { eventId } from './event-id.ts';
import { clean, kept, keptSource, type SourceTexts } from './kept.ts';
import { withLayer } from './layer.ts';
import type { EventType } from './message.ts';
import { QueryError } from './query-error.ts';

/** SkyWalking's EventQueryCondition; an empty string counts as not given. */
export interface EventQueryCondition {
  readonly uuid?: string | null;
  readonly source?: SourceTexts | null;
  readonly name?: string | null;
  readonly type?: EventType | null;
  readonly time?: Duration | null;
  readonly order?: 'ASC' | 'DES' | null;
  readonly layer?: string | null;
  readonly paging: Pagination;
}

export interface Pagination {
  /** From 1, the default; 0 means 1. */
  readonly pageNum?: number | null;
  readonly pageSize: number;
}

/**
 * A condition as a filter: everything given must match. A condition with a uuid or a part of a source finds events of
 * every dialect, any other only those of SkyWalking's.
 * @throws QueryError
 */
export function filterOf(condition: EventQueryCondition): Filter {
  const { type, time } = condition;
  const uuid = clean(condition.uuid ?? '');
  if (uuid.trim() === '' && !time) {
    throw new QueryError('time field is required when uuid is absent.');
  }
  const filter: Filter = {
    ...subjectTest(uuid, sourceTest(condition.source ?? {})),
    ...actionTest(kept('name', condition.name ?? '')),
    ...(type ? { severities: [type === 'Error' ? 'ERROR' : 'NORMAL'] } : {}),
    ...(time ? { time: spanOf(time) } : {}),
  };
  return withLayer(filter, kept('layer', condition.layer ?? ''));
}

function subjectTest(uuid: string, source: SourceTest): Filter {
  if (uuid !== '') return { ids: [eventId(uuid)], source };
  return Object.keys(source).length > 0 ? { source } : { dialects: ['SKYWALKING'] };
}

const actionTest = (name: string): Filter => (name === '' ? {} : { actions: [name] });

function sourceTest(source: SourceTexts): SourceTest {
  const { service, serviceInstance, endpoint } = keptSource(source);
  return {
    ...(service === '' ? {} : { service }),
    ...(serviceInstance === '' ? {} : { instance: serviceInstance }),
    ...(endpoint === '' ? {} : { endpoint }),
  };
}

/** The rows of a page: how many to skip, and how many to answer. */
export function rowsOf({ pageNum, pageSize }: Pagination): {
  readonly offset: number;
  readonly limit: number;
} {
  const limit = Math.max(pageSize, 0);
  return { offset: limit * (Math.max(pageNum ?? 1, 1) - 1), limit };
}
