import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type NatsServer, startNatsServer } from '../nats-server.ts';
import { type PostgresServer, startPostgres } from '../postgres.ts';
import { freeze } from './freeze.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type Storm, survive } from './storm.ts';

const hangMs = 20_000;

let nats: NatsServer;
let postgres: PostgresServer;
let one: GatewayProcess;
let other: GatewayProcess;

beforeAll(async () => {
  nats = await startNatsServer();
  postgres = await startPostgres();
  const environment = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
  one = await startGatewayProcess(environment);
  other = await startGatewayProcess(environment);
}, 300_000);

afterAll(async () => {
  for (const part of [other, one, postgres, nats]) await part?.[Symbol.asyncDispose]();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const statusOf = async (gateway: GatewayProcess, path: string): Promise<number> =>
  (await fetch(new URL(path, gateway.url), { signal: AbortSignal.timeout(5_000) })).status;

/** Waits until a gateway says that it is not ready; it must go on saying that it lives. */
async function notReady(gateway: GatewayProcess): Promise<void> {
  await vi.waitFor(async () => expect(await statusOf(gateway, '/readyz')).toBe(503), {
    timeout: hangMs,
    interval: 250,
  });
  expect(await statusOf(gateway, '/healthz')).toBe(200);
}

const surviveBoth = (happening: (storm: Storm) => Promise<void>): Promise<void> =>
  survive([one.url, other.url], happening);

test('nats-server hangs for 20 s: gateways say that they are not ready, and lose nothing', async () => {
  await surviveBoth(async () => {
    using _ = freeze(nats.pid);
    await Promise.all([notReady(one), notReady(other), pause(hangMs)]);
  });
});

test('PostgreSQL hangs for 20 s: reports and live feeds go on, gateways say that they are not ready, and the store catches up', async () => {
  await surviveBoth(async (storm) => {
    using _ = freeze(postgres.pid);
    // Acknowledged without the database.
    await Promise.all([storm.more(400), notReady(one), notReady(other), pause(hangMs)]);
  });
});

test('PostgreSQL hangs for 20 s under an embedded journal: nothing that was acknowledged is lost', async () => {
  await using own = await startPostgres();
  await using gateway = await startGatewayProcess({ DATABASE_URL: own.url });
  await survive([gateway.url], async () => {
    using _ = freeze(own.pid);
    await pause(hangMs);
  });
});

test('a gateway whose journal is on a database that hangs says within 20 s that it is not ready', async () => {
  await using own = await startPostgres();
  await using gateway = await startGatewayProcess({ DATABASE_URL: own.url });
  await survive([gateway.url], async () => {
    using _ = freeze(own.pid);
    await notReady(gateway);
  });
});
