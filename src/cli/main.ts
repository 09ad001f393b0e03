import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Call, type Environment } from './call.ts';
import { type Command, type Group, isGroup, type Options, type OwnEntry } from './command.ts';
import { commands } from './commands.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from './exit-code.ts';
import { globalOptions } from './global-options.ts';
import { commandHelp, generalHelp, groupHelp, ownHelp } from './help.ts';
import { OutputClosed, Terminal } from './terminal.ts';

/** A command as it is called, and where from. */
interface Named {
  readonly name: string;
  readonly summary: string;
  readonly environment: Environment;
  readonly terminal: Terminal;
}

/** Runs the command line. @returns its exit code */
export async function run(args: readonly string[], environment: Environment): Promise<ExitCode> {
  // The list of processes shows arguments to everybody on the machine.
  if (args.some((arg) => arg.startsWith('--token'))) process.title = 'tidings';
  const terminal = new Terminal(process, environment);
  try {
    return (await dispatch(args, environment, terminal)) ?? exitCodes.done;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCodes.done;
    if (!(error instanceof CommandError)) throw error;
    for (const line of error.message.split('\n')) terminal.notice(line);
    return error.exitCode;
  }
}

async function dispatch(
  args: readonly string[],
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode | undefined> {
  const [name = '', ...rest] = commandFirst(args);
  if (name === '--version') {
    await terminal.write(`${await version()}\n`);
    return undefined;
  }
  if (name === 'help') return await dispatch([...rest, '--help'], environment, terminal);
  if (isHelp(name)) {
    await terminal.write(generalHelp());
    return undefined;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) throw usageError(unknownCommand(name, Object.keys(commands)));
  const { summary } = entry;
  const call = { name, summary, environment, terminal };
  if (entry.load === undefined) return await explain(entry, rest, call);
  const command = await entry.load();
  if (!isGroup(command)) return await execute(command, rest, call);
  return await dispatchInner(command, rest, call);
}

async function dispatchInner(
  command: Group,
  args: readonly string[],
  call: Named,
): Promise<ExitCode | undefined> {
  const { name, summary, terminal } = call;
  const [word = '--help', ...others] = commandFirst(args);
  if (isHelp(word)) {
    await terminal.write(groupHelp(name, summary, command));
    return undefined;
  }
  const inner = Object.hasOwn(command.commands, word) ? command.commands[word] : undefined;
  if (inner === undefined) {
    throw usageError(unknownCommand(`${name} ${word}`, Object.keys(command.commands)));
  }
  return await execute(inner, others, {
    ...call,
    name: `${name} ${word}`,
    summary: inner.summary,
  });
}

/** Help of a command that bin/tidings.mjs runs itself, and gets here for help, or with what it does not take. */
async function explain(
  entry: OwnEntry,
  args: readonly string[],
  { name, terminal }: Named,
): Promise<undefined> {
  if (args.length > 0 && !args.some(isHelp)) {
    throw usageError(`${name} takes no ${args[0]}: see tidings ${name} --help.`);
  }
  await terminal.write(ownHelp(name, entry));
}

const isHelp = (argument: string): boolean => argument === '--help' || argument === '-h';

/** The arguments with the options of every command, but for help, after the command where they are before it. */
function commandFirst(args: readonly string[]): readonly string[] {
  let at = 0;
  for (;;) {
    const [, option = '', joined] = /^(--?\w+)(=.*)?$/s.exec(args[at] ?? '') ?? [];
    if (!valueOptions.has(option)) break;
    at += joined === undefined ? 2 : 1;
  }
  const [command, ...rest] = args.slice(at);
  return command === undefined ? args : [command, ...args.slice(0, at), ...rest];
}

const valueOptions: ReadonlySet<string> = new Set(
  Object.entries<Options[string]>(globalOptions)
    .filter(([, { type }]) => type === 'string')
    .flatMap(([name, { short }]) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
);

const unknownCommand = (name: string, known: readonly string[]): string =>
  `There is no command ${name}: use one of ${known.join(', ')}, or tidings --help.`;

async function execute(
  command: Command,
  args: readonly string[],
  { name, summary, environment, terminal }: Named,
): Promise<ExitCode | undefined> {
  const { values, positionals } = parsed(name, command, args);
  if (values.help === true) {
    await terminal.write(commandHelp(name, summary, command));
    return undefined;
  }
  return await command.run(new Call(values, positionals, environment, terminal));
}

function parsed(name: string, command: Command, args: readonly string[]) {
  const { isTerm = () => false } = command;
  // Behind a blank, a term such as -key:web is no option.
  const shielded = args.map((arg) => (isTerm(arg) ? ` ${arg}` : arg));
  try {
    return parseArgs({
      args: shielded,
      options: { ...globalOptions, ...command.options },
      allowPositionals: true,
    });
  } catch (cause) {
    const [sentence] = (cause as Error).message.split('. ');
    throw usageError(`${sentence}. See tidings ${name} --help.`, cause);
  }
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
