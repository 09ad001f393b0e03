import type { Command, Group, Options, OwnEntry } from './command.ts';
import { commands } from './commands.ts';
import { globalOptions } from './global-options.ts';

const lineWidth = 100;

export function generalHelp(): string {
  const entries = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    'Usage: tidings [COMMAND] [OPTION]...',
    '',
    'Reports, finds and follows events of a gateway; without a command, starts one.',
    '',
    'Commands:',
    columns(entries),
    '',
    'Options of every command:',
    optionLines(globalOptions),
    '',
    'tidings COMMAND --help says more of a command.',
    '',
  ].join('\n');
}

export function groupHelp(
  name: string,
  summary: string,
  { details, commands: inner }: Group,
): string {
  const entries = Object.entries(inner).map(([word, command]) => {
    const usage = command.arguments === undefined ? word : `${word} ${command.arguments}`;
    return [usage, command.summary] as const;
  });
  return [
    `Usage: tidings ${name} COMMAND [OPTION]...`,
    '',
    summary,
    ...(details === undefined ? [] : [details]),
    '',
    'Commands:',
    columns(entries),
    '',
    `tidings ${name} COMMAND --help says more of a command.`,
    '',
  ].join('\n');
}

export function commandHelp(name: string, summary: string, command: Command): string {
  const { details, options = {}, examples = [] } = command;
  const usage = command.arguments === undefined ? '' : ` ${command.arguments}`;
  return [
    `Usage: tidings ${name}${usage} [OPTION]...`,
    '',
    summary,
    ...(details === undefined ? [] : ['', details]),
    ...(Object.keys(options).length === 0 ? [] : ['', 'Options:', optionLines(options)]),
    '',
    'Options of every command:',
    optionLines(globalOptions),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((line) => `  ${line}`)]),
    '',
  ].join('\n');
}

/** For a command that bin/tidings.mjs runs itself. */
export function ownHelp(name: string, entry: OwnEntry): string {
  const usage = entry.arguments === undefined ? '' : ` ${entry.arguments}`;
  return `Usage: tidings ${name}${usage}\n\n${entry.summary}\n`;
}

function optionLines(options: Options): string {
  const entries = Object.entries(options).map(([name, { short, argument, description }]) => {
    const long = `--${name}${argument === undefined ? '' : ` ${argument}`}`;
    return [short === undefined ? `    ${long}` : `-${short}, ${long}`, description] as const;
  });
  return columns(entries);
}

function columns(entries: readonly (readonly [string, string])[]): string {
  const width = Math.min(32, Math.max(...entries.map(([left]) => left.length)));
  return entries
    .map(([left, right]) => {
      const lines = wrapped(right, lineWidth - width - 4);
      const first =
        left.length > width ? `  ${left}\n${' '.repeat(width + 4)}` : `  ${left.padEnd(width)}  `;
      return `${first}${lines.join(`\n${' '.repeat(width + 4)}`)}`;
    })
    .join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
