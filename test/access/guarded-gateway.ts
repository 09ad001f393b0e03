import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootOptions, bootGateway, type TestGateway } from '../harness.ts';
import type { ModelRoles } from './grants-model.ts';

interface GraphAnswer {
  readonly status: number;
  readonly challenge: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of the answer.
  readonly data?: any;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
}

/** A gateway with a policy of the test's own, which the test may change. */
export interface GuardedGateway extends AsyncDisposable {
  readonly booted: TestGateway;
  readonly policyFile: string;
  /** Replaces the file and reads it again, as SIGHUP does. */
  replacePolicy(text: string): Promise<void>;
  ask(
    secret: string | null,
    query: string,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<GraphAnswer>;
}

const sha256 = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** An entry of `tokens` for each role, whose secret is the role's name. */
export const tokensFor = (...roles: readonly string[]): string =>
  `tokens:\n${roles.map((role) => `  - { name: ${role}, sha256: "${sha256(role)}", roles: [${role}] }\n`).join('')}`;

/** A policy of these roles, each with a token of its name. */
export function policyOf(roles: ModelRoles): string {
  const given = Object.fromEntries(
    Object.entries(roles).map(([name, grants]) => [name, { grants }]),
  );
  return `roles: ${JSON.stringify(given)}\n${tokensFor(...Object.keys(roles))}`;
}

export const bearer = (secret: string | null): Record<string, string> =>
  secret === null ? {} : { authorization: `Bearer ${secret}` };

export async function bootGuarded(
  policy: string,
  environment: Record<string, string> = {},
  overrides: BootOptions['overrides'] = {},
  embedded = false,
): Promise<GuardedGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-access-'));
  const file = join(folder, 'auth.yaml');
  await writeFile(file, policy);
  const booted = await bootGateway({
    environment: { ...environment, TIDINGS_AUTH_FILE: file },
    overrides,
    embedded,
    ...(environment.TIDINGS_DATA_DIR && { dataDirectory: environment.TIDINGS_DATA_DIR }),
  });
  return {
    booted,
    policyFile: file,
    async replacePolicy(text) {
      await writeFile(file, text);
      await booted.gateway.reload();
    },
    async ask(secret, query, variables) {
      const response = await fetch(booted.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...bearer(secret) },
        body: JSON.stringify({ query, variables }),
      });
      const { status, headers } = response;
      const body = (await response.json()) as object;
      return { status, challenge: headers.get('www-authenticate'), ...body };
    },
    async [Symbol.asyncDispose]() {
      await booted[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
