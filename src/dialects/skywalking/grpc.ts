import { createHash, timingSafeEqual } from 'node:crypto';
import {
  logVerbosity,
  type Metadata,
  Server,
  type sendUnaryData,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { credentialOf } from '../../access/credential.ts';
import { Unauthenticated } from '../../access/principal.ts';
import { requireReporter } from '../../access/scope.ts';
import type { Certificate } from '../../http/certificate.ts';
import { SkipCounter } from '../../telemetry/skip-counter.ts';
import type { Identify } from '../caller.ts';
import type { DialectContext } from '../dialect.ts';
import type { Source } from '../source.ts';
import { type Call, Collection, type CollectionCaller, statusOf } from './collection.ts';
import { credentialsOf } from './grpc-credentials.ts';
import { eventService } from './wire.ts';

export interface SkyWalkingGrpcSettings {
  readonly host: string;
  /** 11800 is SkyWalking's own; 0 takes a free one. */
  readonly port: number;
  /** Null for a port without TLS. */
  readonly certificate: Certificate | null;
  /** The required value of the metadata key Authentication; null where none is. */
  readonly authentication: string | null;
  /** Knows callers by their tokens; null where everybody may do everything. */
  readonly identify: Identify | null;
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
  const source: CollectionCaller = { context, watch: () => ({ [Symbol.dispose]() {} }) };
  const server = new Server(serverOptions);
  server.addService(eventService, {
    collect(call: Call, answer: sendUnaryData<object>) {
      void identified(call.metadata, source, settings)
        .then(async (caller) => {
          const collection = new Collection(call, caller, skipped, settings);
          collections.add(collection);
          using _ = caller.watch(() => collection.deny());
          const failure = await collection.outcome;
          collections.delete(collection);
          answer(failure, {});
        })
        .catch((error: unknown) => answer(statusOf(error, context.log)));
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

function listen(
  server: Server,
  { host, port, certificate }: SkyWalkingGrpcSettings,
): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentialsOf(certificate), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new Error(`Cannot listen for gRPC on ${address}.`, { cause: error }));
    });
  });
}

/**
 * An agent with the configured secret reports as the dialect's source, any other as the caller whose token it sends.
 * @throws Unauthenticated, Forbidden, Unavailable
 */
async function identified(
  metadata: Metadata,
  source: CollectionCaller,
  { authentication, identify }: SkyWalkingGrpcSettings,
): Promise<CollectionCaller> {
  const isOfSource = authentication !== null && isAuthentic(metadata, authentication);
  if (isOfSource || (authentication === null && identify === null)) return source;
  const credential = credentialOf({
    authorization: textOf(metadata, 'authorization'),
    authentication: textOf(metadata, 'authentication'),
  });
  if (identify === null || (authentication !== null && credential.kind === 'NONE')) {
    throw new Unauthenticated('the Authentication metadata is wrong');
  }
  const caller = await identify(credential);
  requireReporter(caller.context.scope);
  return caller;
}

const textOf = (metadata: Metadata, key: string): string | undefined =>
  metadata.get(key)[0]?.toString();

/** Compares digests, so that the duration reveals nothing. */
function isAuthentic(metadata: Metadata, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(textOf(metadata, 'authentication') ?? ''), digest(expected));
}
