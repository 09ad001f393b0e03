import { parseArgs } from 'node:util';
import { digestOf, newSecret } from '../access/token.ts';
import type { Config } from '../config/config.ts';
import { openStore } from '../store/open.ts';
import type { NewToken } from '../store/tokens.ts';
import { createLog } from '../telemetry/log.ts';
import { readPolicy } from './open-access.ts';
import { leaveToken } from './pending-tokens.ts';

const usage = 'Usage: tidings token create --role ROLE [--role ROLE] [--name NAME]';

/**
 * `tidings token create --role admin`: makes a token on the machine itself and writes its secret to standard output, once.
 * @throws Error with a sentence
 */
export async function runTokenCommand(
  args: readonly string[],
  config: Config,
  write: (text: string) => void,
): Promise<void> {
  const { name, roles } = readArguments(args);
  const policy = await readPolicy(config);
  const unknown = roles.find((role) => policy !== null && !policy.roles.has(role));
  if (unknown !== undefined) throw new Error(`There is no role ${unknown} in TIDINGS_AUTH_FILE.`);
  const secret = newSecret();
  await keep(config, { name, roles, createdBy: null, expiresAtMs: null }, digestOf(secret));
  write(`${secret}\n`);
}

function readArguments(args: readonly string[]): { name: string; roles: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        role: { type: 'string', multiple: true },
        name: { type: 'string', default: 'admin' },
      },
    });
    const { role: roles = [], name } = values;
    if (positionals.join(' ') === 'create' && roles.length > 0) return { name, roles };
  } catch (cause) {
    throw new Error(`${(cause as Error).message} ${usage}`, { cause });
  }
  throw new Error(usage);
}

/** A gateway that runs has its data directory to itself: it takes the token from there. */
async function keep(config: Config, token: NewToken, digest: string): Promise<void> {
  const { databaseUrl, dataDirectory } = config;
  if (databaseUrl === null) return await leaveToken(dataDirectory, token, digest);
  const log = createLog('error');
  await using store = await openStore({ databaseUrl, dataDirectory, exclusive: false, log });
  await store.tokens.create(token, digest);
}
