import type { Call } from './call.ts';
import type { ExitCode } from './exit-code.ts';

interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times. */
  readonly multiple?: true;
  /** What it takes, as help shows it: URL. */
  readonly argument?: string;
  /** All that it takes, for completions. */
  readonly choices?: readonly string[];
  readonly description: string;
}

export type Options = Readonly<Record<string, Option>>;

export interface Command {
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

export interface GroupCommand extends Command, Summarised {}

/** Commands under one word: `tidings sinks list`. */
export interface Group {
  /** Further lines of its help. */
  readonly details?: string;
  readonly commands: Readonly<Record<string, GroupCommand>>;
}

export const isGroup = (command: Command | Group): command is Group => 'commands' in command;

interface Summarised {
  /** What it does, in one sentence: in the list of commands and in its own help. */
  readonly summary: string;
}

/** A command as it is listed before its file is loaded. */
interface LoadedEntry extends Summarised {
  readonly load: () => Promise<Command | Group>;
}

/** A command that bin/tidings.mjs runs itself. */
export interface OwnEntry extends Summarised {
  readonly load?: never;
  readonly arguments?: string;
}

type Entry = LoadedEntry | OwnEntry;

export type Entries = Readonly<Record<string, Entry>>;
