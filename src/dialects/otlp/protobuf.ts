import { fileURLToPath } from 'node:url';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MalformedRequest, type Message, messagesIn, textIn } from './wire.ts';

/** Found from src and from dist alike, which are next to each other. */
const protoFile = fileURLToPath(
  new URL('../../../proto/opentelemetry/logs.proto', import.meta.url),
);

const definitions = loadSync(protoFile, { longs: String, bytes: String, arrays: true });
const methods = definitions['tidings.otlp.Logs'] as unknown as {
  readonly Export: MethodDefinition<object, object>;
  readonly Fail: MethodDefinition<object, object>;
};

/** @throws MalformedRequest */
export function requestFromBytes(bytes: Buffer): Message {
  try {
    return withHexIds(methods.Export.requestDeserialize(bytes) as Message);
  } catch (cause) {
    throw new MalformedRequest('The body is not an ExportLogsServiceRequest.', { cause });
  }
}

/** Bytes are base64 in JSON, but for the ids of traces and spans, which OTLP writes in hexadecimal. */
function withHexIds(request: Message): Message {
  const records = messagesIn(request, 'resourceLogs')
    .flatMap((resourceLogs) => messagesIn(resourceLogs, 'scopeLogs'))
    .flatMap((scopeLogs) => messagesIn(scopeLogs, 'logRecords'));
  for (const record of records) {
    const hexOf = (name: string) => Buffer.from(textIn(record, name), 'base64').toString('hex');
    Object.assign(record, { traceId: hexOf('traceId'), spanId: hexOf('spanId') });
  }
  return request;
}

/** The bytes of an ExportLogsServiceResponse. */
export const responseBytes = (response: object): Buffer =>
  methods.Export.responseSerialize(response);

/** The bytes of the Status that answers a failure. */
export const statusBytes = (message: string): Buffer => methods.Fail.responseSerialize({ message });
