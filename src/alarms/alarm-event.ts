import type { DraftTrait, EventDraft } from '../event/draft.ts';
import type { Event, EventSource } from '../event/event.ts';
import { alarmCategory } from '../sinks/loop-guard.ts';
import type { AlarmRow, GroupRow, NamedLabel } from '../store/alarms/alarm-table.ts';
import { entityName } from './entity.ts';

/** Fields of a source by the names of their groupings. */
const sourceFields: ReadonlyMap<string, keyof EventSource> = new Map([
  ['SERVICE', 'service'],
  ['INSTANCE', 'instance'],
  ['ENDPOINT', 'endpoint'],
  ['NODE', 'node'],
  ['COMPONENT', 'component'],
  ['LAYER', 'layer'],
]);

const labelsOf = (entity: readonly NamedLabel[]) => entity.map(({ value }) => value);

/** The event of an alarm, as its row is now. @param maxFilterKeys of an event */
export function alarmDraft(alarm: AlarmRow, maxFilterKeys: number): EventDraft {
  const { id, ruleName, namespace, entity, severity, value, threshold, notices } = alarm;
  return {
    id,
    namespace,
    category: alarmCategory,
    action: ruleName,
    severity,
    source: sourceOf(entity),
    key: entityName(labelsOf(entity), ruleName),
    filterKeys: alarm.evidence.slice(0, maxFilterKeys),
    message: alarm.message,
    tags: alarm.tags,
    traits: [
      { name: 'rule', type: 'TEXT', value: ruleName },
      ...numberTrait('value', value),
      ...numberTrait('threshold', threshold),
      ...(notices > 1 || alarm.recoveredAt !== null
        ? numberTrait('latestValue', alarm.latestValue)
        : []),
      ...(notices > 1 ? [{ name: 'notices', type: 'INT', value: notices } as const] : []),
    ],
    value: {
      entity: entity.map(({ name, value: label }) => ({ name, value: label })),
      ...alarm.details,
    },
    time: alarm.startedAt,
    endTime: alarm.recoveredAt,
    dialect: 'TIDINGS',
  };
}

/** The event of a notice that speaks for many alarms. */
export function groupDraft(group: GroupRow): EventDraft {
  const { id, ruleName, namespace, severity, sample, members } = group;
  const others = members - sample.length;
  const names = `${sample.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
  return {
    id,
    namespace,
    category: alarmCategory,
    action: ruleName,
    severity,
    key: ruleName,
    message: `${ruleName}: ${members} alarms: ${names}`.slice(0, maxGroupMessage),
    tags: group.tags,
    traits: [
      { name: 'rule', type: 'TEXT', value: ruleName },
      { name: membersTrait, type: 'INT', value: members },
    ],
    time: group.startedAt,
    endTime: group.endedAt,
    dialect: 'TIDINGS',
  };
}

/** Whether an event of the category of alarms speaks for several of them, and is none itself. */
export const isGroupNotice = ({ traits }: Pick<Event, 'traits'>): boolean =>
  traits.some(({ name }) => name === membersTrait);

/** Only the event of a notice has it: how many alarms it speaks for. */
const membersTrait = 'alarms';

const maxGroupMessage = 4_096;

const numberTrait = (name: string, value: number | null): readonly DraftTrait[] =>
  value === null || !Number.isFinite(value) ? [] : [{ name, type: 'FLOAT', value }];

function sourceOf(entity: readonly NamedLabel[]): EventDraft['source'] {
  const known = entity.flatMap(({ name, value }) => {
    const field = sourceFields.get(name);
    return field === undefined || value === null ? [] : [[field, value] as const];
  });
  return known.length === 0 ? null : Object.fromEntries(known);
}
