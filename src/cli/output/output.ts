import type { Call } from '../call.ts';
import { usageError } from '../exit-code.ts';
import { printable, type Terminal } from '../terminal.ts';
import { Table } from './table.ts';
import { compileTemplate } from './template.ts';
import { type Row, shown, unknownPath } from './value-at.ts';

const formats = ['table', 'json', 'ndjson', 'template'] as const;
type Format = (typeof formats)[number];

/** Rows that are printed in turns. */
export interface Sheet {
  /** Resolves once the rows are written. */
  add(rows: readonly Row[]): Promise<void>;
  /** After the last row. */
  end(): Promise<void>;
}

/** Prints rows in the format that --output names. */
export class Output {
  readonly format: Format;
  readonly #terminal: Terminal;
  readonly #template: string | undefined;
  readonly #columns: readonly string[] | undefined;

  constructor(call: Call) {
    this.#terminal = call.terminal;
    this.#template = call.text('template');
    this.#columns = call
      .text('columns')
      ?.split(',')
      .map((column) => column.trim());
    const given = call.oneOf('output', formats);
    this.format = given ?? (this.#template === undefined ? 'table' : 'template');
    if (this.format === 'template' && this.#template === undefined) {
      throw usageError("--output template needs --template '{time} {type} {key}'.");
    }
    if (this.format !== 'template' && this.#template !== undefined) {
      throw usageError(`--template does not go with --output ${this.format}.`);
    }
  }

  /** @param columns of the table, where --columns names none: paths into the rows */
  open(columns: readonly string[]): Sheet {
    const write = (text: string) => (text === '' ? Promise.resolve() : this.#terminal.write(text));
    if (this.format === 'json') return jsonSheet(write);
    const lines = this.#linesOf(columns);
    return { add: async (rows) => await write(lines(rows)), end: () => Promise.resolve() };
  }

  /** Prints all rows. */
  async rows(columns: readonly string[], rows: readonly Row[]): Promise<void> {
    const sheet = this.open(columns);
    await sheet.add(rows);
    await sheet.end();
  }

  /** Prints one thing: for people a line for each of its fields. */
  async record(row: Row): Promise<void> {
    if (this.format === 'json')
      return await this.#terminal.write(`${JSON.stringify(row, null, 2)}\n`);
    if (this.format !== 'table') return await this.#terminal.write(this.#linesOf([])([row]));
    const fields = Object.entries(row)
      .map(([name, value]) => [name, withoutNulls(value)] as const)
      .filter(([, value]) => !isEmpty(value));
    const width = Math.max(0, ...fields.map(([name]) => name.length));
    const lines = fields.map(([name, value]) => `${name.padEnd(width)}  ${field(value, width)}\n`);
    await this.#terminal.write(lines.join(''));
  }

  #linesOf(columns: readonly string[]): (rows: readonly Row[]) => string {
    if (this.format === 'ndjson') {
      return (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    }
    if (this.format === 'template') {
      const render = compileTemplate(this.#template ?? '');
      const safe = this.#terminal.isInteractive ? printableLines : (text: string) => text;
      return (rows) => rows.map((row) => `${safe(render(row))}\n`).join('');
    }
    const table = new Table(this.#columns ?? columns, this.#terminal);
    return (rows) => {
      const [row] = rows;
      if (row !== undefined) checkColumns(this.#columns ?? [], row);
      return table.lines(rows);
    };
  }
}

function checkColumns(columns: readonly string[], row: Row): void {
  for (const column of columns) {
    const known = unknownPath(row, column);
    if (known !== null) throw usageError(`There is no column ${column}: use one of ${known}.`);
  }
}

/** One array, whose elements are written as they come. */
function jsonSheet(write: (text: string) => Promise<void>): Sheet {
  let begun = false;
  return {
    async add(rows) {
      const elements = rows.map((row) => {
        const before = begun ? ',\n' : '[\n';
        begun = true;
        return `${before}${JSON.stringify(row, null, 2).replace(/^/gm, '  ')}`;
      });
      await write(elements.join(''));
    },
    end: () => write(begun ? '\n]\n' : '[]\n'),
  };
}

const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

const isEmpty = (value: unknown): boolean =>
  value == null || (Array.isArray(value) && value.length === 0);

/** An object whose fields are all null is left out, as is a field that is null. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== null);
  return fields.length === 0 ? null : Object.fromEntries(fields);
}

/** Traits and other lists of objects, a line each. */
function field(value: unknown, indent: number): string {
  if (Array.isArray(value) && value.some((entry) => typeof entry === 'object')) {
    return value.map(entryOf).join(`\n${' '.repeat(indent + 2)}`);
  }
  return printable(shown(value));
}

function entryOf(entry: unknown): string {
  const { name, value } = entry as { name?: unknown; value?: unknown };
  return printable(name === undefined ? shown(entry) : `${shown(name)} = ${shown(value)}`);
}
