import { parseArgs } from 'node:util';

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly seconds: number;
  readonly concurrency: number;
  readonly maxMemoryBytes: number;
  readonly usesPostgres: boolean;
  /** The numbers of the only inputs to send, one after the other; null for all. */
  readonly only: readonly number[] | null;
}

export const usage = `npm run fuzz -- [--inputs 20000] [--seed 1] [--seconds 600] [--concurrency 16]
                [--max-memory 2048] [--database embedded|postgres] [--only 17,23]`;

/** @throws Error with a sentence where an option is not one */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '600' },
      concurrency: { type: 'string', default: '16' },
      'max-memory': { type: 'string', default: '2048' },
      database: { type: 'string', default: 'embedded' },
      only: { type: 'string' },
    },
  });
  if (!['embedded', 'postgres'].includes(values.database)) {
    throw new Error(`--database must be embedded or postgres, got ${values.database}.`);
  }
  return {
    inputs: whole('inputs', values.inputs),
    seed: whole('seed', values.seed),
    seconds: whole('seconds', values.seconds),
    concurrency: whole('concurrency', values.concurrency),
    maxMemoryBytes: whole('max-memory', values['max-memory']) * 1024 * 1024,
    usesPostgres: values.database === 'postgres',
    only: values.only?.split(',').map((number) => whole('only', number)) ?? null,
  };
}

function whole(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, got ${text}.`);
  return Number(text);
}
