import { v5 } from 'uuid';
import type { DraftTrait, EventDraft } from '../../event/draft.ts';
import type { Json, Severity } from '../../event/event.ts';
import { readUuid } from '../../event/uuid.ts';
import { foreignType } from '../foreign-type.ts';
import type { AttributeValue, CloudEvent, EventData } from './cloud-event.ts';
import { readOwnEvent } from './own-event.ts';
import { envelopeOf } from './read-message.ts';

/**
 * How a CloudEvent becomes an event:
 *
 * | CloudEvents | event |
 * |---|---|
 * | id | id where it is a UUID; else one is made of source and id, and id is a filter key |
 * | source | source.service |
 * | type | category and action, split at its first dot |
 * | subject | key |
 * | time | time; that of its arrival where there is none |
 * | severitynumber from 17 up, else severitytext ERROR, FATAL, CRITICAL | severity ERROR |
 * | recordedtime, expirytime | DATETIME traits |
 * | other attributes | traits by their name: Integer INT, the others TEXT |
 * | data | value; bytes are {"base64": ...} |
 * | the event in the JSON format | raw |
 *
 * An event that a gateway of Tidings has sent is read from its data, so that it is the same event as there.
 *
 * @throws CloudEventError where the data of an event of Tidings is not one
 */
export function draftOf(event: CloudEvent, clock: EventDraft['clock']): EventDraft {
  const { attributes, data } = event;
  const tidingsId = readUuid(text(attributes, 'tidingsid') ?? '');
  if (tidingsId !== null && data !== undefined && 'json' in data) {
    return { ...readOwnEvent(data.json), id: tidingsId, clock, dialect: 'CLOUDEVENTS' };
  }
  const id = text(attributes, 'id') ?? '';
  const source = text(attributes, 'source') ?? '';
  const uuid = readUuid(id);
  return {
    dialect: 'CLOUDEVENTS',
    id: uuid ?? v5(`${source}\n${id}`, idSpace),
    ...foreignType(text(attributes, 'type') ?? ''),
    severity: severityOf(attributes),
    source: { service: source },
    key: text(attributes, 'subject'),
    filterKeys: uuid === null ? [id] : [],
    traits: [...attributes].filter(([name]) => !mapped.has(name)).map(traitOf),
    value: dataValue(data),
    time: text(attributes, 'time'),
    clock,
    raw: envelopeOf(event),
  };
}

/** The name space of ids that are made of source and id; it must never change. */
const idSpace = 'b6f5a2de-6c1b-5f0e-9d43-7a1c8e0f2b95';

const mapped = new Set(['id', 'source', 'specversion', 'type', 'subject', 'time']);

const text = (attributes: CloudEvent['attributes'], name: string): string | undefined => {
  const value = attributes.get(name);
  return value === undefined ? undefined : String(value);
};

function severityOf(attributes: CloudEvent['attributes']): Severity | null {
  const number = attributes.get('severitynumber');
  if (typeof number === 'number') return number >= firstErrorNumber ? 'ERROR' : 'NORMAL';
  const word = text(attributes, 'severitytext');
  if (word === undefined) return null;
  return /^(?:error|fatal|critical|alert|emergency)$/i.test(word) ? 'ERROR' : 'NORMAL';
}

/** Of OpenTelemetry's severity numbers, which the extension recommends. */
const firstErrorNumber = 17;

const timestamps = new Set(['recordedtime', 'expirytime']);

function traitOf([name, value]: readonly [string, AttributeValue]): DraftTrait {
  if (typeof value === 'number') return { name, type: 'INT', value };
  if (timestamps.has(name)) return { name, type: 'DATETIME', value: String(value) };
  return { name, type: 'TEXT', value: String(value) };
}

function dataValue(data: EventData | undefined): Json {
  if (data === undefined) return null;
  if ('base64' in data) return { base64: data.base64 };
  return 'text' in data ? data.text : data.json;
}
