import type { DialectContext } from '../../../src/dialects/dialect.ts';
import {
  openSkyWalkingGrpc,
  type SkyWalkingGrpc,
  type SkyWalkingGrpcSettings,
} from '../../../src/dialects/skywalking/grpc.ts';
import { createIntake } from '../../../src/intake/accept.ts';
import { EmbeddedJournal } from '../../../src/journal/embedded.ts';
import type { OpenStore } from '../../../src/store/open.ts';
import { type BootOptions, bootGateway } from '../../harness.ts';

/** A real gateway with a gRPC port whose number is known. */
export interface SkyWalkingGateway extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly grpc: SkyWalkingGrpc;
  readonly context: DialectContext;
}

/** Opens a gRPC port as the gateway does. */
export const openPort = (
  context: DialectContext,
  settings: Partial<SkyWalkingGrpcSettings> = {},
): Promise<SkyWalkingGrpc> =>
  openSkyWalkingGrpc(context, {
    host: '127.0.0.1',
    port: 0,
    authentication: null,
    identify: null,
    certificate: null,
    strict: false,
    maxBatch: 100,
    ...settings,
  });

export async function startGateway(
  environment: BootOptions['environment'] = {},
  overrides: BootOptions['overrides'] = {},
): Promise<SkyWalkingGateway> {
  const { gateway, origin, ...booted } = await bootGateway({ environment, overrides });
  const grpc = await openPort(gateway.context);
  return {
    url: origin,
    grpc,
    context: gateway.context,
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      await booted[Symbol.asyncDispose]();
    },
  };
}

/** The same interfaces on a journal that is down. */
export async function withoutJournal(context: DialectContext): Promise<DialectContext> {
  const journal = await EmbeddedJournal.open(context.store as OpenStore);
  await journal[Symbol.asyncDispose]();
  return { ...context, journal, intake: createIntake({ journal, store: context.store }) };
}
