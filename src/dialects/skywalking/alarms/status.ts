import type { Window } from '../../../alarms/expression/compile.ts';
import { minuteId, snapshotOf } from '../../../alarms/expression/snapshot.ts';
import type { CheckedWindow } from '../../../alarms/minute-evaluator.ts';
import type { MinuteRule } from '../../../alarms/minute-rule.ts';
import type { Event } from '../../../event/event.ts';
import type { Filter } from '../../../event/filter.ts';
import { millisecondOf } from '../../../event/instant.ts';
import { alarmCategory } from '../../../sinks/loop-guard.ts';
import type { Store } from '../../../store/store.ts';
import type { AlarmWindows } from '../../dialect.ts';
import { type AlarmEntity, entityOf } from './alarm-entity.ts';
import { alarmEvents } from './alarm-events.ts';
import { alarmEntity, alarmMessageOf } from './alarm-message.ts';
import type { CurrentAlarmSettings } from './alarm-settings.ts';
import { alarmNamespace } from './declared-rules.ts';
import type { AlarmSettingsRule } from './rule-settings.ts';

type Settings = Pick<CurrentAlarmSettings, 'settings' | 'rules'>;

interface StatusSources {
  readonly current: Settings;
  readonly windows: AlarmWindows;
  readonly store: Store;
}

/** Entities that are shown of a rule. */
const maxEntities = 1_000;
const minuteMs = 60_000;

/** The rules of the settings, as SkyWalking's status page lists them. */
export const ruleList = ({ settings }: Settings) => ({
  ruleList: settings.rules.map(({ name }) => ({ id: name })),
});

/** A rule of the settings and its entities; null where there is no such rule. */
export async function ruleDetail(name: string, { current, windows, store }: StatusSources) {
  const rule = current.settings.rules.find((each) => each.name === name);
  if (rule === undefined) return null;
  const running = entitiesOf(windows(alarmNamespace, name)) ?? (await firingEntities(rule, store));
  return {
    ruleId: name,
    ...periodsOf(rule),
    expression: rule.expression,
    period: rule.period,
    includeEntityNames: rule.names.include,
    excludeEntityNames: rule.names.exclude,
    includeEntityNamesRegex: rule.names.includeRegex,
    excludeEntityNamesRegex: rule.names.excludeRegex,
    runningEntities: running.map((entity) => {
      const { scope, name: entityName } = entity;
      return { scope, name: entityName, formattedMessage: rule.message(entity) };
    }),
    tags: rule.tags,
    hooks: rule.hooks,
    includeMetrics: rule.metrics,
  };
}

/**
 * The window of a rule about an entity, and its latest alarm; null where there is no such rule. As of a server that does
 * not evaluate the rule itself, the window is empty and the countdowns are 0 where another gateway evaluates it.
 */
export async function runningContext(
  { rule: name, entity }: { readonly rule: string; readonly entity: string },
  { current, windows, store }: StatusSources,
) {
  const rule = current.settings.rules.find((each) => each.name === name);
  if (rule === undefined) return null;
  const window = windowStatus(rule.minuteRule, windowOf(entity, windows(alarmNamespace, name)));
  const latest = await latestAlarmOf(entity, rule, store);
  const message = latest === undefined ? null : alarmMessageOf(latest, current.rules);
  return {
    ruleId: name,
    expression: rule.expression,
    ...periodsOf(rule),
    ...(latest !== undefined && { currentState: latest.endTime === null ? 'FIRING' : 'RECOVERED' }),
    ...window,
    entityName: entity,
    lastAlarmTime: latest === undefined ? 0 : millisecondOf(latest.time),
    ...(message !== null && {
      lastAlarmMessage: message.alarmMessage,
      lastAlarmMqeMetricsSnapshot: message.mqeMetricsSnapshot ?? {},
    }),
  };
}

const emptyWindow = {
  size: 0,
  silenceCountdown: 0,
  recoveryObservationCountdown: 0,
  windowValues: [],
};

function windowStatus(rule: MinuteRule | null, checked: CheckedWindow | null) {
  if (rule === null || checked === null) return emptyWindow;
  const { minutes } = checked;
  const window = checked.window();
  const lastMinuteMs = millisecondOf(checked.lastMinute);
  return {
    endTime: new Date(lastMinuteMs).toISOString().slice(0, -1),
    size: rule.windowMinutes,
    silenceCountdown: minutes.silenceCountdown,
    recoveryObservationCountdown: minutes.recoveryCountdown,
    currentState: minutes.phase,
    windowValues: Array.from({ length: rule.windowMinutes }, (_, index) => {
      const minuteStartMs = lastMinuteMs - (rule.windowMinutes - 1 - index) * minuteMs;
      const timeBucket = Number(minuteId(minuteStartMs));
      return { index, metrics: metricsOf(rule, window, { index, timeBucket }) };
    }),
    mqeMetricsSnapshot: snapshotOf(rule, window, lastMinuteMs),
  };
}

/** The metrics that have a value in a minute of a window. */
const metricsOf = (
  { metrics }: MinuteRule,
  window: Window,
  { index, timeBucket }: { readonly index: number; readonly timeBucket: number },
) =>
  metrics.flatMap(({ text, series }) =>
    series.flatMap((at) => {
      const value = window[at]?.[index] ?? null;
      return value === null ? [] : { name: text, timeBucket, value: String(value) };
    }),
  );

function entitiesOf(windows: Iterable<CheckedWindow> | null): readonly AlarmEntity[] | null {
  if (windows === null) return null;
  const entities: AlarmEntity[] = [];
  for (const { labels } of windows) {
    if (entities.length === maxEntities) break;
    const entity = entityOfLabels(labels);
    if (entity !== null) entities.push(entity);
  }
  return entities;
}

function windowOf(entity: string, windows: Iterable<CheckedWindow> | null): CheckedWindow | null {
  for (const window of windows ?? []) {
    if (entityOfLabels(window.labels)?.name === entity) return window;
  }
  return null;
}

function entityOfLabels([
  service = null,
  instance = null,
  endpoint = null,
]: CheckedWindow['labels']): AlarmEntity | null {
  return entityOf({ service, instance, endpoint });
}

const periodsOf = ({
  silencePeriod,
  recoveryObservationPeriod,
  additionalPeriod,
}: AlarmSettingsRule) => ({ silencePeriod, recoveryObservationPeriod, additionalPeriod });

const alarmsOf = ({ name }: AlarmSettingsRule): Filter => ({
  categories: [alarmCategory],
  actions: [name],
  namespaces: [alarmNamespace],
});

async function firingEntities(
  rule: AlarmSettingsRule,
  store: Store,
): Promise<readonly AlarmEntity[]> {
  const entities: AlarmEntity[] = [];
  for await (const event of alarmEvents(store, { ...alarmsOf(rule), ended: false })) {
    if (entities.push(alarmEntity(event)) === maxEntities) break;
  }
  return entities;
}

async function latestAlarmOf(
  entity: string,
  rule: AlarmSettingsRule,
  store: Store,
): Promise<Event | undefined> {
  for await (const event of alarmEvents(store, alarmsOf(rule))) {
    if (alarmEntity(event).name === entity) return event;
  }
  return undefined;
}
