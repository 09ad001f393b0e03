import { type Event, type Json, type Report, typeOf } from '../../event/event.ts';
import { stringifyJson } from '../../event/json.ts';
import { tagsOf, timestampOf, versionOf } from './decode.ts';

/**
 * How values are answered. `text` is Vamp's own form: a query answers every value that is not a string as a string of
 * JSON. `typed` answers values as they were reported.
 */
export type ValueForm = 'text' | 'typed';

/** An event as Vamp writes it; undefined members are left out. */
export interface AnsweredEvent {
  readonly id: string;
  readonly version: string | undefined;
  readonly tags: readonly string[];
  readonly value: Json | undefined;
  readonly timestamp: string;
  readonly type: string;
}

/** For the stream: values as they were reported. */
export const streamed = (event: Event | Report): AnsweredEvent =>
  answered(event, shownValue(event) ?? undefined);

const streamedTexts = new WeakMap<Event, string>();

/** The same as JSON, written once for all streams. */
export function streamedText(event: Event): string {
  const known = streamedTexts.get(event);
  if (known !== undefined) return known;
  const text = stringifyJson(streamed(event));
  streamedTexts.set(event, text);
  return text;
}

/** For GET /events. */
export const listed = (event: Event, form: ValueForm): AnsweredEvent =>
  answered(
    event,
    form === 'typed' ? (shownValue(event) ?? undefined) : valueText(shownValue(event)),
  );

/** For POST /events: Vamp's own form writes the keys of an object in snake case. */
export const echoed = (report: Report, form: ValueForm): AnsweredEvent => {
  const value = report.value ?? undefined;
  return answered(report, form === 'text' && value !== undefined ? snakeCased(value) : value);
};

const answered = (event: Event | Report, value: Json | undefined): AnsweredEvent => ({
  id: event.id,
  version: versionOf(event) ?? undefined,
  tags: tagsOf(event),
  value,
  timestamp: timestampOf(event),
  type: typeOf(event),
});

/** Events of other dialects may have a message where Vamp's have a value. */
const shownValue = ({ value, message }: Event | Report): Json => value ?? message;

function valueText(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : stringifyJson(value);
}

function snakeCased(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(snakeCased);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [snakeCase(name), snakeCased(inner)]),
  );
}

const snakeCase = (name: string): string =>
  /[-_/]/.test(name) ? name : name.replace(/(\P{Lu})(?=\p{Lu})/gu, '$1_').toLowerCase();
