import { FaultsError } from '../runtime/faults-error.ts';
import type { Log } from '../telemetry/log.ts';

interface ReloadedFileOptions<Loaded> {
  readonly file: string;
  /** As the log calls what the file holds: `event pipeline`. */
  readonly subject: string;
  readonly log: Log;
  /** @throws Error with a sentence where the file is bad */
  readonly load: () => Loaded;
}

/** A file of a dialect that is read at the start and again on SIGHUP. */
export class ReloadedFile<Loaded> {
  readonly #options: ReloadedFileOptions<Loaded>;
  #loaded: Loaded;

  /** @throws Error with a sentence where the file is bad */
  constructor(options: ReloadedFileOptions<Loaded>) {
    this.#options = options;
    this.#loaded = options.load();
  }

  get loaded(): Loaded {
    return this.#loaded;
  }

  /** Reads the file again; a bad one is logged and changes nothing. */
  reload(): void {
    const { file, subject, log, load } = this.#options;
    try {
      this.#loaded = load();
    } catch (error) {
      const faults = error instanceof FaultsError ? error.faults : [String(error)];
      log.error({ file, faults }, `The new ${subject} is bad: the old one stays in use.`);
      return;
    }
    log.info({ file }, `The ${subject} was read again.`);
  }
}
