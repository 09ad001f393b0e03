// The embedded database's own thread: a large query here does not hold up the gateway's sockets.
import { parentPort, workerData } from 'node:worker_threads';
import { messages, PGlite, type Results } from '@electric-sql/pglite';
import type { Parameter, PreparedStatement } from './connection.ts';
import { forgetCancellation, type Interrupt, sharedMemoryOptions } from './pglite-interrupt.ts';
import type { Answer, Failure, Request, Result, Started } from './pglite-messages.ts';

const port = parentPort;
if (port === null) throw new Error('pglite-worker.ts is not a program: it runs in a thread');

/** PostgreSQL touches all of it when it starts. With 128 MB a scan of 100 MB takes as long as with these. */
const sharedBuffers = ['-c', 'shared_buffers=32MB'];

/** The least that PostgreSQL takes: it keeps files open, and the sockets of the gateway need descriptors too. */
const openFiles = ['-c', 'max_files_per_process=64'];

const { memory, ...options } = await sharedMemoryOptions(workerData as string);
const startParams = [...PGlite.defaultStartParams, ...sharedBuffers, ...openFiles];
const database = await PGlite.create({ ...options, startParams });
const { _QueryCancelPending: cancelAddress, _InterruptPending: pendingAddress } =
  database.Module as unknown as Readonly<Record<string, number>>;
if (cancelAddress === undefined || pendingAddress === undefined) {
  throw new Error('This PGlite does not say where its statements are cancelled.');
}
const interrupt: Interrupt = { memory, cancelAddress, pendingAddress };
port.postMessage({ interrupt } satisfies Started);
type Cells = (string | null)[];
const asCells = { rowMode: 'array' } as const;
// Cells stay as they are. Parsers that are given with a statement are merged with these each time, which takes longer than
// writing a row.
for (const type in database.parsers) database.parsers[type] = (cell) => cell;
const prepared = new Set<string>();
port.on('message', (request: Request) => void answer(request));

async function answer(request: Request): Promise<void> {
  try {
    port?.postMessage({ id: request.id, result: await run(request) } satisfies Answer);
  } catch (error) {
    port?.postMessage({ id: request.id, failure: failureOf(error) } satisfies Answer);
  }
}

async function run(request: Request): Promise<Result> {
  forgetCancellation(interrupt);
  switch (request.kind) {
    case 'query': {
      const { statement, parameters } = request;
      const result =
        typeof statement === 'string'
          ? await database.query<Cells>(statement, parameters, asCells)
          : await execute(statement, parameters);
      if (result === undefined || !('command' in result)) {
        throw new StackExhausted('stack depth limit exceeded');
      }
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

/** PGlite's own query plans a statement anew each time, which takes longer than writing a single row. */
async function execute({ name, text }: PreparedStatement, parameters: readonly Parameter[]) {
  if (!prepared.has(name)) {
    await database.exec(`PREPARE ${name} AS ${text}`);
    prepared.add(name);
  }
  const given = parameters.map(literalOf).join();
  const run = [...plannedOnce, `EXECUTE ${name}(${given})`, ...plannedEachTime].join(';');
  const results = await database.exec(run, asCells);
  return results[plannedOnce.length] as Results<Cells> | undefined;
}

/** For all values, be the tables empty or large. An error takes the settings back, as it does the statement. */
const plannedOnce = ['SET plan_cache_mode = force_generic_plan', 'SET enable_seqscan = off'];
const plannedEachTime = ['RESET enable_seqscan', 'RESET plan_cache_mode'];

function literalOf(parameter: Parameter): string {
  if (parameter === null) return 'NULL';
  if (typeof parameter !== 'object') return quoted(String(parameter));
  const items = parameter.map((item) => `"${item.replaceAll(/["\\]/g, '\\$&')}"`);
  return quoted(`{${items.join()}}`);
}

/** PostgreSQL takes it as being of whatever type is wanted. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

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
