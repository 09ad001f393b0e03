import { fileURLToPath } from 'node:url';
import type { MethodDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { integerOf } from '../../event/json.ts';
import { type EventMessage, MalformedMessage, typeNumbered } from './message.ts';

/** The same path from src and from dist. */
const protoFile = fileURLToPath(new URL('../../../proto/skywalking/event.proto', import.meta.url));

/** The Event as the protobuf decoder returns it. */
interface WireEvent {
  readonly uuid: string;
  readonly source: Partial<EventMessage['source']> | null;
  readonly name: string;
  readonly type: number;
  readonly message: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Decimal digits. */
  readonly startTime: string;
  readonly endTime: string;
  readonly layer: string;
}

/** A message of a gRPC call: an event, or why the bytes are not one, which must not end the call. */
export interface Received {
  readonly event: EventMessage | MalformedMessage;
  readonly bytes: Buffer;
}

const definitions = loadSync(protoFile, { keepCase: true, longs: String, defaults: true });

const { collect: method } = definitions['skywalking.v3.EventService'] as unknown as {
  readonly collect: MethodDefinition<WireEvent, object>;
};

/** SkyWalking's EventService for a gRPC server whose calls survive bytes that are not an Event. */
export const eventService: {
  readonly collect: MethodDefinition<Received, object>;
} = {
  collect: {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: () => {
      throw new Error('The gateway receives events and does not send them.');
    },
    requestDeserialize: (bytes) => {
      try {
        return { event: eventFromBytes(bytes), bytes };
      } catch (error) {
        return { event: error as MalformedMessage, bytes };
      }
    },
    responseSerialize: method.responseSerialize,
    responseDeserialize: method.responseDeserialize,
  },
};

/** Reads one serialised Event. @throws MalformedMessage */
export function eventFromBytes(bytes: Buffer): EventMessage {
  try {
    const { source, type, parameters, startTime, endTime, ...fields } =
      method.requestDeserialize(bytes);
    return {
      ...fields,
      source: {
        service: source?.service ?? '',
        serviceInstance: source?.serviceInstance ?? '',
        endpoint: source?.endpoint ?? '',
      },
      type: typeNumbered(type),
      parameters: new Map(Object.entries(parameters)),
      startTime: integerOf(startTime),
      endTime: integerOf(endTime),
    };
  } catch (cause) {
    throw new MalformedMessage('The bytes are not a skywalking.v3.Event.', { cause });
  }
}
