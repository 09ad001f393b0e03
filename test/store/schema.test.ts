import { describe } from 'vitest';
import { PgliteConnection } from '../../src/store/database/pglite.ts';
import { initialisedDirectory } from '../pglite.ts';
import { schemaContract } from './schema-contract.ts';
import { upgradeContract } from './upgrade-contract.ts';

describe('PGlite', () => {
  schemaContract(async () => {
    const directory = await initialisedDirectory();
    return { ...directory, connection: await PgliteConnection.open(directory.path, () => {}) };
  });

  upgradeContract(async () => {
    const directory = await initialisedDirectory();
    return {
      ...directory,
      options: { databaseUrl: null, dataDirectory: directory.path },
      connect: () => PgliteConnection.open(directory.path, () => {}),
    };
  });
});
