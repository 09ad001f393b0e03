import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Call } from './call.ts';
import { usageError } from './exit-code.ts';

/** The object of JSON in a file, or on standard input for -. @throws CommandError */
export async function jsonInput(call: Call, file: string): Promise<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(
      file === '-' ? await text(call.terminal.input) : await readFile(file, 'utf8'),
    );
  } catch (cause) {
    throw usageError(`${file} cannot be read as JSON: ${(cause as Error).message}`, cause);
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw usageError(`${file} has no object of JSON.`);
}
