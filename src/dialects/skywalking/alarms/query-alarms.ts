import type { Event } from '../../../event/event.ts';
import type { Filter } from '../../../event/filter.ts';
import { alarmCategory } from '../../../sinks/loop-guard.ts';
import type { Store } from '../../../store/store.ts';
import { type Pagination, rowsOf } from '../condition.ts';
import { type Duration, spanOf } from '../duration.ts';
import { type AnsweredEvent, answerOf } from '../encode.ts';
import { partId, serviceId } from '../entity-id.ts';
import { shownLayer } from '../layer.ts';
import { alarmEvents } from './alarm-events.ts';
import {
  type AlarmMessage,
  type AlarmRules,
  type AlarmTag,
  alarmMessageOf,
} from './alarm-message.ts';
import { type AnsweredMetric, metricsOf } from './answered-metric.ts';

/** SkyWalking's names of scopes in queries, by those in its messages. */
const scopes: Readonly<Record<string, string>> = {
  SERVICE: 'Service',
  SERVICE_INSTANCE: 'ServiceInstance',
  ENDPOINT: 'Endpoint',
};

/** An entity of a condition; an empty name counts as not given. */
interface EntityInput {
  readonly serviceName?: string | null;
  readonly normal?: boolean | null;
  readonly serviceInstanceName?: string | null;
  readonly endpointName?: string | null;
  readonly processName?: string | null;
  readonly destServiceName?: string | null;
}

/** The condition of getAlarm and of queryAlarms: everything given must match. */
export interface AlarmQueryCondition {
  readonly duration: Duration;
  readonly paging: Pagination;
  readonly scope?: string | null;
  /** Alternatives. */
  readonly entities?: readonly (EntityInput | null)[] | null;
  readonly layer?: string | null;
  readonly ruleNames?: readonly (string | null)[] | null;
  /** A part of the message. */
  readonly keyword?: string | null;
  /** All of them. */
  readonly tags?: readonly (AlarmTag | null)[] | null;
}

/** An alarm as SkyWalking's query protocol answers it. */
interface AnsweredAlarm {
  readonly startTime: number;
  /** Null while it lasts. */
  readonly recoveryTime: number | null;
  readonly scope: string;
  /** Of the entity. */
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly events: () => Promise<readonly AnsweredEvent[]>;
  readonly tags: readonly AlarmTag[];
  readonly snapshot: {
    readonly expression: string;
    readonly metrics: readonly AnsweredMetric[];
  };
}

/** Events among which an alarm's own are looked for. */
const maxRelated = 1_000;
/** Events of one alarm. */
const maxEvents = 100;

const present = <Item>(items: readonly (Item | null)[] | null | undefined): readonly Item[] =>
  items?.filter((item) => item !== null) ?? [];

/** One page of the alarms that match, newest first. @throws QueryError, Unavailable */
export async function queryAlarms(
  store: Store,
  condition: AlarmQueryCondition,
  rules: AlarmRules,
): Promise<readonly AnsweredAlarm[]> {
  const { offset, limit } = rowsOf(condition.paging);
  const found: AnsweredAlarm[] = [];
  let skipped = 0;
  for await (const event of alarmEvents(store, filterOf(condition))) {
    if (found.length >= limit) break;
    const message = alarmMessageOf(event, rules);
    if (!matches(message, event, condition)) continue;
    if (skipped < offset) skipped += 1;
    else found.push(answered(message, event, { store, duration: condition.duration }));
  }
  return found;
}

function filterOf({ duration, ruleNames }: AlarmQueryCondition): Filter {
  const actions = present(ruleNames).filter((name) => name !== '');
  return {
    categories: [alarmCategory],
    time: spanOf(duration),
    ...(actions.length > 0 && { actions }),
  };
}

function matches(message: AlarmMessage, event: Event, condition: AlarmQueryCondition): boolean {
  const { scope, entities, layer, keyword, tags } = condition;
  const ids = present(entities).map(idOf);
  return (
    (!scope || scope === 'All' || scopes[message.scope] === scope) &&
    (ids.length === 0 || ids.includes(message.id0)) &&
    (!layer || shownLayer(event.source.layer) === layer) &&
    message.alarmMessage.includes(keyword ?? '') &&
    present(tags).every(({ key, value }) =>
      message.tags.some((tag) => tag.key === key && tag.value === value),
    )
  );
}

/** Null for relations and processes, which events have none of. */
function idOf(entity: EntityInput): string | null {
  const { serviceName, normal, serviceInstanceName, endpointName } = entity;
  if (!serviceName || entity.destServiceName || entity.processName) return null;
  const part = serviceInstanceName || endpointName;
  return part ? partId(serviceName, part, normal ?? true) : serviceId(serviceName, normal ?? true);
}

interface Related {
  readonly store: Store;
  readonly duration: Duration;
}

function answered(message: AlarmMessage, event: Event, related: Related): AnsweredAlarm {
  let events: Promise<readonly AnsweredEvent[]> | null = null;
  return {
    startTime: message.startTime,
    recoveryTime: message.recoveryTime ?? null,
    scope: scopes[message.scope] ?? 'All',
    id: message.id0,
    name: message.name,
    message: message.alarmMessage,
    events: () => {
      events ??= relatedEvents(message, event, related);
      return events;
    },
    tags: message.tags,
    snapshot: {
      expression: message.expression ?? '',
      metrics: metricsOf(message.mqeMetricsSnapshot ?? {}),
    },
  };
}

/** Events of the same service or instance in the same window. As in SkyWalking, an endpoint's alarm has none. */
async function relatedEvents(
  { scope }: AlarmMessage,
  { source: { service, instance } }: Event,
  { store, duration }: Related,
): Promise<readonly AnsweredEvent[]> {
  if (scope === 'ENDPOINT' || service === null) return [];
  const { events } = await store.page({
    filter: {
      source: instance === null ? { service } : { service, instance },
      not: { categories: [alarmCategory] },
      time: spanOf(duration),
    },
    order: 'TIME_DESC',
    limit: maxRelated,
  });
  const own = events.filter(({ source }) => source.instance === instance).slice(0, maxEvents);
  const parts = own.length === 0 ? new Map() : await store.reports(own.map(({ id }) => id));
  return own.map((each) => answerOf(each, parts.get(each.id) ?? []));
}

/** The tags of the alarms of a window: their keys, or the values of one key. */
export async function alarmTags(
  store: Store,
  duration: Duration,
  rules: AlarmRules,
): Promise<readonly AlarmTag[]> {
  const tags = new Map<string, AlarmTag>();
  const filter = { categories: [alarmCategory], time: spanOf(duration) };
  for await (const event of alarmEvents(store, filter)) {
    for (const tag of alarmMessageOf(event, rules).tags) tags.set(`${tag.key}:${tag.value}`, tag);
  }
  return [...tags.values()];
}
