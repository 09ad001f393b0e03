import { readFile } from 'node:fs/promises';
import { Access } from '../access/access.ts';
import type { Audit } from '../access/audit.ts';
import { OpenIdClient } from '../access/openid-client.ts';
import type { Policy } from '../access/policy.ts';
import { PolicyError } from '../access/policy-error.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { createGrantFilterParser } from '../graphql/grant-filter.ts';
import type { OpenStore } from '../store/open.ts';
import type { Log } from '../telemetry/log.ts';
import { GatewayCount } from './gateway-count.ts';
import { PendingTokens } from './pending-tokens.ts';
import { schema } from './schema.ts';

export interface OpenAccess extends AsyncDisposable {
  readonly access: Access;
  /** Null where nobody signs in through an issuer. */
  readonly openId: OpenIdClient | null;
  /** Reads TIDINGS_AUTH_FILE again; never rejects: with a bad file the policy stays as it is. */
  reload(): Promise<void>;
}

/** @throws ConfigError with all faults of TIDINGS_AUTH_FILE */
export async function openAccess(
  config: Config,
  store: OpenStore,
  { audit, log }: { readonly audit: Audit; readonly log: Log },
): Promise<OpenAccess> {
  const policy = await readPolicy(config);
  const { databaseUrl, dataDirectory } = config;
  // A data directory belongs to one gateway.
  const shared = policy !== null && databaseUrl !== null;
  const gateways = shared ? new GatewayCount(store.gateways, log) : null;
  const access = new Access({
    policy,
    tokens: store.tokens,
    log,
    audit,
    gateways: () => gateways?.count ?? 1,
  });
  const openId = openIdOf(config, access, log);
  const pending =
    databaseUrl === null
      ? new PendingTokens(dataDirectory, store.tokens, { audit: access.audit, log })
      : null;
  return {
    access,
    openId,
    async reload() {
      try {
        const read = await readPolicy(config);
        if (read === null) return;
        access.replacePolicy(read);
        log.info('TIDINGS_AUTH_FILE was read again.');
        access.audit.record({
          action: 'PolicyReplaced',
          by: null,
          message: 'TIDINGS_AUTH_FILE was read again.',
          facts: { roles: [...read.roles.keys()].join(', ') },
        });
      } catch (error) {
        const faults = error instanceof ConfigError ? error.faults : [String(error)];
        log.error({ faults }, 'TIDINGS_AUTH_FILE was not taken: the rights stay as they were.');
        access.audit.record({
          action: 'PolicyRejected',
          by: null,
          message: 'TIDINGS_AUTH_FILE was not taken: the rights stay as they were.',
          severity: 'ERROR',
          facts: { fault: faults[0] ?? '' },
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await pending?.[Symbol.asyncDispose]();
      await access[Symbol.asyncDispose]();
      await gateways?.[Symbol.asyncDispose]();
    },
  };
}

/** @throws ConfigError where the policy does not name the issuer */
function openIdOf({ openId }: Config, access: Access, log: Log): OpenIdClient | null {
  if (openId === null) return null;
  const client = new OpenIdClient(openId, { access, log });
  if (client.issuer !== null) return client;
  const names = access.policy.issuers.map(({ issuer }) => issuer).join(', ');
  throw new ConfigError([
    openId.issuer === null
      ? 'TIDINGS_CONSOLE_CLIENT_ID needs an issuer: name one under jwt in TIDINGS_AUTH_FILE.'
      : `TIDINGS_CONSOLE_ISSUER must be one of the issuers under jwt in TIDINGS_AUTH_FILE (${names}), got ${openId.issuer}.`,
  ]);
}

/** Null where there is none. @throws ConfigError */
export async function readPolicy({ authFile, maxFilterDepth }: Config): Promise<Policy | null> {
  if (authFile === null) return null;
  try {
    const text = await readFile(authFile, 'utf8');
    // Only where it is needed: it opens dozens of files.
    const { parsePolicy } = await import('../access/policy-file.ts');
    return parsePolicy(text, authFile, createGrantFilterParser(schema, maxFilterDepth));
  } catch (error) {
    const faults =
      error instanceof PolicyError ? error.faults : [`TIDINGS_AUTH_FILE: ${String(error)}.`];
    throw new ConfigError(faults, { cause: error });
  }
}
