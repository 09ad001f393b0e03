import type { Event, Json } from '../../event/event.ts';
import { isJsonObject, stringifyJson } from '../../event/json.ts';
import type { Encoder } from '../../sinks/encoder.ts';
import { inOneLine } from '../line.ts';
import { nomadTraits } from './nomad-traits.ts';

/** An event as Nomad writes it: Go's field names, in the order of their declaration. */
interface StreamEvent {
  readonly Topic: string;
  readonly Type: string;
  readonly Key: string;
  readonly Namespace: string;
  readonly FilterKeys: readonly string[] | null;
  readonly Index: number;
  readonly Payload: Json;
}

/** A line of the stream. Nomad's is a transaction; ours is one event, as each has an index of its own. */
export const eventLine = (event: Event): string =>
  `${inOneLine(stringifyJson({ Index: event.index, Events: [streamEvent(event)] }))}\n`;

/** For sinks: a body is a line of the stream, as Nomad's own sinks posted it. */
export const nomadEncoder: Encoder = {
  format: 'NOMAD',
  maxBatch: 1,
  encode: ([event]) =>
    event === undefined
      ? null
      : { contentType: 'application/json', headers: {}, body: eventLine(event) },
};

function streamEvent(event: Event): StreamEvent {
  const clusterWide = textOf(event, nomadTraits.scope) === 'cluster';
  const filterKeys = textOf(event, nomadTraits.empty)?.includes('FilterKeys')
    ? [...event.filterKeys, '']
    : event.filterKeys;
  return {
    Topic: event.category,
    Type: event.action ?? '',
    Key: event.key ?? '',
    Namespace: clusterWide ? '' : event.namespace,
    FilterKeys: filterKeys.length === 0 ? null : filterKeys,
    Index: event.index,
    Payload: payloadOf(event),
  };
}

/** An object or null: Nomad's own client cannot read anything else. */
function payloadOf({ value, message }: Event): Json {
  if (isJsonObject(value)) return value;
  if (value === null && message === null) return null;
  return message === null ? { Value: value } : { Value: value, Message: message };
}

function textOf({ traits }: Event, name: string): string | null {
  const trait = traits.find((candidate) => candidate.name === name);
  return trait?.type === 'TEXT' ? trait.value : null;
}
