import type { Msg } from 'nats';
import { type CloudEvent, CloudEventError } from './cloud-event.ts';
import {
  contentModeOf,
  type Header,
  parseDocument,
  readBinary,
  readEnvelope,
} from './read-message.ts';

/**
 * The event in a message of NATS: structured where its header Content-Type says so, or where it has no headers;
 * else its attributes are headers, datacontenttype among them.
 * @throws CloudEventError
 */
export function readNatsMessage({ data, headers }: Pick<Msg, 'data' | 'headers'>): CloudEvent {
  const all = (headers?.keys() ?? []).flatMap((name) =>
    (headers?.values(name) ?? []).map((value): Header => [name.toLowerCase(), value]),
  );
  const attributes = all.filter(([name]) => name.startsWith('ce-'));
  const contentType = all.find(([name]) => name === 'content-type')?.[1];
  const mode = contentModeOf(contentType ?? '');
  if (mode === 'BATCH') throw new CloudEventError('Batches are not sent over NATS.');
  if (mode === 'STRUCTURED' || attributes.length === 0) {
    return readEnvelope(parseDocument(data, 'The message'));
  }
  // The client reads headers as UTF-8, and values are read here by their bytes.
  const bytes = attributes.map(([name, value]): Header => [name, latin1Of(value)]);
  const others = bytes.filter(([name]) => name !== 'ce-datacontenttype');
  const named = attributes.find(([name]) => name === 'ce-datacontenttype')?.[1];
  return readBinary(others, named ?? contentType, data);
}

const latin1Of = (text: string): string => Buffer.from(text).toString('latin1');
