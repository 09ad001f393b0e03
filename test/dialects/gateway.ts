import type { DialectContext } from '../../src/dialects/dialect.ts';
import { createNomadHttp } from '../../src/dialects/nomad/http.ts';
import { createVampHttp } from '../../src/dialects/vamp/http.ts';
import { DialectGate } from '../../src/server/http/dialect-gate.ts';
import { createHostRules } from '../../src/server/http/hosts.ts';
import { HttpServer } from '../../src/server/http/http-server.ts';
import type { OpenStore } from '../../src/store/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { everybody } from '../access/everybody.ts';
import { type TestGateway as Booted, type BootOptions, bootGateway } from '../harness.ts';
import { ask } from './http-client.ts';

export interface GatewayOptions extends BootOptions {
  /** Milliseconds between heartbeats; the dialects then have a port of their own, over the gateway's context. */
  readonly heartbeat?: number;
}

/** A real gateway, and what tests of dialects want to know of it. */
export interface TestGateway extends AsyncDisposable {
  /** Where the dialects are: http://127.0.0.1:port */
  readonly url: string;
  readonly gql: Booted['gql'];
  readonly context: DialectContext;
  readonly store: OpenStore;
  /** How many feeds are open, with the one of the alarms, which opens soon after the start. */
  feeds(): Promise<number>;
}

export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const booted = await bootGateway(options);
  const { context } = booted.gateway;
  const quick = options.heartbeat === undefined ? null : await listen(context, options.heartbeat);
  let closed: Promise<void> | null = null;
  return {
    url: quick?.url ?? booted.origin,
    gql: booted.gql,
    context,
    // The gateway's own; its context shows less of it.
    store: context.store as OpenStore,
    async feeds() {
      const { body } = await ask(`${booted.origin}/metrics`);
      return Number(/^tidings_live_feeds (\d+)$/m.exec(body)?.[1]);
    },
    [Symbol.asyncDispose]() {
      closed ??= (async () => {
        await quick?.close();
        await booted[Symbol.asyncDispose]();
      })();
      return closed;
    },
  };
}

async function listen(context: DialectContext, heartbeatEveryMs: number) {
  const dialects = [
    createVampHttp(context, { heartbeatEveryMs }),
    createNomadHttp(context, { heartbeatEveryMs }),
  ];
  const server = new HttpServer({
    host: '127.0.0.1',
    port: 0,
    maxConnections: 10_000,
    hosts: createHostRules({ host: '127.0.0.1', publicUrls: [], corsOrigins: [] }),
    routes: {},
    upgrades: {},
    dialects: new DialectGate({ dialects, access: everybody, contextOf: () => context }),
    log: createLog('error'),
  });
  return {
    url: await server.listen(),
    async close() {
      for (const dialect of dialects) await dialect[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
