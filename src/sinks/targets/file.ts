import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import {
  type DeliveryOutcome,
  type DeliveryRequest,
  type Target,
  targetFailed,
} from '../target.ts';

export interface FileOptions {
  readonly path: string;
  /** The file is put aside before it grows larger. */
  readonly maxBytes: number;
  /** Files that are kept beside the current one: path.1 is the newest. */
  readonly keep: number;
}

/** Appends messages to a file, a line each, and flushes each to the disk. */
export class FileTarget implements Target {
  readonly #options: FileOptions;
  #file: FileHandle | null = null;
  #bytes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FileOptions) {
    this.#options = options;
  }

  deliver(delivery: DeliveryRequest): Promise<DeliveryOutcome> {
    const outcome = this.#turn.then(() => this.#append(delivery));
    this.#turn = outcome.catch(() => {});
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#file?.close();
  }

  async #append({ message, signal }: DeliveryRequest): Promise<DeliveryOutcome> {
    signal.throwIfAborted();
    const line = Buffer.from(`${message.body.replace(/\n$/, '')}\n`);
    try {
      if (this.#file !== null && this.#bytes + line.length > this.#options.maxBytes) {
        await this.#rotate();
      }
      const file = await this.#opened();
      await file.appendFile(line);
      await file.datasync();
      this.#bytes += line.length;
      return { kind: 'DELIVERED', status: null, response: null };
    } catch (error) {
      return targetFailed(error);
    }
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file === null) {
      this.#file = await open(this.#options.path, 'a', 0o640);
      this.#bytes = (await this.#file.stat()).size;
    }
    return this.#file;
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    await this.#file?.close();
    this.#file = null;
    await rm(`${path}.${keep}`, { force: true });
    for (let age = keep - 1; age >= 1; age--)
      await renameIfThere(`${path}.${age}`, `${path}.${age + 1}`);
    await rename(path, `${path}.1`);
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
