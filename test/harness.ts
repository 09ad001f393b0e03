import { expect } from 'vitest';
import { type Environment, readConfig } from '../src/config/config.ts';
import { createGateway, type Gateway, type Overrides } from '../src/gateway/gateway.ts';
import { createLog } from '../src/telemetry/log.ts';
import { temporaryDatabase, temporaryPglite } from './database.ts';

export interface BootOptions {
  /** As an operator would set them: { NATS_URL, DATABASE_URL, TIDINGS_MAX_EVENTS: '10' }. */
  readonly environment?: Environment;
  readonly overrides?: Partial<Overrides>;
  /** Whether to wait until the gateway is ready; true when absent. */
  readonly untilReady?: boolean;
  /** PGlite on a data directory of the caller's, for a restart. */
  readonly dataDirectory?: string;
  /** PGlite on a temporary data directory, even where there is PostgreSQL. */
  readonly embedded?: boolean;
}

interface GraphResult<Data = Record<string, unknown>> {
  readonly data?: Data;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

/** A real gateway in this process, on a free port. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** http://127.0.0.1:port */
  readonly origin: string;
  /** The GraphQL endpoint. */
  readonly url: string;
  /** The same for WebSockets. */
  readonly webSocketUrl: string;
  /** Runs one operation over HTTP; errors are a part of the result. */
  run<Data = Record<string, unknown>>(
    document: string,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<GraphResult<Data>>;
  /** Runs one operation over HTTP and fails the test when it has errors. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
  gql<Data = any>(document: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>;
  /** A metric without labels at /metrics; NaN where there is none of this name. */
  metric(name: string): Promise<number>;
}

/**
 * Boots a gateway with the embedded journal, unless the environment names NATS, on a database of its own.
 * `await using gateway = await bootGateway()` stops it at the end of the test.
 */
export async function bootGateway(options: BootOptions = {}): Promise<TestGateway> {
  const { environment = {}, overrides = {}, untilReady = true } = options;
  const own = await databaseFor(options);
  const config = readConfig({ TIDINGS_PORT: '0', ...own.environment, ...environment });
  try {
    const gateway = await createGateway(config, { log: createLog('error'), ...overrides });
    if (untilReady) await gateway.ready();
    return testGateway(gateway, async () => {
      await gateway[Symbol.asyncDispose]();
      await own[Symbol.asyncDispose]();
    });
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
}

interface GivenDatabase extends AsyncDisposable {
  readonly environment: Environment;
}

async function databaseFor(options: BootOptions): Promise<GivenDatabase> {
  const given = options.dataDirectory;
  if (given !== undefined || options.environment?.DATABASE_URL !== undefined) {
    return { environment: { TIDINGS_DATA_DIR: given }, async [Symbol.asyncDispose]() {} };
  }
  const { databaseUrl, dataDirectory, ...own } = await (options.embedded
    ? temporaryPglite()
    : temporaryDatabase());
  const environment =
    databaseUrl === null ? { TIDINGS_DATA_DIR: dataDirectory } : { DATABASE_URL: databaseUrl };
  return { environment, ...own };
}

function testGateway(gateway: Gateway, dispose: () => Promise<void>): TestGateway {
  const url = `${gateway.url}/graphql`;
  const run: TestGateway['run'] = async (query, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  };
  return {
    gateway,
    origin: gateway.url,
    url,
    webSocketUrl: url.replace('http:', 'ws:'),
    run,
    async gql<Data>(document: string, variables?: Readonly<Record<string, unknown>>) {
      const { data, errors } = await run<Data>(document, variables);
      expect(errors, 'errors of the operation').toBeUndefined();
      return data as Data;
    },
    async metric(name) {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
    [Symbol.asyncDispose]: dispose,
  };
}
