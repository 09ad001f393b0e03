import type { Json } from '../../event/event.ts';
import { InstantError, parseInstant } from '../../event/instant.ts';

/** Integer, Boolean, or one of the types that are written as strings. */
export type AttributeValue = string | number | boolean;

/** The data of an event: JSON, text of another media type, or bytes in base64. */
export type EventData =
  | { readonly json: Json }
  | { readonly text: string }
  | { readonly base64: string };

/** A CloudEvent whose attributes have been checked, however it arrived. */
export interface CloudEvent {
  /** By name, the required ones included. */
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Undefined where the event has none. */
  readonly data: EventData | undefined;
}

/** A message that is not a CloudEvent; the message says what is wrong with it. */
export class CloudEventError extends Error {
  override readonly name = 'CloudEventError';
  readonly status: 400 | 413 | 415;

  constructor(
    message: string,
    { status = 400, ...options }: ErrorOptions & { readonly status?: 400 | 413 | 415 } = {},
  ) {
    super(message, options);
    this.status = status;
  }
}

const required = ['id', 'source', 'specversion', 'type'] as const;

/** Control characters, halves of characters and noncharacters, which a String must not contain. */
const forbidden = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u;
const uriCharacters = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/;
const brokenEscape = /%(?![\da-fA-F]{2})/;
const isUriReference = (text: string): boolean =>
  uriCharacters.test(text) && !brokenEscape.test(text);
const uri = /^[A-Za-z][A-Za-z\d+.-]*:/;
const token = "[\\w!#$%&'*+.^`|~-]+";
const mediaType = new RegExp(`^${token}/${token}\\s*(?:;.*)?$`, 's');

type Rule = readonly [isValid: (text: string) => boolean, sentence: string];

/** The rule of each attribute that has one, and how a sentence says it. Timestamps of extensions are known as such. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['specversion', [(text) => text === '1.0', 'must be "1.0"']],
  ['source', [isUriReference, 'must be a URI reference such as /orders']],
  ['dataschema', [(text) => uri.test(text) && isUriReference(text), 'must be an absolute URI']],
  ['datacontenttype', [(text) => mediaType.test(text), 'must be a media type such as text/plain']],
  ['time', [isTimestamp, 'must be an RFC 3339 timestamp such as 2026-11-20T08:15:30Z']],
  ['recordedtime', [isTimestamp, 'must be an RFC 3339 timestamp']],
  ['expirytime', [isTimestamp, 'must be an RFC 3339 timestamp']],
]);
const strings = new Set([...required, 'subject', ...rules.keys()]);

/** @throws CloudEventError where a name is not one of an attribute, a value is not of its type, or one is missing */
export function checkAttributes(attributes: ReadonlyMap<string, AttributeValue>): void {
  for (const name of required) {
    if (!attributes.has(name)) throw new CloudEventError(`The attribute ${name} is missing.`);
  }
  for (const [name, value] of attributes) checkAttribute(name, value);
}

function checkAttribute(name: string, value: AttributeValue): void {
  if (!/^[a-z\d]+$/.test(name) || name === 'data') {
    throw new CloudEventError(
      `${JSON.stringify(name.slice(0, 80))} is not a name of an attribute: use a-z and 0-9.`,
    );
  }
  const rule = typeof value === 'string' ? brokenRule(name, value) : brokenType(name, value);
  if (rule !== null) throw new CloudEventError(`The attribute ${name} ${rule}.`);
}

function brokenType(name: string, value: number | boolean): string | null {
  if (strings.has(name)) return 'must be a string';
  return value !== true && value !== false && value !== (value | 0)
    ? 'must be an integer of 32 bits'
    : null;
}

function brokenRule(name: string, value: string): string | null {
  if (forbidden.test(value)) return 'has a character that is not allowed there';
  if (value === '' && strings.has(name)) return 'must not be empty';
  const [isValid, sentence] = rules.get(name) ?? [];
  return isValid?.(value) === false ? (sentence ?? null) : null;
}

function isTimestamp(text: string): boolean {
  try {
    parseInstant(text);
    return true;
  } catch (error) {
    if (error instanceof InstantError) return false;
    throw error;
  }
}

/** A string as an attribute can hold it. */
export const attributeText = (text: string): string =>
  text.replace(new RegExp(forbidden, 'gu'), '\ufffd');
