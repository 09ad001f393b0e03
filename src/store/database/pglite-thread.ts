import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { ConnectionError } from './outage.ts';
import { cancelStatement, type Interrupt } from './pglite-interrupt.ts';
import type { Answer, Failure, Request, Result, Started } from './pglite-messages.ts';

/** A query may wait this long for those before it and run. */
const answerTimeoutMs = 35_000;

/** Until a thread has started, queries also wait for that. */
const startTimeoutMs = 120_000;

/** A statement that runs this long is ended, and the thread with it. */
const queryTimeoutMs = 30_000;

/** A cancelled statement that does not end within this time is ended with the thread. */
const cancelTimeoutMs = 5_000;

type Ask = Request extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

interface Asked {
  readonly kind: Request['kind'];
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: Error) => void;
}

/** One life of the embedded database's thread. */
export class PgliteThread {
  readonly #worker: Worker;
  /** Statements without an answer: the first is the one that runs now. */
  readonly #asked = new Map<number, Asked>();
  #interrupt: Interrupt | null = null;
  #cancelled: number | null = null;
  #last = 0;
  #headSince = performance.now();
  #ended: Error | null = null;

  /** @param ended called when the thread ends without having been closed */
  constructor(directory: string, ended: (reason: Error) => void) {
    this.#worker = startWorker(directory);
    let cause: unknown;
    this.#worker.once('error', (error) => {
      cause = error;
    });
    this.#worker.once('exit', () => {
      if (this.#ended !== null) return;
      const failure = cause instanceof Error ? `failed: ${cause.message}` : 'stopped';
      this.#ended = new ConnectionError(`The embedded database ${failure}`, { cause });
      ended(this.#ended);
      for (const { reject } of this.#asked.values()) reject(this.#ended);
    });
    this.#worker.on('message', (message: Answer | Started) => {
      if ('interrupt' in message) this.#started(message);
      else this.#answered(message);
    });
  }

  /** Ends the statement that runs now; it fails with SQLSTATE 57014. */
  cancel(): void {
    const [running] = this.#asked.keys();
    if (this.#interrupt === null || running === undefined) return;
    cancelStatement(this.#interrupt);
    if (this.#cancelled === running) return;
    this.#cancelled = running;
    setTimeout(() => {
      if (this.#asked.has(running)) void this.#worker.terminate();
    }, cancelTimeoutMs).unref();
  }

  /** Resolves with the statement's result. The thread runs statements in the order of the calls. */
  async ask(request: Ask): Promise<Result> {
    if (this.#ended) throw this.#ended;
    const id = ++this.#last;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#worker.postMessage({ id, ...request });
        if (this.#asked.size === 0) this.#headSince = performance.now();
        this.#asked.set(id, { kind: request.kind, resolve, reject });
        if (request.kind !== 'query') return;
        timer = setTimeout(
          () => {
            reject(new ConnectionError('The database took too long to answer'));
            this.#endWhatHangs();
          },
          this.#interrupt === null ? startTimeoutMs : answerTimeoutMs,
        );
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #started({ interrupt }: Started): void {
    this.#interrupt = interrupt;
    this.#headSince = performance.now();
  }

  #answered(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    this.#headSince = performance.now();
    if ('result' in answer) asked?.resolve(answer.result);
    else if (answer.failure.fatal) {
      // Callers get the error after the thread has ended, so that a new thread can run their next statement.
      this.#worker.once('exit', () => asked?.reject(errorOf(answer.failure)));
      void this.#worker.terminate();
    } else asked?.reject(errorOf(answer.failure));
  }

  #endWhatHangs(): void {
    const [head] = this.#asked.values();
    const hangs = performance.now() - this.#headSince > queryTimeoutMs;
    if (head?.kind === 'query' && hangs) void this.#worker.terminate();
  }

  async end(): Promise<void> {
    await this.ask({ kind: 'close' }).catch(() => {});
    this.#ended ??= new ConnectionError('The embedded database is closed');
    await this.#worker.terminate();
  }
}

// Each task that compiles has tens of megabytes, which the process keeps; there is one program to compile.
setFlagsFromString('--wasm-num-compilation-tasks=1');

function startWorker(directory: string): Worker {
  // PostgreSQL's memory is its own: little of what JavaScript makes here lives long.
  const options = { workerData: directory, resourceLimits: { maxYoungGenerationSizeMb: 8 } };
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./pglite-worker.js', import.meta.url), options);
  }
  // A thread does not share the loader that lets this one run the source.
  const loader = import.meta.resolve('tsx/esm/api');
  const source = import.meta.resolve('./pglite-worker.ts');
  const start = `import('${loader}').then(({ tsImport }) => tsImport('${source}', '${source}'))`;
  return new Worker(start, { ...options, eval: true });
}

function errorOf({ message, name, ...fields }: Failure): Error {
  if (fields.code === undefined) return new Error(message);
  return Object.assign(new Error(message), { name: name ?? 'error' }, fields);
}
