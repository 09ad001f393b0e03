import { readFile } from 'node:fs/promises';
import { type Config, ConfigError } from '../config/config.ts';
import { InputError } from '../event/input-error.ts';
import { createInputCoercion } from '../graphql/declared-input.ts';
import { ListFileError } from '../http/yaml-list-file.ts';
import type { DeclaredSinks } from '../sinks/declared-sinks.ts';
import { parseSinkFile, type SinkFile } from '../sinks/sink-file.ts';
import type { Log } from '../telemetry/log.ts';
import { schema } from './schema.ts';

/** Owns the sinks of the file. */
const owner = 'TIDINGS_SINKS_FILE';

/**
 * Declares the sinks of TIDINGS_SINKS_FILE. Without a file there are none, so that those of an earlier one are deleted.
 * @throws ConfigError with the lines of the faults; then nothing is changed
 */
export async function declareSinksFile(
  { sinksFile }: Config,
  declared: DeclaredSinks,
): Promise<void> {
  if (sinksFile === null) return declared.declare(owner, []);
  try {
    const text = await readFile(sinksFile, 'utf8');
    declare(parseSinkFile(text, sinksFile, createInputCoercion(schema, 'SinkInput')), declared);
  } catch (error) {
    const faults = error instanceof ListFileError ? error.faults : [`${owner}: ${String(error)}.`];
    throw new ConfigError(faults, { cause: error });
  }
}

function declare(file: SinkFile, declared: DeclaredSinks): void {
  try {
    declared.declare(owner, file.sinks);
  } catch (error) {
    throw error instanceof InputError ? file.errorOf(error) : error;
  }
}

/** Reads the file again; never rejects: with a bad file its sinks stay as they are. */
export async function redeclareSinksFile(
  config: Config,
  declared: DeclaredSinks,
  log: Log,
): Promise<void> {
  if (config.sinksFile === null) return;
  try {
    await declareSinksFile(config, declared);
    log.info('TIDINGS_SINKS_FILE was read again.');
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [String(error)];
    log.error({ faults }, 'TIDINGS_SINKS_FILE was not taken: its sinks stay as they were.');
  }
}
