import { v7 } from 'uuid';
import type { DraftTime, DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Event, Instant, Json, Trait } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { eventId } from './event-id.ts';
import { jsonOf } from './json.ts';
import { clean, kept, keptSource } from './kept.ts';
import type { EventMessage, Int64, MessageSource } from './message.ts';

/** A longer uuid still finds its event, but is not answered. */
const maxKey = 1_024;
/** One less than the traits of an event, for the trait below. */
const maxParameters = 127;

/** The trait of a report whose startTime was 0, as it reports an end alone: its time is that of the end. */
const startless: Trait = { name: 'skywalking.startTime', type: 'INT', value: 0 };

/** The parameters of an event: its traits without that of ours. */
export const parametersOf = ({ traits }: Pick<Event, 'traits'>): readonly Trait[] =>
  traits.filter(({ name }) => name !== startless.name);

/** Whether one of the event's reports had the end alone, so that the start may be unknown. */
export const endedAlone = ({ traits }: Pick<Event, 'traits'>): boolean =>
  traits.some(({ name }) => name === startless.name);

type Clock = NonNullable<EventDraft['clock']>;

interface DraftOptions {
  /** The message as it arrived. */
  readonly raw?: Json;
  /** ARRIVAL by default: an agent gets no answer for an event, and does not report it again. */
  readonly clock?: Clock;
}

/**
 * SkyWalking's event as a draft. A message without times happened when it arrived. One without a uuid gets an id here,
 * so that its draft can be reported again.
 */
export function draftOf(
  message: EventMessage,
  now: Instant,
  { raw = jsonOf(message), clock = 'ARRIVAL' }: DraftOptions = {},
): EventDraft {
  const source = keptSource(message.source);
  const uuid = clean(message.uuid);
  const id = uuid === '' ? v7() : eventId(uuid);
  const { category, key } = target(source);
  const action = said(kept('name', message.name));
  return {
    dialect: 'SKYWALKING',
    id,
    // The two go together: a report without a name must not remove the name that an earlier one gave.
    category: action === undefined ? undefined : category,
    action,
    severity: message.type === 'Error' ? 'ERROR' : 'NORMAL',
    source: {
      service: said(source.service),
      instance: said(source.serviceInstance),
      endpoint: said(source.endpoint),
      layer: said(kept('layer', message.layer)),
    },
    key,
    filterKeys: otherKeys(uuid, source, [id, key]),
    message: said(clean(message.message)),
    ...timesOf(message, now, clock),
    traits: [...parameterTraits(message.parameters), ...(endsAlone(message) ? [startless] : [])],
    clock,
    raw: holdsNul(raw) ? undefined : raw,
  };
}

/** Such a message cannot be stored as it arrived. */
const holdsNul = (raw: Json): boolean => stringifyJson(raw).includes('\\u0000');

/** The event happened to the deepest part that was given. */
function target({ service, serviceInstance, endpoint }: MessageSource): {
  readonly category: string | undefined;
  readonly key: string | undefined;
} {
  if (endpoint !== '') return { category: 'Endpoint', key: endpoint };
  if (serviceInstance !== '') return { category: 'ServiceInstance', key: serviceInstance };
  if (service !== '') return { category: 'Service', key: service };
  return { category: undefined, key: undefined };
}

/** The uuid, where it is not the id, and the parts of the source above the deepest. */
function otherKeys(
  uuid: string,
  { service, serviceInstance }: MessageSource,
  known: readonly (string | undefined)[],
): readonly string[] {
  const keys = [uuid.length > maxKey ? '' : uuid, service, serviceInstance];
  return keys.filter((key) => key !== '' && !known.includes(key));
}

const endsAlone = ({ startTime, endTime }: EventMessage): boolean => startTime <= 0 && endTime > 0;

/** An end before the start is replaced by the start: a duration cannot be negative. */
function timesOf(
  { startTime, endTime }: EventMessage,
  now: Instant,
  clock: Clock,
): Pick<EventDraft, 'time' | 'endTime'> {
  const timeOf = clock === 'ARRIVAL' ? instantOrDigits : instant;
  if (startTime <= 0) {
    const moment = timeOf(endTime > 0 ? endTime : Math.floor(now / 1000));
    return { time: moment, endTime: moment };
  }
  const end = endTime > 0 ? timeOf(endTime > startTime ? endTime : startTime) : undefined;
  return { time: timeOf(startTime), endTime: end };
}

function parameterTraits(parameters: EventMessage['parameters']): readonly DraftTrait[] {
  const traits = new Map<string, DraftTrait>();
  for (const [key, value] of parameters) {
    const name = kept('parameter', key);
    if (name === '' || name === startless.name) continue;
    traits.set(name, { name, type: 'TEXT', value: clean(value) });
  }
  return [...traits.values()].slice(0, maxParameters);
}

/** The last millisecond of the year 9999. */
const lastMillisecond = 253_402_300_799_999;

const instant = (milliseconds: Int64): Instant => Number(milliseconds) * 1000;

/** Of a time that is not an instant all the digits, which the intake keeps as a trait. */
const instantOrDigits = (milliseconds: Int64): DraftTime =>
  milliseconds > lastMillisecond ? String(milliseconds) : instant(milliseconds);

const said = (text: string): string | undefined => (text === '' ? undefined : text);
