import type { Event, Trait } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import { stringifyJson } from '../../event/json.ts';
import { attributeText } from './cloud-event.ts';

/** Digits of `sequence`, which is compared as a string. */
const sequenceDigits = 16;

/** In the order in which a person reads them. */
function attributesOf(event: Event): Readonly<Record<string, string | number | undefined>> {
  const failed = event.severity === 'ERROR';
  return {
    specversion: '1.0',
    // The report of a start and the one of its end are two CloudEvents, which receivers must not take for repeats.
    id: `${event.id}:${event.index}`,
    source: sourceOf(event),
    type: attributeText(event.type),
    subject: event.key === null ? undefined : attributeText(event.key),
    time: formatInstant(event.time),
    datacontenttype: 'application/json',
    sequence: String(event.index).padStart(sequenceDigits, '0'),
    recordedtime: formatInstant(event.recordedAt),
    partitionkey: attributeText(event.key ?? event.id),
    severitytext: event.severity,
    severitynumber: failed ? 17 : 9,
    tidingsid: event.id,
    tidingsend: event.endTime === null ? undefined : formatInstant(event.endTime),
  };
}

/** /tidings/<namespace>, with the service and its instance where they are known. */
function sourceOf({ namespace, source: { service, instance } }: Event): string {
  const segments = [namespace, service ?? '', instance ?? ''].map(encodeURIComponent);
  return `/tidings/${segments.join('/')}`.replace(/\/+$/, '');
}

/** An event in the JSON format, in one line. */
export const structuredText = (event: Event): string =>
  stringifyJson({ ...attributesOf(event), data: dataOf(event) });

/** The event under the names of GraphQL's Event. */
const dataOf = (event: Event) => ({
  id: event.id,
  index: event.index,
  namespace: event.namespace,
  category: event.category,
  action: event.action,
  type: event.type,
  severity: event.severity,
  source: event.source,
  key: event.key,
  filterKeys: event.filterKeys,
  message: event.message,
  tags: event.tags,
  traits: event.traits.map(traitData),
  value: event.value,
  time: formatInstant(event.time),
  endTime: event.endTime === null ? null : formatInstant(event.endTime),
  recordedAt: formatInstant(event.recordedAt),
  dialect: event.dialect,
  raw: event.raw,
});

const traitData = ({ name, type, value }: Trait) => ({
  name,
  type,
  value: type === 'DATETIME' ? formatInstant(value) : value,
});
