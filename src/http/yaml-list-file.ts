import { type Document, LineCounter } from 'yaml';
import { InputError } from '../event/input-error.ts';
import { FaultsError } from '../runtime/faults-error.ts';
import { fileLimits, lineOf, parseYaml, readValue, YamlLimitError } from './yaml.ts';

/** Everything that is wrong with a file, a sentence each, with the line. */
export class ListFileError extends FaultsError {
  override readonly name = 'ListFileError';
}

/** A YAML file of an operator with one list under one key: `rules: […]`. */
export class ListFile {
  readonly entries: readonly unknown[];
  readonly #file: string;
  readonly #list: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed;

  /**
   * @param file the name of the file in errors
   * @param list the key of the list
   * @throws ListFileError
   */
  constructor(text: string, file: string, list: string) {
    this.#file = file;
    this.#list = list;
    this.#document = this.#parse(text);
    this.entries = this.#entries();
  }

  /** Reads each entry, and throws all faults at once. @throws ListFileError */
  read<Entry>(readEntry: (given: unknown) => Entry): readonly Entry[] {
    const faults: string[] = [];
    const entries: Entry[] = [];
    for (const [position, given] of this.entries.entries()) {
      try {
        entries.push(readEntry(given));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        faults.push(this.#faultAt([String(position), ...error.argument], error.message));
      }
    }
    if (faults.length > 0) throw new ListFileError(faults);
    return entries;
  }

  /** The fault of an entry: the argument of the error begins with the position of the entry. */
  errorOf({ argument, message }: InputError): ListFileError {
    return new ListFileError([this.#faultAt(argument, message)]);
  }

  #faultAt(path: readonly string[], message: string): string {
    const whole = [this.#list, ...path];
    return `${this.#at(whole)}: ${whole.join('.')}: ${message}`;
  }

  #at(path: readonly string[]): string {
    return `${this.#file}:${lineOf(this.#document, this.#lines, path.map(stepOf))}`;
  }

  #parse(text: string): Document.Parsed {
    let documents: readonly Document.Parsed[];
    try {
      documents = parseYaml(text, { lineCounter: this.#lines }, fileLimits);
    } catch (error) {
      if (!(error instanceof YamlLimitError)) throw error;
      throw new ListFileError([`${this.#file}: The file ${error.message}.`], { cause: error });
    }
    const [document, second] = documents;
    if (document === undefined || second !== undefined) {
      throw new ListFileError([`${this.#file}:1: The file must hold one YAML document.`]);
    }
    if (document.errors.length === 0) return document;
    throw new ListFileError(
      document.errors.map(
        ({ message, pos }) =>
          `${this.#file}:${this.#lines.linePos(pos[0]).line}: ${message.split('\n')[0]}`,
      ),
    );
  }

  #entries(): readonly unknown[] {
    const value = readValue(this.#document, fileLimits);
    if (value === null) return [];
    const list = this.#list;
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw new ListFileError([
        `${this.#at([])}: The file must be a mapping with the list ${list}.`,
      ]);
    }
    const { [list]: entries, ...others } = value as Readonly<Record<string, unknown>>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      throw new ListFileError([
        `${this.#at([unknown])}: ${unknown} is not known: only ${list} is.`,
      ]);
    }
    if (entries === undefined || entries === null) return [];
    if (Array.isArray(entries)) return entries;
    throw new ListFileError([`${this.#at([list])}: ${list}: must be a list.`]);
  }
}

const stepOf = (name: string): string | number =>
  /^(?:0|[1-9]\d*)$/.test(name) ? Number(name) : name;
