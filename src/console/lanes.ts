import type { Event, Severity } from '../client/schema.generated.ts';
import type { Span } from './time-range.ts';

export type LaneEvent = Pick<
  Event,
  'id' | 'type' | 'severity' | 'key' | 'tags' | 'time' | 'endTime' | 'source'
> & {
  readonly message?: string | null;
  readonly namespace: string;
};

/** One line of the timeline. */
export interface Lane {
  readonly name: string;
  /** Rows that are needed so that no two bars of a lane cover each other. */
  readonly rows: number;
  readonly marks: readonly Mark[];
}

export interface Mark {
  readonly event: LaneEvent;
  readonly severity: Severity;
  readonly fromMs: number;
  readonly toMs: number;
  /** MOMENT: no duration. OPEN: it has begun and not ended. */
  readonly kind: 'MOMENT' | 'BAR' | 'OPEN';
  /** Within its lane, from 0. */
  readonly row: number;
}

/** Ways to divide events into lanes: `source`, a field, or `tag:GROUP`. */
export const laneChoices: readonly (readonly [string, string])[] = [
  ['source', 'Service and instance'],
  ['type', 'Type'],
  ['key', 'Key'],
  ['node', 'Node'],
  ['namespace', 'Namespace'],
];

const maxRows = 6;

/** The name of the lane to which an event belongs. */
export function laneOf(event: LaneEvent, by: string): string {
  if (event.type.startsWith('Alarm.')) return alarmLane;
  const { source, tags, key, type, namespace } = event;
  if (by.startsWith('tag:')) {
    const group = by.slice('tag:'.length);
    return tags.find((tag) => tag.startsWith(`${group}:`))?.slice(group.length + 1) ?? none;
  }
  switch (by) {
    case 'type':
      return type;
    case 'key':
      return key ?? none;
    case 'node':
      return source.node ?? none;
    case 'namespace':
      return namespace;
    default:
      return [source.service, source.instance].filter((part) => part != null).join(' · ') || none;
  }
}

const alarmLane = 'Alarms';
const none = '–';

/**
 * Events in lanes, alarms first. An event without an end is open where others of its type have ended or it is an alarm:
 * the rest are moments.
 */
export function lanesOf(events: readonly LaneEvent[], by: string, span: Span): readonly Lane[] {
  const lasting = new Set(events.filter(({ endTime }) => endTime !== null).map(({ type }) => type));
  const lanes = new Map<string, LaneEvent[]>();
  for (const event of events) {
    const name = laneOf(event, by);
    const lane = lanes.get(name);
    if (lane === undefined) lanes.set(name, [event]);
    else lane.push(event);
  }
  return [...lanes]
    .sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
    .map(([name, inLane]) => laneFrom(name, inLane, lasting, span));
}

const order = (name: string): number => {
  if (name === alarmLane) return 0;
  return name === none ? 2 : 1;
};

function laneFrom(
  name: string,
  events: readonly LaneEvent[],
  lasting: ReadonlySet<string>,
  span: Span,
): Lane {
  const sorted = events
    .map((event) => ({ event, fromMs: Date.parse(event.time) }))
    .sort((a, b) => a.fromMs - b.fromMs);
  const kinds = sorted.map(({ event }) => kindOf(event, name, lasting));
  // Moments have the first row to themselves.
  const firstRow = kinds.includes('MOMENT') ? 1 : 0;
  /** When each row of bars is free again. */
  const free: number[] = [];
  const marks = sorted.map(({ event, fromMs }, at): Mark => {
    const kind = kinds[at] ?? 'MOMENT';
    const toMs = kind === 'OPEN' ? span.toMs : Date.parse(event.endTime ?? event.time);
    const row = kind === 'MOMENT' ? 0 : firstRow + take(free, fromMs, toMs);
    return { event, severity: event.severity, fromMs, toMs, kind, row };
  });
  return { name, marks, rows: Math.max(1, firstRow + free.length) };
}

/** Takes the first row that is free, or the last where there are many already. */
function take(free: number[], fromMs: number, toMs: number): number {
  const found = free.findIndex((freeMs) => freeMs <= fromMs);
  const row = found === -1 ? Math.min(free.length, maxRows - 1) : found;
  free[row] = Math.max(toMs, free[row] ?? 0);
  return row;
}

function kindOf(event: LaneEvent, lane: string, lasting: ReadonlySet<string>): Mark['kind'] {
  if (event.endTime !== null) return 'BAR';
  return lane === alarmLane || lasting.has(event.type) ? 'OPEN' : 'MOMENT';
}
