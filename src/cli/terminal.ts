import type { Readable, Writable } from 'node:stream';

/** Thrown when nobody reads the output any more: the command ends quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}

/** Where a command reads from and writes to. */
export class Terminal {
  readonly input: Readable;
  /** Whether a person looks at the output. */
  readonly isInteractive: boolean;
  readonly hasColors: boolean;
  /** Characters in a line, where somebody looks at it. */
  readonly width: number | null;
  readonly #output: Writable;
  readonly #errors: Writable;

  constructor(
    { stdin, stdout, stderr }: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.input = stdin;
    this.#output = stdout;
    this.#errors = stderr;
    this.isInteractive = stdout.isTTY === true;
    this.hasColors = this.isInteractive && !environment.NO_COLOR && environment.TERM !== 'dumb';
    this.width = this.isInteractive ? stdout.columns : null;
    // Every write has a callback, which gets the error as well.
    stdout.on('error', () => {});
    stderr.on('error', () => {});
  }

  /** Resolves once it is written. @throws OutputClosed */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#output.write(text, (cause) => {
        if (!cause) resolve();
        else if ((cause as NodeJS.ErrnoException).code === 'EPIPE') reject(new OutputClosed());
        else reject(cause);
      });
    });
  }

  /** A line for a person, which is not part of the output. */
  notice(line: string): void {
    this.#errors.write(`${printable(line)}\n`);
  }
}

/** Characters that move the cursor, colour the terminal or turn the direction of reading. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A string of somebody else as it may be shown on a terminal, in one line. */
export const printable = (text: string): string =>
  text.replace(
    control,
    (character) =>
      short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
