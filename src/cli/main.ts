import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Call, type Environment } from './call.ts';
import { type Command, isGroup } from './command.ts';
import { commands } from './commands.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from './exit-code.ts';
import { globalOptions } from './global-options.ts';
import { commandHelp, generalHelp, groupHelp } from './help.ts';
import { OutputClosed, Terminal } from './terminal.ts';

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
  const [name = '', ...rest] = args;
  if (name === '--version') {
    await terminal.write(`${await version()}\n`);
    return undefined;
  }
  if (name === 'help') return await dispatch([...rest, '--help'], environment, terminal);
  if (name === '--help' || name === '-h') {
    await terminal.write(generalHelp());
    return undefined;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) throw usageError(unknownCommand(name, Object.keys(commands)));
  if (entry.load === undefined) return await explain(name, entry.summary, rest, terminal);
  const command = await entry.load();
  if (!isGroup(command)) return await execute(name, command, rest, environment, terminal);
  const [word = '--help', ...others] = rest;
  if (word === '--help' || word === '-h') {
    await terminal.write(groupHelp(name, command));
    return undefined;
  }
  const inner = Object.hasOwn(command.commands, word) ? command.commands[word] : undefined;
  if (inner === undefined) {
    throw usageError(unknownCommand(`${name} ${word}`, Object.keys(command.commands)));
  }
  return await execute(`${name} ${word}`, inner, others, environment, terminal);
}

/** For a command that bin/tidings.mjs runs itself, where it is given what it does not take. */
async function explain(
  name: string,
  summary: string,
  [argument = '--help']: readonly string[],
  terminal: Terminal,
): Promise<undefined> {
  if (argument !== '--help' && argument !== '-h') {
    throw usageError(`${name} takes no ${argument}: see tidings ${name} --help.`);
  }
  await terminal.write(`Usage: tidings ${name}\n\n${summary}\n`);
}

const unknownCommand = (name: string, known: readonly string[]): string =>
  `There is no command ${name}: use one of ${known.join(', ')}, or tidings --help.`;

async function execute(
  name: string,
  command: Command,
  args: readonly string[],
  environment: Environment,
  terminal: Terminal,
): Promise<ExitCode | undefined> {
  const { values, positionals } = parsed(name, command, args);
  if (values.help === true) {
    await terminal.write(commandHelp(name, command));
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
