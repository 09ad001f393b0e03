// The embedded database's own thread: a large query here does not hold up the gateway's sockets.
import { parentPort, workerData } from 'node:worker_threads';
import { messages, PGlite } from '@electric-sql/pglite';
import type { Answer, Failure, Request } from './pglite-messages.ts';

const port = parentPort;
if (port === null) throw new Error('pglite-worker.ts is not a program: it runs in a thread');

const database = await PGlite.create(workerData as string);
const asText = Object.fromEntries(
  Object.keys(database.parsers).map((type) => [type, (cell: string) => cell]),
);
port.on('message', (request: Request) => void answer(request));

async function answer(request: Request): Promise<void> {
  try {
    port?.postMessage({ id: request.id, result: await run(request) } satisfies Answer);
  } catch (error) {
    port?.postMessage({ id: request.id, failure: failureOf(error) } satisfies Answer);
  }
}

async function run(request: Request): Promise<Extract<Answer, { result: unknown }>['result']> {
  switch (request.kind) {
    case 'query': {
      const result = await database.query<(string | null)[]>(request.text, request.parameters, {
        rowMode: 'array',
        parsers: asText,
      });
      if (!('command' in result)) throw new StackExhausted('stack depth limit exceeded');
      const { fields, rows, affectedRows } = result;
      return { fields, rows, affectedRows: affectedRows ?? 0 };
    }
    case 'script':
      await database.exec(request.text);
      return { fields: [], rows: [], affectedRows: 0 };
    case 'close':
      await database.close();
      return { fields: [], rows: [], affectedRows: 0 };
  }
}

/** Then PGlite answers nothing at all, and cannot go on. */
class StackExhausted extends Error {
  override readonly name = 'StackExhausted';
}

function failureOf(error: unknown): Failure {
  if (error instanceof messages.DatabaseError) {
    const { message, name, code, severity, detail, constraint } = error;
    return { message, name, code, severity, detail, constraint, fatal: false };
  }
  if (error instanceof StackExhausted) {
    // As PostgreSQL says it: statement too complex.
    return { message: error.message, code: '54001', severity: 'ERROR', fatal: true };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { message, fatal: error instanceof WebAssembly.RuntimeError };
}
