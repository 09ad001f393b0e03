import { JsonError, readJson } from './json.ts';
import {
  ConversionError,
  type Dict,
  isDict,
  namesOf,
  setMember,
  type Value,
} from './python/value.ts';

/** A notification in the form in which Ceilometer's converter takes it. */
export interface Notification {
  /** In lower case: info, error, and others that become no events. */
  readonly level: string;
  /** ctxt, publisher_id, event_type, payload, metadata. */
  readonly body: Dict;
}

/** The levels whose notifications become events. */
export const eventLevels: readonly string[] = ['info', 'error'];

/**
 * Reads a notification in the converter's form and its `priority`, or as oslo.messaging puts it on
 * the wire: in an envelope of version 2, or bare.
 * @param otherwise the level of one that names none
 * @throws ConversionError
 */
export function toNotification(message: Value, otherwise: string): Notification {
  if (!isDict(message)) throw new ConversionError('the notification is not an object');
  const content = withoutEnvelope(message);
  const { priority = otherwise } = content;
  if (typeof priority !== 'string') throw new ConversionError('priority is not a string');
  const body = content.metadata === undefined ? fromWire(content) : fromConverterForm(content);
  return { level: priority.toLowerCase(), body };
}

/** oslo_messaging/_drivers/common.py, deserialize_msg: the content is JSON within JSON. */
function withoutEnvelope(message: Dict): Dict {
  const { 'oslo.version': version, 'oslo.message': content } = message;
  if (version === undefined || content === undefined) return message;
  if (version !== '2.0') throw new ConversionError("the envelope's oslo.version is not '2.0'");
  if (typeof content !== 'string') throw new ConversionError('oslo.message is not a string');
  const read = contentOf(content);
  if (!isDict(read)) throw new ConversionError('oslo.message does not contain an object');
  return read;
}

function contentOf(text: string): Value {
  try {
    return readJson(text);
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause;
    throw new ConversionError(`oslo.message is ${cause.message}`, { cause });
  }
}

const contextPrefix = '_context_';

/** oslo_messaging/_drivers/amqp.py, unpack_context, and notify/dispatcher.py, _extract_user_message. */
function fromWire(content: Dict): Dict {
  const ctxt: Dict = {};
  for (const name of namesOf(content)) {
    if (!name.startsWith(contextPrefix)) continue;
    setMember(ctxt, name.slice(contextPrefix.length), content[name] ?? null);
  }
  const { publisher_id = null, event_type = null, payload = null } = content;
  const { message_id = null, timestamp = null } = content;
  return { ctxt, publisher_id, event_type, payload, metadata: { message_id, timestamp } };
}

function fromConverterForm(content: Dict): Dict {
  if (content.priority === undefined) return content;
  const { priority: _, ...body } = content;
  return body;
}
