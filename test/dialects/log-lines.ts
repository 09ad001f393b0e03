import type { Log } from '../../src/telemetry/log.ts';

/** A log that keeps its lines of warnings and errors for the test. */
export class LogLines {
  readonly lines: string[] = [];

  readonly log = {
    debug: () => {},
    info: () => {},
    warn: (...line: unknown[]) => this.#keep('warn', line),
    error: (...line: unknown[]) => this.#keep('error', line),
  } as unknown as Log;

  get errors(): readonly string[] {
    return this.lines.filter((line) => line.startsWith('error'));
  }

  #keep(level: string, line: readonly unknown[]): void {
    const [fields, sentence] = line;
    const { error } = Object(fields) as { error?: unknown };
    this.lines.push(`${level} ${sentence}${error instanceof Error ? ` ${error.stack}` : ''}`);
  }
}
