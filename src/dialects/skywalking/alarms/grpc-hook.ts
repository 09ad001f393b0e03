import { fileURLToPath } from 'node:url';
import { Client, credentials, type MethodDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../../../sinks/target.ts';
import type { AlarmMessage } from './alarm-message.ts';

/** The same path from src and from dist. */
const protoFile = fileURLToPath(
  new URL('../../../../proto/skywalking/alarm-hook.proto', import.meta.url),
);

type Method = MethodDefinition<object, object>;

const { doAlarm, doAlarmRecovery } = loadSync(protoFile, { keepCase: true, longs: Number })
  .AlarmService as unknown as { readonly doAlarm: Method; readonly doAlarmRecovery: Method };

/** SkyWalking's own. */
const timeoutMs = 10_000;

/** Sends alarms and recoveries to SkyWalking's AlarmService. The body of a delivery is the array of its webhook. */
export class GrpcHookTarget implements Target {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  async deliver({ message, signal }: DeliveryRequest): Promise<DeliveryOutcome> {
    signal.throwIfAborted();
    const alarms = JSON.parse(message.body) as readonly AlarmMessage[];
    const over = alarms.filter(({ recoveryTime }) => recoveryTime !== undefined);
    try {
      await this.#call(
        doAlarm,
        alarms.filter((alarm) => !over.includes(alarm)),
        signal,
      );
      await this.#call(doAlarmRecovery, over, signal);
      return { kind: 'DELIVERED', status: 0, response: null };
    } catch (error) {
      signal.throwIfAborted();
      return targetFailed(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  async #call(method: Method, alarms: readonly AlarmMessage[], signal: AbortSignal): Promise<void> {
    if (alarms.length === 0) return;
    let cancel = () => {};
    const answered = new Promise<void>((resolve, reject) => {
      const call = this.#client.makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        { deadline: Date.now() + timeoutMs },
        (error: ServiceError | null) => (error === null ? resolve() : reject(error)),
      );
      cancel = () => call.cancel();
      for (const { tags, ...alarm } of alarms) call.write({ ...alarm, tags: { data: tags } });
      call.end();
    });
    signal.addEventListener('abort', cancel);
    await answered.finally(() => signal.removeEventListener('abort', cancel));
  }
}
