import type { Call } from './call.ts';
import type { ExitCode } from './exit-code.ts';

interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: true;
  /** What it takes, as help shows it: URL. */
  readonly argument?: string;
  readonly description: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
  readonly summary: string;
  /** Its arguments as help shows them: [FILTER]. None where it takes none. */
  readonly arguments?: string;
  /** Further lines of its help. */
  readonly details?: string;
  readonly options?: Options;
  readonly examples?: readonly string[];
  /** Whether an argument that begins with a minus is no option: -key:web in a filter. */
  readonly isTerm?: (argument: string) => boolean;
  /** @returns the exit code; 0 where it returns none. @throws CommandError */
  run(call: Call): Promise<ExitCode | undefined>;
}

/** Commands under one word: `tidings sinks list`. */
export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Command>>;
}

export const isGroup = (command: Command | Group): command is Group => 'commands' in command;

/** A command as it is listed before its file is loaded. */
interface Entry {
  readonly summary: string;
  /** Absent where bin/tidings.mjs runs it itself. */
  readonly load?: () => Promise<Command | Group>;
}

export type Entries = Readonly<Record<string, Entry>>;
