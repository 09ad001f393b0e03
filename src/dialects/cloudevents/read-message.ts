import type { Json } from '../../event/event.ts';
import { parseJson } from '../../event/json.ts';
import { isNestedDeeper, maxDocumentDepth } from '../../event/json-depth.ts';
import {
  type AttributeValue,
  type CloudEvent,
  CloudEventError,
  checkAttributes,
  type EventData,
} from './cloud-event.ts';
import { decodeHeaderValue } from './header-value.ts';

export type ContentMode = 'BINARY' | 'STRUCTURED' | 'BATCH';

/** The content mode by the media type, which alone decides. @throws CloudEventError 415 for formats other than JSON */
export function contentModeOf(mediaType: string): ContentMode {
  const [type = '', ...parameters] = mediaType.toLowerCase().split(';');
  if (!type.startsWith('application/cloudevents')) return 'BINARY';
  const charset = parameters.join(';').match(/charset\s*=\s*"?([^\s";]*)/)?.[1] ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'us-ascii') {
    throw new CloudEventError(`The charset ${charset} is not supported: send UTF-8.`, {
      status: 415,
    });
  }
  const format = type.trim();
  if (format === 'application/cloudevents+json') return 'STRUCTURED';
  if (format === 'application/cloudevents-batch+json') return 'BATCH';
  throw new CloudEventError(`The format ${format.slice(0, 80)} is not supported: send JSON.`, {
    status: 415,
  });
}

/** A JSON text that is not nested too deeply. @throws CloudEventError */
export function parseDocument(bytes: Uint8Array, subject: string): Json {
  const text = utf8Text(bytes);
  if (text === null) throw new CloudEventError(`${subject} is not UTF-8.`);
  if (isNestedDeeper(text)) {
    throw new CloudEventError(
      `${subject} is nested more than ${maxDocumentDepth} levels deep: flatten it.`,
    );
  }
  try {
    return parseJson(text);
  } catch (cause) {
    throw new CloudEventError(`${subject} is not JSON.`, { cause });
  }
}

/** An event in the JSON format. @throws CloudEventError */
export function readEnvelope(json: Json): CloudEvent {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new CloudEventError('An event must be a JSON object.');
  }
  const { data, data_base64: base64, ...members } = json;
  const attributes = new Map<string, AttributeValue>();
  for (const [name, value] of Object.entries(members)) {
    if (value === null) continue;
    // A bigint is beyond 32 bits, and is reported as a number that is not one of them.
    if (typeof value === 'bigint') attributes.set(name, Number(value));
    else if (typeof value !== 'object') attributes.set(name, value);
    else throw new CloudEventError(`The attribute ${name.slice(0, 80)} must not be structured.`);
  }
  checkAttributes(attributes);
  return { attributes, data: envelopeData(data, base64, contentTypeIn(attributes)) };
}

const contentTypeIn = (attributes: ReadonlyMap<string, AttributeValue>): string | undefined =>
  attributes.get('datacontenttype') as string | undefined;

function envelopeData(
  data: Json | undefined,
  base64: Json | undefined,
  contentType: string | undefined,
): EventData | undefined {
  if (base64 !== undefined && base64 !== null) {
    if (data !== undefined) throw new CloudEventError('data and data_base64 exclude each other.');
    if (typeof base64 === 'string' && isBase64(base64)) return { base64 };
    throw new CloudEventError('data_base64 must be a string in base64.');
  }
  if (data === undefined) return undefined;
  if (isJsonType(contentType)) return { json: data };
  // Null is not text of any media type: the event has no data.
  if (data === null) return undefined;
  if (typeof data === 'string') return { text: data };
  throw new CloudEventError(`data must be a string, as datacontenttype is ${contentType}.`);
}

/** Groups of four, with padding at the end or without. */
const isBase64 = (text: string): boolean =>
  /^[A-Za-z\d+/]*={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1;

/** A header and its value, a character for each byte. */
export type Header = readonly [name: string, value: string];

/**
 * An event in binary mode: attributes in headers that begin with `ce-`, data as the body.
 * @param contentType datacontenttype, from wherever the binding keeps it
 * @throws CloudEventError
 */
export function readBinary(
  headers: readonly Header[],
  contentType: string | undefined,
  body: Uint8Array,
): CloudEvent {
  const attributes = new Map<string, AttributeValue>();
  for (const [header, value] of headers) {
    const name = header.slice('ce-'.length);
    if (attributes.has(name)) throw new CloudEventError(`The header ${header} is there twice.`);
    attributes.set(name, typed(name, decodeHeaderValue(header, value)));
  }
  if (contentType !== undefined) attributes.set('datacontenttype', contentType);
  checkAttributes(attributes);
  return { attributes, data: binaryData(body, contentType) };
}

/** Headers do not say what type an attribute has; of the known extensions one is an Integer. */
const typed = (name: string, text: string): AttributeValue =>
  name === 'severitynumber' && /^-?\d{1,10}$/.test(text) ? Number(text) : text;

function binaryData(body: Uint8Array, contentType: string | undefined): EventData | undefined {
  if (body.length === 0) return undefined;
  if (isJsonType(contentType)) return { json: parseDocument(body, 'The data') };
  const text = isTextType(contentType) ? utf8Text(body) : null;
  return text === null ? { base64: Buffer.from(body).toString('base64') } : { text };
}

/** Data without a media type is JSON. */
const isJsonType = (mediaType = 'application/json'): boolean =>
  /^[^;/]+\/(?:[^;/]+\+)?json\s*(?:;|$)/i.test(mediaType);

/** Media types of text in UTF-8. */
const isTextType = (mediaType = ''): boolean =>
  /^(?:text\/|[^;/]+\/(?:[^;/]+\+)?(?:xml|yaml)\s*(?:;|$))/i.test(mediaType) &&
  !/charset\s*=\s*"?(?!utf-8|us-ascii)/i.test(mediaType);

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Null where it is not UTF-8. */
function utf8Text(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** An event as an envelope of the JSON format: how it is kept, whatever its mode was. */
export function envelopeOf({ attributes, data }: CloudEvent): Json {
  return { ...Object.fromEntries(attributes), ...dataMember(data) };
}

function dataMember(data: EventData | undefined): Record<string, Json> {
  if (data === undefined) return {};
  if ('base64' in data) return { data_base64: data.base64 };
  return { data: 'text' in data ? data.text : data.json };
}
