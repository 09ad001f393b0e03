import { expect } from 'vitest';
import { type Environment, readConfig } from '../src/config/config.ts';
import { createGateway, type Gateway, type Overrides } from '../src/gateway/gateway.ts';
import { createLog } from '../src/telemetry/log.ts';
import { dataDirectory } from './pglite.ts';

export interface BootOptions {
  /** As an operator would set them: { NATS_URL, DATABASE_URL, TIDINGS_MAX_EVENTS: '10' }. */
  readonly environment?: Environment;
  readonly overrides?: Partial<Overrides>;
  /** Whether to wait until nothing is away; true when absent. */
  readonly untilReady?: boolean;
  /** Kept by the caller, to be started upon again; a temporary one when absent. */
  readonly dataDirectory?: string;
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
  /** One of the figures at /metrics that have no labels; NaN where there is none of this name. */
  figure(name: string): Promise<number>;
}

/**
 * Boots a gateway: embedded on an initialised data directory of its own, unless the environment names NATS or
 * PostgreSQL. `await using gateway = await bootGateway()` stops it at the end of the test.
 */
export async function bootGateway(options: BootOptions = {}): Promise<TestGateway> {
  const { environment = {}, overrides = {}, untilReady = true } = options;
  const own = options.dataDirectory === undefined ? await dataDirectory() : null;
  const config = readConfig({
    TIDINGS_PORT: '0',
    TIDINGS_DATA_DIR: options.dataDirectory ?? own?.path,
    ...environment,
  });
  try {
    const gateway = await createGateway(config, { log: createLog('error'), ...overrides });
    if (untilReady) await gateway.ready();
    return testGateway(gateway, async () => {
      await gateway[Symbol.asyncDispose]();
      await own?.[Symbol.asyncDispose]();
    });
  } catch (error) {
    await own?.[Symbol.asyncDispose]();
    throw error;
  }
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
    async figure(name) {
      const text = await (await fetch(`${gateway.url}/metrics`)).text();
      return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    },
    [Symbol.asyncDispose]: dispose,
  };
}
