import type { Event, Json } from '../../../event/event.ts';
import { millisecondOf } from '../../../event/instant.ts';
import { alarmCategory } from '../../../sinks/loop-guard.ts';
import { serviceId } from '../entity-id.ts';
import { shownLayer } from '../layer.ts';
import { type AlarmEntity, entityOf } from './alarm-entity.ts';

export interface AlarmTag {
  readonly key: string;
  readonly value: string;
}

/** What a rule of the settings adds to its alarms. */
interface AlarmRuleFacts {
  readonly expression: string;
  readonly tags: readonly AlarmTag[];
  readonly hooks: readonly string[];
}

/** The rules of the settings by name: of another rule's alarm its event says everything. */
export type AlarmRules = ReadonlyMap<string, AlarmRuleFacts>;

/** SkyWalking's AlarmMessage, and its AlarmRecoveryMessage where it has a recoveryTime. Members in its order. */
export interface AlarmMessage {
  readonly scopeId: number;
  readonly scope: string;
  readonly name: string;
  readonly id0: string;
  readonly id1: string;
  readonly ruleName: string;
  readonly alarmMessage: string;
  readonly tags: readonly AlarmTag[];
  /** Milliseconds since the epoch. */
  readonly startTime: number;
  readonly hooks: readonly string[];
  /** Absent where the rule is none of the settings. */
  readonly expression?: string;
  /** For each metric the JSON of its values. */
  readonly mqeMetricsSnapshot?: Readonly<Record<string, string>>;
  readonly uuid: string;
  /** Empty where the layer is not known, and in a recovery. */
  readonly layers: readonly string[];
  /** Milliseconds since the epoch. */
  readonly recoveryTime?: number;
}

/** An alarm's event as SkyWalking's message. */
export function alarmMessageOf(event: Event, rules: AlarmRules): AlarmMessage {
  const { scopeId, scope, name, id0, id1 } = alarmEntity(event);
  const ruleName = event.action ?? '';
  const rule = rules.get(ruleName);
  const snapshot = snapshotOf(event.value);
  const layer = shownLayer(event.source.layer);
  const isOver = event.endTime !== null;
  return {
    scopeId,
    scope,
    name,
    id0,
    id1,
    ruleName,
    alarmMessage: event.message ?? '',
    tags: rule?.tags ?? tagsOf(event),
    startTime: millisecondOf(event.time),
    hooks: rule?.hooks ?? [],
    ...(rule !== undefined && { expression: rule.expression }),
    ...(snapshot !== null && { mqeMetricsSnapshot: snapshot }),
    uuid: event.id,
    layers: layer === 'UNDEFINED' || isOver ? [] : [layer],
    ...(event.endTime !== null && { recoveryTime: millisecondOf(event.endTime) }),
  };
}

/** An alarm that is about no service is shown as one about a service of its key's name, or of its rule's. */
export function alarmEntity({ source, key, action }: Event): AlarmEntity {
  const name = key ?? action ?? alarmCategory;
  return entityOf(source) ?? { scope: 'SERVICE', scopeId: 1, name, id0: serviceId(name), id1: '' };
}

/** Tags with a colon: `level:CRITICAL`. */
function tagsOf({ tags }: Pick<Event, 'tags'>): readonly AlarmTag[] {
  return tags.flatMap((tag) => {
    const colon = tag.indexOf(':');
    return colon <= 0 ? [] : { key: tag.slice(0, colon), value: tag.slice(colon + 1) };
  });
}

/** The name under which an alarm's event keeps the values of its metrics. */
const snapshotName = 'mqeMetricsSnapshot';

function snapshotOf(value: Json): Readonly<Record<string, string>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const snapshot = value[snapshotName];
  if (typeof snapshot !== 'object' || snapshot === null || Array.isArray(snapshot)) return null;
  return Object.fromEntries(
    Object.entries(snapshot).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
