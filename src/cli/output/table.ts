import { printable, type Terminal } from '../terminal.ts';
import { type Row, shown, valueAt } from './value-at.ts';

const bold = (text: string): string => `\u001b[1m${text}\u001b[22m`;
const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;

const alarming: ReadonlySet<string> = new Set([
  'ERROR',
  'FAILING',
  'BLOCKED',
  'DISABLED',
  'DEAD',
  'FIRING',
]);

/** Lines of a table whose rows come in turns. Columns grow when wider values come. */
export class Table {
  readonly #columns: readonly string[];
  readonly #terminal: Terminal;
  readonly #widths: number[];
  #begun = false;

  constructor(columns: readonly string[], terminal: Terminal) {
    this.#columns = columns;
    this.#terminal = terminal;
    this.#widths = columns.map(({ length }) => length);
  }

  /** The lines of the next rows; before the first, the titles. */
  lines(rows: readonly Row[]): string {
    const cells = rows.map((row) =>
      this.#columns.map((column) => printable(shown(valueAt(row, column)))),
    );
    for (const line of cells) {
      for (const [at, cell] of line.entries()) {
        this.#widths[at] = Math.max(this.#widths[at] ?? 0, cell.length);
      }
    }
    const titles = this.#begun
      ? []
      : [
          this.#line(
            this.#columns.map((column) => column.toUpperCase()),
            bold,
          ),
        ];
    this.#begun = true;
    return [...titles, ...cells.map((line) => this.#line(line, colored))]
      .map((line) => `${line}\n`)
      .join('');
  }

  #line(cells: readonly string[], paint: (cell: string) => string): string {
    const { hasColors, width } = this.#terminal;
    const padded = cells.map((cell, at) =>
      at === cells.length - 1 ? cell : cell.padEnd(this.#widths[at] ?? 0),
    );
    const before = padded.slice(0, -1).join('  ');
    const room = width === null ? Number.POSITIVE_INFINITY : width - before.length - 2;
    const last = fitted(padded.at(-1) ?? '', room);
    const line = [...padded.slice(0, -1), last];
    return (hasColors ? line.map(paint) : line).join('  ').trimEnd();
  }
}

const colored = (cell: string): string => (alarming.has(cell.trim()) ? red(cell) : cell);

/** Cut where it would go on in a second line, unless there is hardly any room. */
const fitted = (cell: string, room: number): string =>
  cell.length <= room || room < 20 ? cell : `${cell.slice(0, room - 1)}…`;
