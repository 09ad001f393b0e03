import { Worker } from 'node:worker_threads';
import { messages } from '@electric-sql/pglite';
import { ConnectionError } from './outage.ts';
import type { Answer, Failure, Request, Result } from './pglite-messages.ts';

/** How long a query may wait for those before it and run, in milliseconds. */
const answerTimeout = 35_000;

/** The first one of a thread also waits for the database to start, and at the very first time to be made. */
const startTimeout = 120_000;

/** A query that runs for so long is ended, and the thread with it: there is no other way. */
const queryTimeout = 30_000;

type Ask = Request extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

interface Asked {
  readonly kind: Request['kind'];
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: Error) => void;
}

/** One life of the embedded database's thread. */
export class PgliteThread {
  readonly #worker: Worker;
  /** What has no answer yet: the first is what the thread does now. */
  readonly #asked = new Map<number, Asked>();
  #last = 0;
  #headSince = performance.now();
  #ended: Error | null = null;

  /** @param ended told when the thread has ended without having been asked to */
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
    this.#worker.on('message', (answer: Answer) => this.#answered(answer));
  }

  /** Resolves with what the statement gave. The thread does what it is asked in that order. */
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
          id === 1 ? startTimeout : answerTimeout,
        );
      });
    } finally {
      clearTimeout(timer);
    }
  }

  #answered(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    this.#headSince = performance.now();
    if ('result' in answer) asked?.resolve(answer.result);
    else if (answer.failure.fatal) {
      // Whoever asked hears of it once the thread is gone, and a new one can do what is asked next.
      this.#worker.once('exit', () => asked?.reject(errorOf(answer.failure)));
      void this.#worker.terminate();
    } else asked?.reject(errorOf(answer.failure));
  }

  #endWhatHangs(): void {
    const [head] = this.#asked.values();
    const hangs = performance.now() - this.#headSince > queryTimeout;
    if (head?.kind === 'query' && hangs) void this.#worker.terminate();
  }

  async end(): Promise<void> {
    await this.ask({ kind: 'close' }).catch(() => {});
    this.#ended ??= new ConnectionError('The embedded database is closed');
    await this.#worker.terminate();
  }
}

function startWorker(directory: string): Worker {
  const options = { workerData: directory };
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
  return Object.assign(new messages.DatabaseError(message, 0, name ?? 'error'), fields);
}
