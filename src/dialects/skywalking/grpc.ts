import { createHash, timingSafeEqual } from 'node:crypto';
import {
  logVerbosity,
  type Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { DialectContext } from '../dialect.ts';
import type { Source } from '../source.ts';
import { type Call, Collection } from './collection.ts';
import { eventService } from './wire.ts';

export interface SkyWalkingGrpcSettings {
  readonly host: string;
  /** 11800 is SkyWalking's own; 0 takes a free one. */
  readonly port: number;
  /** The required value of the metadata key Authentication; null lets everybody in. */
  readonly authentication: string | null;
  /** Whether an event without a layer ends the call with SkyWalking's error instead of being taken. */
  readonly strict: boolean;
  /** Events in one call of the intake. */
  readonly maxBatch: number;
}

/** SkyWalking's EventService on a port of its own. Disposing ends the calls once their events are recorded. */
export interface SkyWalkingGrpc extends Source {
  readonly port: number;
}

/** The time that calls have to end when the gateway stops. */
const graceMs = 5_000;

const serverOptions = {
  'grpc.max_concurrent_streams': 1_000,
  // Without it a stream would outlive a client whose connection was lost.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** Begins to listen. @throws where the port is not free */
export async function openSkyWalkingGrpc(
  context: DialectContext,
  settings: SkyWalkingGrpcSettings,
): Promise<SkyWalkingGrpc> {
  // The library also throws the errors that it would write to the console.
  setLogVerbosity(logVerbosity.NONE);
  const skipped = new SkipCounter(context.log, 'SkyWalking events by gRPC were skipped.');
  const collections = new Set<Collection>();
  const server = new Server(serverOptions);
  server.addService(eventService, {
    collect(call: Call, answer: sendUnaryData<object>) {
      if (!isAuthentic(call.metadata, settings.authentication)) {
        answer({
          code: status.PERMISSION_DENIED,
          details: 'The Authentication metadata is wrong.',
        });
        return;
      }
      const collection = new Collection(call, context, skipped, settings);
      collections.add(collection);
      void collection.outcome.then((failure) => {
        collections.delete(collection);
        answer(failure, {});
      });
    },
  });
  const port = await listen(server, settings);
  let closing = false;
  return {
    name: 'grpc',
    port,
    healthReason: () => (closing ? 'The gRPC port is closed.' : null),
    get skipped() {
      return skipped.count;
    },
    async [Symbol.asyncDispose]() {
      closing = true;
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      for (const collection of collections) collection.stop();
      const timer = setTimeout(() => server.forceShutdown(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

function listen(server: Server, { host, port }: SkyWalkingGrpcSettings): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`Cannot listen for gRPC on ${address}.`, { cause: error }));
    });
  });
}

/** Compares digests, so that the duration reveals nothing. */
function isAuthentic(metadata: Metadata, expected: string | null): boolean {
  if (expected === null) return true;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(String(metadata.get('authentication')[0] ?? '')), digest(expected));
}
