import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { EventDraft } from '../../event/draft.ts';
import type { Log } from '../../telemetry/log.ts';
import { logUnexpectedError } from '../../telemetry/unexpected-error.ts';
import { Converter } from './converter.ts';
import { draftOf } from './decode.ts';
import { DefinitionsError, parseDefinitions } from './definitions.ts';
import { JsonError, readJson } from './json.ts';
import { eventLevels, toNotification } from './notification.ts';
import { ConversionError, type Value } from './python/value.ts';

export interface CeilometerOptions {
  /** The operator's event definitions; null for Tidings' own. */
  readonly definitionsFile: string | null;
  /** Whether a notification that no definition asks for is dropped; else it becomes an event with default traits. */
  readonly dropUnmatched: boolean;
  /** Levels (info, error) whose events carry the notification as raw. */
  readonly storeRaw: readonly string[];
}

const defaultCeilometerOptions: CeilometerOptions = {
  definitionsFile: null,
  dropUnmatched: false,
  storeRaw: [],
};

/** A notification that was read, or the reason why it becomes no event, as a sentence. */
export type Reading =
  | { readonly outcome: 'event'; readonly draft: EventDraft }
  | { readonly outcome: 'dropped' | 'rejected'; readonly reason: string };

/** Found from src and from dist, which are next to each other. */
const ourDefinitions = fileURLToPath(
  new URL('../../../definitions/ceilometer.yaml', import.meta.url),
);

/** Reads notifications by definitions that can be exchanged while it runs. */
export class Ceilometer {
  readonly #options: CeilometerOptions;
  readonly #log: Log;
  #converter: Converter;

  private constructor(options: CeilometerOptions, log: Log, converter: Converter) {
    this.#options = options;
    this.#log = log;
    this.#converter = converter;
  }

  /** @throws DefinitionsError when the definitions cannot be read */
  static async open(given: Partial<CeilometerOptions>, log: Log): Promise<Ceilometer> {
    const options = { ...defaultCeilometerOptions, ...given };
    return new Ceilometer(options, log, await load(options, log));
  }

  /** Reads the definitions file again. A bad one is logged and changes nothing: resolves false. */
  async reload(): Promise<boolean> {
    const file = this.#options.definitionsFile ?? ourDefinitions;
    try {
      this.#converter = await load(this.#options, this.#log);
    } catch (error) {
      if (!(error instanceof DefinitionsError)) throw error;
      const { faults } = error;
      this.#log.error(
        { file, faults },
        'The new event definitions are bad: the old ones stay in use.',
      );
      return false;
    }
    this.#log.info({ file }, 'The event definitions were read again.');
    return true;
  }

  /** Reads one notification as JSON text; never throws. @param level that of a notification that names none */
  readText(text: string, level: string): Reading {
    return this.#rejecting(() => this.#read(readJson(text), level));
  }

  /** Reads one notification; never throws. @param level that of a notification that names none */
  read(message: Value, level: string): Reading {
    return this.#rejecting(() => this.#read(message, level));
  }

  /** An error in a notification, or in our code, must not stop the next one. */
  #rejecting(read: () => Reading): Reading {
    try {
      return read();
    } catch (error) {
      if (error instanceof ConversionError || error instanceof JsonError) {
        return { outcome: 'rejected', reason: `It cannot be converted: ${error.message}.` };
      }
      logUnexpectedError(this.#log, { error, where: 'a notification' });
      return { outcome: 'rejected', reason: 'It cannot be converted: internal error.' };
    }
  }

  #read(message: Value, otherwise: string): Reading {
    const notification = toNotification(message, otherwise);
    const { level } = notification;
    if (!eventLevels.includes(level)) {
      return { outcome: 'dropped', reason: `Notifications of the level "${level}" are no events.` };
    }
    const event = this.#converter.convert(notification);
    if (event === null) {
      return { outcome: 'dropped', reason: 'No definition asks for notifications of this type.' };
    }
    return { outcome: 'event', draft: draftOf(notification, event) };
  }
}

/** @throws DefinitionsError */
async function load(options: CeilometerOptions, log: Log): Promise<Converter> {
  const file = options.definitionsFile ?? ourDefinitions;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DefinitionsError([`${file}: cannot be read: ${(cause as Error).message}.`], {
      cause,
    });
  }
  const warnings: string[] = [];
  const definitions = parseDefinitions(text, file, (warning) => warnings.push(warning));
  // Ours have OpenStack's own paths, and its users expect the same events of them.
  if (warnings.length > 0 && options.definitionsFile !== null) {
    log.warn({ file, warnings }, 'Some paths of the event definitions never match.');
  }
  return new Converter(definitions, options);
}
