import type { Event } from '../../../event/event.ts';
import { millisecondOf } from '../../../event/instant.ts';
import type { Store } from '../../../store/store.ts';
import { alarmCategory, alarmEntity, alarmMessageOf } from './alarm-message.ts';
import type { CurrentAlarmSettings } from './alarm-settings.ts';
import type { AlarmSettingsRule } from './rule-settings.ts';

type Settings = Pick<CurrentAlarmSettings, 'settings' | 'rules'>;

/** Entities that are shown of a rule. */
const maxEntities = 1_000;

/** The rules of the settings, as SkyWalking's status page lists them. */
export const ruleList = ({ settings }: Settings) => ({
  ruleList: settings.rules.map(({ name }) => ({ id: name })),
});

/** A rule of the settings and the entities whose alarm lasts; null where there is no such rule. */
export async function ruleDetail(name: string, { settings }: Settings, store: Store) {
  const rule = settings.rules.find((each) => each.name === name);
  if (rule === undefined) return null;
  const lasting = await alarmsOf(rule, store, { ended: false });
  return {
    ruleId: name,
    ...periodsOf(rule),
    expression: rule.expression,
    period: rule.period,
    includeEntityNames: rule.names.include,
    excludeEntityNames: rule.names.exclude,
    includeEntityNamesRegex: rule.names.includeRegex,
    excludeEntityNamesRegex: rule.names.excludeRegex,
    runningEntities: lasting.map((event) => {
      const entity = alarmEntity(event);
      const { scope, name: entityName } = entity;
      return { scope, name: entityName, formattedMessage: rule.message(entity) };
    }),
    tags: rule.tags,
    hooks: rule.hooks,
    includeMetrics: rule.metrics,
  };
}

/**
 * The latest alarm of a rule about an entity; null where there is no such rule. As of a server that does not evaluate
 * the rule itself, the window is empty and the countdowns are 0.
 */
export async function runningContext(
  { rule: name, entity }: { readonly rule: string; readonly entity: string },
  current: Settings,
  store: Store,
) {
  const rule = current.settings.rules.find((each) => each.name === name);
  if (rule === undefined) return null;
  const alarms = await alarmsOf(rule, store, {});
  const latest = alarms.find((event) => alarmEntity(event).name === entity);
  const message = latest === undefined ? null : alarmMessageOf(latest, current.rules);
  return {
    ruleId: name,
    expression: rule.expression,
    ...periodsOf(rule),
    size: 0,
    silenceCountdown: 0,
    recoveryObservationCountdown: 0,
    ...(latest !== undefined && { currentState: latest.endTime === null ? 'FIRING' : 'RECOVERED' }),
    entityName: entity,
    windowValues: [],
    lastAlarmTime: latest === undefined ? 0 : millisecondOf(latest.time),
    ...(message !== null && {
      lastAlarmMessage: message.alarmMessage,
      lastAlarmMqeMetricsSnapshot: message.mqeMetricsSnapshot ?? {},
    }),
  };
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
    filter: { categories: [alarmCategory], actions: [name], ...filter },
    order: 'TIME_DESC',
    limit: maxEntities,
  });
  return events;
}
