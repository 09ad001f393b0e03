import { fileURLToPath } from 'node:url';
import {
  Client,
  type ClientOptions,
  type ClientWritableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** An Event as reporters write it: what is left out is protobuf's default. */
export interface AgentEvent {
  readonly uuid?: string;
  readonly source?: {
    readonly service?: string;
    readonly serviceInstance?: string;
    readonly endpoint?: string;
  };
  readonly name?: string;
  readonly type?: string | number;
  readonly message?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** Digits where a number would round them. */
  readonly startTime?: number | string;
  readonly endTime?: number | string;
  readonly layer?: string;
}

const proto = fileURLToPath(new URL('../../../proto/skywalking/event.proto', import.meta.url));
const { collect } = loadSync(proto, { keepCase: true, longs: Number })[
  'skywalking.v3.EventService'
] as unknown as { readonly collect: MethodDefinition<AgentEvent | Uint8Array, object> };

/** An Event as it is on the wire. */
export const serialised = (event: AgentEvent): Buffer => collect.requestSerialize(event);

/** How a call ended. */
export interface Outcome {
  readonly code: status;
  readonly details: string;
  readonly commands: object | undefined;
}

/** What reports to SkyWalking by gRPC; bytes are sent as they are, be they an Event or not. */
export class Agent implements Disposable {
  readonly #client: Client;
  readonly #metadata = new Metadata();

  constructor(port: number, authentication?: string, options: ClientOptions = {}) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    if (authentication !== undefined) this.#metadata.set('Authentication', authentication);
  }

  /** Sends metadata with each later call. */
  send(name: string, value: string): void {
    this.#metadata.set(name, value);
  }

  /** One call that is still open. */
  open(): {
    readonly call: ClientWritableStream<AgentEvent | Uint8Array>;
    readonly outcome: Promise<Outcome>;
  } {
    let ended: (outcome: Outcome) => void;
    const outcome = new Promise<Outcome>((resolve) => {
      ended = resolve;
    });
    const call = this.#client.makeClientStreamRequest<AgentEvent | Uint8Array, object>(
      collect.path,
      (event) =>
        event instanceof Uint8Array ? Buffer.from(event) : collect.requestSerialize(event),
      collect.responseDeserialize,
      this.#metadata,
      (error: ServiceError | null, commands) =>
        ended({
          code: error?.code ?? status.OK,
          details: error?.details ?? '',
          commands,
        }),
    );
    return { call, outcome };
  }

  /** One call with these events. */
  report(...events: readonly (AgentEvent | Uint8Array)[]): Promise<Outcome> {
    const { call, outcome } = this.open();
    for (const event of events) call.write(event);
    call.end();
    return outcome;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
