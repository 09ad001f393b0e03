import { expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { runTokenCommand } from '../../src/gateway/token-command.ts';
import { dataDirectory } from '../pglite.ts';
import { startDatabase } from '../postgres.ts';
import { bootGuarded, type GuardedGateway } from './guarded-gateway.ts';

const policy = 'roles: { admin: { grants: [{ actions: [ADMIN] }] } }';
const create = async (environment: Record<string, string>, ...roles: readonly string[]) => {
  let written = '';
  const args = ['create', ...roles.flatMap((role) => ['--role', role])];
  await runTokenCommand(args, readConfig(environment), (text) => {
    written += text;
  });
  return written.trim();
};
const viewer = async (gateway: GuardedGateway, secret: string) =>
  (await gateway.ask(secret, '{ viewer { name roles } }')).data?.viewer;

test('a token is created next to a gateway that runs on its data directory', async () => {
  await using directory = await dataDirectory();
  const environment = { TIDINGS_DATA_DIR: directory.path };
  const early = await create(environment, 'admin');
  await using gateway = await bootGuarded(policy, environment);
  const late = await create(environment, 'admin');
  expect(early).toMatch(/^tds_[\w-]{43}$/);
  for (const secret of [early, late]) {
    await vi.waitFor(
      async () =>
        expect(await viewer(gateway, secret)).toEqual({ name: 'admin', roles: ['admin'] }),
      10_000,
    );
  }
});

test('a token is created in PostgreSQL', async () => {
  await using database = await startDatabase();
  const environment = { DATABASE_URL: database.url };
  const secret = await create(environment, 'admin');
  await using gateway = await bootGuarded(policy, environment);
  expect(await viewer(gateway, secret)).toEqual({ name: 'admin', roles: ['admin'] });
});

test('its role must be one of the policy, and must be given', async () => {
  await using directory = await dataDirectory();
  await using gateway = await bootGuarded(policy, { TIDINGS_DATA_DIR: directory.path });
  const environment = { TIDINGS_DATA_DIR: directory.path, TIDINGS_AUTH_FILE: gateway.policyFile };
  await expect(create(environment, 'root')).rejects.toThrow('There is no role root');
  await expect(create(environment)).rejects.toThrow(/^Usage: /);
});
