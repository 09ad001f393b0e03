import { isMap, isNode, isScalar, LineCounter, type YAMLMap } from 'yaml';
import type { Json } from '../../../event/event.ts';
import { quoted } from '../../../event/input-error.ts';
import { fileLimits, isMapping, parseYaml, readValue, YamlLimitError } from '../../../http/yaml.ts';
import { AlarmSettingsError } from './settings-error.ts';

/** Faults of a file, and what is odd in it. */
interface Findings {
  readonly faults: string[];
  readonly warnings: string[];
}

/** Limits of a whole number. */
interface Range {
  readonly min: number;
  readonly max: number;
  /** Taken where the key is absent. */
  readonly fallback: number;
}

/**
 * A mapping of an alarm settings file. A value that is not what it must be is noted as a fault of its key, and reads
 * as if it were absent.
 */
export class Section {
  /** Shown in faults: `rule x_rule`, `hook slack.default`; empty for the whole file. */
  readonly title: string;
  readonly #file: string;
  readonly #lines: LineCounter;
  readonly #node: YAMLMap;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #findings: Findings;
  readonly #read = new Set<string>();

  private constructor(
    title: string,
    node: YAMLMap,
    values: Readonly<Record<string, unknown>>,
    shared: { readonly file: string; readonly lines: LineCounter; readonly findings: Findings },
  ) {
    this.title = title;
    this.#node = node;
    this.#values = values;
    this.#file = shared.file;
    this.#lines = shared.lines;
    this.#findings = shared.findings;
  }

  /**
   * The file's outermost mapping. It is YAML 1.1, as SkyWalking reads it.
   * @throws AlarmSettingsError where it is none
   */
  static ofFile(text: string, file: string): Section {
    const lines = new LineCounter();
    const findings: Findings = { faults: [], warnings: [] };
    try {
      const options = { lineCounter: lines, version: '1.1' } as const;
      const [document, second] = parseYaml(text, options, fileLimits);
      if (document === undefined || second !== undefined) {
        throw new AlarmSettingsError([`${file}: the file must hold one YAML document.`]);
      }
      const [error] = document.errors;
      if (error !== undefined) {
        const { line } = lines.linePos(error.pos[0]);
        throw new AlarmSettingsError([`${file}:${line}: ${error.message.split('\n')[0]}`]);
      }
      const values = readValue(document, fileLimits);
      if (!isMap(document.contents) || !isMapping(values)) {
        throw new AlarmSettingsError([
          `${file}:1: the file must be a mapping with rules and hooks.`,
        ]);
      }
      return new Section('', document.contents, values, { file, lines, findings });
    } catch (cause) {
      if (cause instanceof YamlLimitError) {
        throw new AlarmSettingsError([`${file}: the file ${cause.message}.`], { cause });
      }
      if (cause instanceof ReferenceError) {
        throw new AlarmSettingsError([`${file}: ${cause.message}.`], { cause });
      }
      throw cause;
    }
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  get faults(): readonly string[] {
    return this.#findings.faults;
  }

  get warnings(): readonly string[] {
    return this.#findings.warnings;
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  fault(key: string, message: string): void {
    this.#findings.faults.push(this.#said(key, message));
  }

  warn(key: string, message: string): void {
    this.#findings.warnings.push(this.#said(key, message));
  }

  /** A string, or a number or boolean as one; null where it is absent. */
  text(key: string): string | null {
    const value = this.#value(key);
    if (value === null) return null;
    const text = textOf(value);
    if (text === null) this.fault(key, `must be a string, not ${shown(value)}.`);
    return text;
  }

  wholeNumber(key: string, { min, max, fallback }: Range): number {
    const value = this.#value(key);
    if (value === null) return fallback;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) {
      return number;
    }
    this.fault(key, `must be a whole number from ${min} to ${max}, not ${shown(value)}.`);
    return fallback;
  }

  flag(key: string): boolean {
    const value = this.#value(key);
    if (value === null || typeof value === 'boolean') return value ?? false;
    if (value === 'true' || value === 'false') return value === 'true';
    this.fault(key, `must be true or false, not ${shown(value)}.`);
    return false;
  }

  /** A list of strings. */
  strings(key: string): readonly string[] {
    const value = this.#value(key);
    if (value === null) return [];
    const strings = Array.isArray(value) ? value.map(textOf) : [null];
    const known = strings.filter((text) => text !== null);
    if (known.length < strings.length)
      this.fault(key, `must be a list of strings, not ${shown(value)}.`);
    return known;
  }

  /** A mapping of strings. */
  map(key: string): ReadonlyMap<string, string> {
    const value = this.#value(key);
    if (value === null) return new Map();
    const entries = isMapping(value)
      ? Object.entries(value).map(([name, its]) => [name, textOf(its)] as const)
      : [['', null] as const];
    const known = entries.filter((entry): entry is readonly [string, string] => entry[1] !== null);
    if (known.length < entries.length) {
      this.fault(key, `must be a mapping of strings, not ${shown(value)}.`);
    }
    return new Map(known);
  }

  /** A mapping, for whose faults a title is given; null where it is absent or none. */
  section(key: string, title: string): Section | null {
    const value = this.#value(key);
    if (value === null) return null;
    const node = this.#node.get(key, true);
    if (isMapping(value) && isMap(node)) return this.#inner(title, node, value);
    // An alias has the values of its anchor, and the line of its own key.
    if (isMapping(value)) return this.#inner(title, this.#node, value);
    this.fault(key, `must be a mapping, not ${shown(value)}.`);
    return null;
  }

  /** The mappings of a list. */
  sections(key: string, title: string): readonly Section[] {
    const value = this.#value(key);
    if (value === null) return [];
    if (!Array.isArray(value) || !value.every(isMapping)) {
      this.fault(key, `must be a list of mappings, not ${shown(value)}.`);
      return [];
    }
    return value.map((item, at) => {
      const node = this.#node.getIn([key, at], true);
      return this.#inner(title, isMap(node) ? node : this.#node, item);
    });
  }

  /** As it is in the file. */
  get given(): Json {
    return JSON.parse(JSON.stringify(this.#values)) as Json;
  }

  /** Warns of keys that nothing has read: of a misspelled one its default would count. */
  warnOfUnread(): void {
    for (const key of this.keys) {
      if (!this.#read.has(key)) this.warn(key, 'has no meaning here, and is left out.');
    }
  }

  #inner(title: string, node: YAMLMap, values: Readonly<Record<string, unknown>>): Section {
    const shared = { file: this.#file, lines: this.#lines, findings: this.#findings };
    return new Section(title, node, values, shared);
  }

  #value(key: string): unknown {
    this.#read.add(key);
    return this.#values[key] ?? null;
  }

  #said(key: string, message: string): string {
    const pair = this.#node.items.find(
      (item) => isScalar(item.key) && String(item.key.value) === key,
    );
    const node = pair?.key ?? this.#node;
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const { line } = this.#lines.linePos(offset);
    const place = [this.title, key].filter((part) => part !== '').join(', ');
    return `${this.#file}:${line}: ${place}: ${message}`;
  }
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return ['number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : null;
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? quoted(value) : quoted(JSON.stringify(value) ?? String(value));
