import { isGroupNotice } from '../../../alarms/alarm-event.ts';
import { minuteId, snapshotOf } from '../../../alarms/expression/snapshot.ts';
import type { CheckedWindow } from '../../../alarms/minute-evaluator.ts';
import type { MinuteRule } from '../../../alarms/minute-rule.ts';
import type { Event } from '../../../event/event.ts';
import { millisecondOf } from '../../../event/instant.ts';
import type { Store } from '../../../store/store.ts';
import type { AlarmWindows } from '../../dialect.ts';
import { type AlarmEntity, entityOf } from './alarm-entity.ts';
import { alarmCategory, alarmEntity, alarmMessageOf } from './alarm-message.ts';
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
  const running =
    entitiesOf(windows(alarmNamespace, name)) ??
    (await alarmsOf(rule, store, { ended: false })).map(alarmEntity);
  return {
    ruleId: name,
    ...periodsOf(rule),
    expression: rule.expression,
    period: rule.period,
    includeEntityNames: rule.names.include,
    excludeEntityNames: rule.names.exclude,
    includeEntityNamesRegex: rule.names.includeRegex,
    excludeEntityNamesRegex: rule.names.excludeRegex,
    runningEntities: running.slice(0, maxEntities).map((entity) => {
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
  const checked = windows(alarmNamespace, name)?.find(
    ({ labels }) => entityOfLabels(labels)?.name === entity,
  );
  const alarms = await alarmsOf(rule, store, {});
  const latest = alarms.find((event) => alarmEntity(event).name === entity);
  const message = latest === undefined ? null : alarmMessageOf(latest, current.rules);
  return {
    ruleId: name,
    expression: rule.expression,
    ...periodsOf(rule),
    ...(latest !== undefined && { currentState: latest.endTime === null ? 'FIRING' : 'RECOVERED' }),
    ...windowStatus(rule.minuteRule, checked),
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

function windowStatus(rule: MinuteRule | null, checked: CheckedWindow | undefined) {
  if (rule === null || checked === undefined) return emptyWindow;
  const { minutes, window } = checked;
  const lastMinuteMs = millisecondOf(checked.lastMinute);
  return {
    endTime: new Date(lastMinuteMs).toISOString().slice(0, -1),
    size: rule.windowMinutes,
    silenceCountdown: minutes.silenceCountdown,
    recoveryObservationCountdown: minutes.recoveryCountdown,
    currentState: minutes.phase,
    windowValues: Array.from({ length: rule.windowMinutes }, (_, index) => {
      const minuteStartMs = lastMinuteMs - (rule.windowMinutes - 1 - index) * minuteMs;
      return { index, metrics: metricsOf(rule, window, { index, minuteStartMs }) };
    }),
    mqeMetricsSnapshot: snapshotOf(rule, window, lastMinuteMs),
  };
}

/** The metrics that have a value in a minute of a window. */
const metricsOf = (
  { metrics }: MinuteRule,
  window: CheckedWindow['window'],
  { index, minuteStartMs }: { readonly index: number; readonly minuteStartMs: number },
) =>
  metrics.flatMap(({ text, series }) =>
    series.flatMap((at) => {
      const value = window[at]?.[index] ?? null;
      const timeBucket = Number(minuteId(minuteStartMs));
      return value === null ? [] : { name: text, timeBucket, value: String(value) };
    }),
  );

const entitiesOf = (windows: readonly CheckedWindow[] | null): readonly AlarmEntity[] | null =>
  windows?.flatMap(({ labels }) => entityOfLabels(labels) ?? []) ?? null;

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

/** Newest first. */
async function alarmsOf(
  { name }: AlarmSettingsRule,
  store: Store,
  filter: { readonly ended?: boolean },
): Promise<readonly Event[]> {
  const { events } = await store.page({
    filter: {
      categories: [alarmCategory],
      actions: [name],
      namespaces: [alarmNamespace],
      ...filter,
    },
    order: 'TIME_DESC',
    limit: maxEntities,
  });
  return events.filter((event) => !isGroupNotice(event));
}
