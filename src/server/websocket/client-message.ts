import { MessageType } from 'graphql-ws';
import { isJsonObject, parseJson } from '../../event/json.ts';
import {
  isPersistedQueryAlone,
  persistedQueryNotSupported,
} from '../../graphql/persisted-query.ts';
import { clientError } from '../http/client-error.ts';

const clientTypes: ReadonlySet<unknown> = new Set([
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
]);

/** Whether a message is of a type that clients send: graphql-ws throws at the types that only servers send. */
export const isClientMessage = (message: ClientMessage | null): message is ClientMessage =>
  message !== null && clientTypes.has(message.type);

interface ClientMessage {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly payload?: unknown;
}

/** With all digits of its integers; null where it is not a JSON object. */
export function readMessage(text: string): ClientMessage | null {
  try {
    const message = parseJson(text);
    return isJsonObject(message) ? message : null;
  } catch {
    return null;
  }
}

/** The answer to a persisted query without its text, for which graphql-ws would close the socket; else null. */
export function persistedQueryAnswer({ type, id, payload }: ClientMessage): string | null {
  const asked = type === MessageType.Subscribe && typeof id === 'string' && isJsonObject(payload);
  if (!asked || !isPersistedQueryAlone(payload)) return null;
  const errors = [clientError(persistedQueryNotSupported()).toJSON()];
  return JSON.stringify({ id, type: MessageType.Error, payload: errors });
}
