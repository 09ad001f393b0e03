import type { Json } from '../../event/event.ts';
import { isJsonObject, parseJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';

/** JSON as OTLP maps its messages: camelCase names, integers of 64 bits as strings or numbers. */
export type Message = Readonly<Record<string, Json | undefined>>;

/** A body that is not an export request; the message says why. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}

/** @throws MalformedRequest */
export function requestFromJson(text: string): Message {
  if (isNestedDeeper(text)) {
    throw new MalformedRequest(`The body is nested more than ${maxDocumentDepth} levels deep.`);
  }
  try {
    return messageIn(parseJson(text), 'The body');
  } catch (cause) {
    if (cause instanceof MalformedRequest) throw cause;
    throw new MalformedRequest('The body is not JSON.', { cause });
  }
}

/** @throws MalformedRequest */
export function messageIn(json: Json | undefined, subject: string): Message {
  if (isJsonObject(json)) return json;
  throw new MalformedRequest(`${subject} must be an object.`);
}

/** The objects of a repeated field, which may be absent. @throws MalformedRequest */
export function messagesIn(message: Message, name: string): readonly Message[] {
  const list = message[name] ?? [];
  if (Array.isArray(list)) return list.map((each) => messageIn(each, `An entry of ${name}`));
  throw new MalformedRequest(`${name} must be a list.`);
}

/** @throws MalformedRequest */
export function textIn(message: Message, name: string): string {
  const text = message[name] ?? '';
  if (typeof text === 'string') return text;
  throw new MalformedRequest(`${name} must be a string.`);
}

/** An integer, 0 where it is absent. @throws MalformedRequest */
export function integerIn(message: Message, name: string): bigint {
  const value = message[name] ?? 0;
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new MalformedRequest(`${name} must be an integer.`);
}

/** @throws MalformedRequest */
export function booleanIn(message: Message, name: string): boolean {
  const value = message[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw new MalformedRequest(`${name} must be true or false.`);
}

/** A number, 0 where it is absent. Protobuf's JSON may have it as a string, and has NaN and Infinity so. @throws MalformedRequest */
export function doubleIn(message: Message, name: string): number {
  const value = message[name] ?? 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'string' && doubleText.test(value)) return Number(value);
  throw new MalformedRequest(`${name} must be a number.`);
}

const doubleText = /^(?:-?\d{1,400}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?|NaN|-?Infinity)$/;
