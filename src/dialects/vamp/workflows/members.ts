import { InputError } from '../../../event/input-error.ts';
import { isMapping } from '../../../http/yaml.ts';

/** A mapping of a file. It records which members were read, so that one that nobody knows is found. */
export class Members {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #path: readonly string[];
  readonly #read = new Set<string>();

  /** @throws InputError where it is no mapping */
  constructor(given: unknown, path: readonly string[]) {
    if (!isMapping(given)) throw new InputError(path, 'It must be a mapping.');
    this.#given = given;
    this.#path = path;
  }

  get names(): readonly string[] {
    return Object.keys(this.#given);
  }

  fault(name: string, message: string): InputError {
    return new InputError([...this.#path, name], message);
  }

  skip(name: string): void {
    this.#read.add(name);
  }

  /** As it is; undefined where it is absent or null. */
  value(name: string): unknown {
    return (Object.hasOwn(this.#given, name) ? this.#given[name] : null) ?? undefined;
  }

  optionalText(name: string): string | null {
    this.skip(name);
    return this.value(name) === undefined ? null : this.text(name);
  }

  text(name: string): string {
    this.skip(name);
    const value = this.value(name);
    if (typeof value === 'string' && value !== '') return value;
    throw this.fault(name, `${name} must be a string that is not empty.`);
  }

  /** A string, a number or a boolean, as a string. */
  scalar(name: string): string {
    this.skip(name);
    const value = this.value(name) ?? '';
    if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
    throw this.fault(name, `${name} must be a string or a number.`);
  }

  /** A list of strings; a single string counts as a list of one. */
  strings(name: string): readonly string[] {
    this.skip(name);
    const value = this.value(name);
    const list = Array.isArray(value) ? value : [value];
    if (list.every((each) => typeof each === 'string')) return list;
    throw this.fault(name, `${name} must be a string or a list of strings.`);
  }

  optionalStrings(name: string): readonly string[] | null {
    this.skip(name);
    return this.value(name) === undefined ? null : this.strings(name);
  }

  flag(name: string): boolean {
    this.skip(name);
    const value = this.value(name) ?? false;
    if (typeof value === 'boolean') return value;
    throw this.fault(name, `${name} must be true or false.`);
  }

  count(name: string, most: number): number | null {
    this.skip(name);
    const value = this.value(name) ?? null;
    if (value === null) return null;
    if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most) {
      return value as number;
    }
    throw this.fault(name, `${name} must be a whole number from 0 to ${most}.`);
  }

  /** An absent one is empty. */
  members(name: string): Members {
    this.skip(name);
    return new Members(this.value(name) ?? {}, [...this.#path, name]);
  }

  /** @throws InputError where a member was not read */
  end(): void {
    const unknown = this.names.find((name) => !this.#read.has(name));
    if (unknown === undefined) return;
    throw this.fault(unknown, `${unknown} is not known here.`);
  }
}
