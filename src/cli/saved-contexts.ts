import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Environment } from './call.ts';
import { usageError } from './exit-code.ts';
import { writeFileAtomically } from './write-file.ts';

export interface SavedContext {
  readonly url: string;
  readonly token?: string;
}

export interface SavedContexts {
  /** The one that is used when none is named. */
  readonly current?: string;
  readonly contexts: Readonly<Record<string, SavedContext>>;
}

/** ~/.config/tidings/contexts.json, or under XDG_CONFIG_HOME. */
const contextsPath = ({ XDG_CONFIG_HOME }: Environment): string =>
  join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'tidings', 'contexts.json');

/** @throws CommandError where the file cannot be read */
export async function readContexts(environment: Environment): Promise<SavedContexts> {
  const path = contextsPath(environment);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} };
    throw usageError(`${path} cannot be read: ${(cause as Error).message}`, cause);
  }
  try {
    const saved: unknown = JSON.parse(text);
    if (isSaved(saved)) return saved;
  } catch {
    // Not JSON: said below.
  }
  throw usageError(
    `${path} is not a file of tidings contexts: correct it, or delete it and set them anew.`,
  );
}

function isSaved(saved: unknown): saved is SavedContexts {
  const { contexts } = (saved ?? {}) as { contexts?: unknown };
  return (
    typeof contexts === 'object' &&
    contexts !== null &&
    Object.values(contexts).every((context) => typeof context?.url === 'string')
  );
}

/** Nobody but the user may read it, as it has tokens. */
export async function saveContexts(
  environment: Environment,
  contexts: SavedContexts,
): Promise<void> {
  const path = contextsPath(environment);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomically(path, `${JSON.stringify(contexts, null, 2)}\n`, 0o600);
}
