import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import {
  type Json,
  type Plane,
  planes,
  type Severity,
  severities,
  type TraitType,
  traitTypes,
} from '../../event/event.ts';
import { isJsonObject } from '../../event/json.ts';
import { CloudEventError } from './cloud-event.ts';

interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/**
 * An event of Tidings as encode.ts has written it into `data`. Members that the sender left out are absent.
 * @throws CloudEventError where a member is not of the event's type
 */
export function readOwnEvent(data: Json): Omit<EventDraft, 'id' | 'dialect'> {
  const event = objectIn(data, 'data');
  const source = event.source == null ? {} : objectIn(event.source, 'data.source');
  return {
    namespace: textIn(event, 'namespace'),
    category: textIn(event, 'category'),
    action: textIn(event, 'action'),
    severity: oneOf<Severity>(severities, event, 'severity'),
    source: {
      service: textIn(source, 'service'),
      instance: textIn(source, 'instance'),
      endpoint: textIn(source, 'endpoint'),
      node: textIn(source, 'node'),
      component: textIn(source, 'component'),
      plane: oneOf<Plane>(planes, source, 'plane'),
      layer: textIn(source, 'layer'),
    },
    key: textIn(event, 'key'),
    filterKeys: listIn(event, 'filterKeys').map((key) => text(key, 'data.filterKeys')),
    message: textIn(event, 'message'),
    tags: reported(listIn(event, 'tags').map((tag) => text(tag, 'data.tags'))),
    traits: listIn(event, 'traits').map(traitIn),
    value: event.value ?? null,
    time: textIn(event, 'time'),
    endTime: textIn(event, 'endTime'),
    raw: event.raw ?? null,
  };
}

/** Without the groups that the intake adds again, as it counts tags before it expands them. */
const reported = (tags: readonly string[]): string[] =>
  tags.filter((tag, at) => tag.includes(':') || !tags[at + 1]?.startsWith(`${tag}:`));

function traitIn(json: Json): DraftTrait {
  const trait = objectIn(json, 'A trait in data');
  const name = text(trait.name ?? null, 'The name of a trait in data');
  const type = oneOf<TraitType>(traitTypes, trait, 'type');
  const { value } = trait;
  const subject = `The trait ${name} in data`;
  if (type === 'TEXT') return { name, type, value: text(value ?? null, subject) };
  if (type === 'DATETIME') return { name, type, value: text(value ?? null, subject) };
  if (type !== null && (typeof value === 'number' || typeof value === 'bigint')) {
    return { name, type, value: Number(value) };
  }
  throw new CloudEventError(`The trait ${name} in data must have a type and a value of it.`);
}

function objectIn(json: Json, subject: string): JsonObject {
  if (isJsonObject(json)) return json;
  throw new CloudEventError(`${subject} must be an object, as the event is one of Tidings.`);
}

function text(json: Json, subject: string): string {
  if (typeof json === 'string') return json;
  throw new CloudEventError(`${subject} must be a string, as the event is one of Tidings.`);
}

const textIn = (object: JsonObject, name: string): string | null => {
  const value = object[name] ?? null;
  return value === null ? null : text(value, `data.${name}`);
};

function listIn(object: JsonObject, name: string): readonly Json[] {
  const value = object[name] ?? [];
  if (Array.isArray(value)) return value;
  throw new CloudEventError(`data.${name} must be a list, as the event is one of Tidings.`);
}

function oneOf<Name extends string>(
  names: readonly Name[],
  object: JsonObject,
  name: string,
): Name | null {
  const value = object[name] ?? null;
  if (value === null) return null;
  const found = names.find((each) => each === value);
  if (found !== undefined) return found;
  throw new CloudEventError(`data.${name} must be one of ${names.join(', ')}.`);
}
