import { type Command, type Entries, type Group, isGroup, type Options } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { globalOptions } from '../global-options.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** @param commands all commands, this one too */
export const completionOf = (commands: Entries): Command => ({
  arguments: 'SHELL',
  examples: [
    'source <(tidings completion bash)',
    'tidings completion zsh > ~/.zfunc/_tidings',
    'tidings completion fish > ~/.config/fish/completions/tidings.fish',
  ],
  async run(call) {
    const given = call.argument('the shell');
    const shell = shells.find((known) => known === given);
    if (shell === undefined) throw usageError(`The shell is one of ${shells.join(', ')}.`);
    const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
    const [words, options] = [await wordsOfAll(commands), await valueOptionsOfAll(commands)];
    await call.terminal.write(scripts[shell](words, options));
    return undefined;
  },
});

/** What may follow `tidings`, by what has been typed: '', 'query', 'sinks', 'sinks list'. */
type Words = ReadonlyMap<string, readonly Word[]>;

interface Word {
  readonly word: string;
  readonly description: string;
}

async function wordsOfAll(commands: Entries): Promise<Words> {
  const words = new Map<string, readonly Word[]>([
    ['', Object.entries(commands).map(([word, { summary }]) => wordOf(word, summary))],
  ]);
  for (const [name, { load }] of Object.entries(commands)) {
    if (load !== undefined) addWords(words, name, await load());
  }
  return words;
}

function addWords(words: Map<string, readonly Word[]>, name: string, command: Command | Group) {
  if (isGroup(command)) {
    const inner = Object.entries(command.commands);
    words.set(
      name,
      inner.map(([word, { summary }]) => wordOf(word, summary)),
    );
    for (const [word, one] of inner) addWords(words, `${name} ${word}`, one);
    return;
  }
  const options = Object.entries({ ...command.options, ...globalOptions });
  words.set(name, [
    ...options.map(([option, { description }]) => wordOf(`--${option}`, description)),
    ...(name === 'completion' ? shells.map((shell) => wordOf(shell, `For ${shell}.`)) : []),
  ]);
}

/** Options of any command that take a value, as they are typed: of an option in front of the cursor the value is completed. */
interface ValueOption {
  readonly names: readonly string[];
  /** None where it may be anything: then files are offered. */
  readonly choices: readonly string[];
}

async function valueOptionsOfAll(commands: Entries): Promise<readonly ValueOption[]> {
  const loaded = await Promise.all(Object.values(commands).map(({ load }) => load?.()));
  const all = loaded.flatMap((command) => {
    if (command === undefined) return [];
    return isGroup(command) ? Object.values(command.commands) : [command];
  });
  const found = new Map<string, ValueOption>();
  for (const options of [globalOptions, ...all.map(({ options }) => options ?? {})] as Options[]) {
    for (const [name, { type, short, choices = [] }] of Object.entries(options)) {
      if (type !== 'string') continue;
      const names = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
      found.set(name, { names, choices });
    }
  }
  return [...found.values()];
}

/** Descriptions stay in single quotes of a shell. */
const wordOf = (word: string, description: string): Word => ({
  word,
  description: description.replace(/'/g, '’').replace(/[[\]:]/g, ' '),
});

const cases = (words: Words, line: (typed: string, all: readonly Word[]) => string): string =>
  Array.from(words, ([typed, all]) => line(typed, all)).join('\n');

const valueCases = (
  options: readonly ValueOption[],
  line: (names: string, choices: string) => string,
): string =>
  options.map(({ names, choices }) => line(names.join('|'), choices.join(' '))).join('\n');

const bashScript = (
  words: Words,
  options: readonly ValueOption[],
): string => `# tidings completion bash
_tidings() {
  local current=\${COMP_WORDS[COMP_CWORD]} typed='' word
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases(options, (names, choices) => `    ${names}) COMPREPLY=($(compgen -W '${choices}' -- "$current")); return ;;`)}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && break
    case "\${typed:+$typed }$word" in
${cases(words, (typed) => `      '${typed}') typed='${typed}' ;;`)}
    esac
  done
  case "$typed" in
${cases(words, (typed, all) => `    '${typed}') COMPREPLY=($(compgen -W '${all.map(({ word }) => word).join(' ')}' -- "$current")) ;;`)}
  esac
}
complete -o default -F _tidings tidings
`;

const zshScript = (words: Words, options: readonly ValueOption[]): string => `#compdef tidings
_tidings() {
  local typed='' word
  local -a options
  case "\${words[CURRENT-1]}" in
${valueCases(options, (names, choices) => `    ${names}) ${choices === '' ? '_files' : `compadd ${choices}`}; return ;;`)}
  esac
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ $word == -* ]] && break
    case "\${typed:+$typed }$word" in
${cases(words, (typed) => `      '${typed}') typed='${typed}' ;;`)}
    esac
  done
  case "$typed" in
${cases(words, (typed, all) => `    '${typed}') options=(${all.map(({ word, description }) => `'${word}:${description}'`).join(' ')}) ;;`)}
  esac
  _describe tidings options || _files
}
compdef _tidings tidings
`;

function fishScript(words: Words, options: readonly ValueOption[]): string {
  const choicesOf = new Map(options.map(({ names, choices }) => [names[0], choices]));
  const optionOf = (word: string): string => {
    const choices = choicesOf.get(word);
    if (choices === undefined) return `-l ${word.slice(2)}`;
    return `-l ${word.slice(2)} -r${choices.length === 0 ? '' : ` -f -a '${choices.join(' ')}'`}`;
  };
  const lines = Array.from(words).flatMap(([typed, all]) =>
    all.map(({ word, description }) => {
      const option = word.startsWith('--') ? optionOf(word) : `-f -a ${word}`;
      return `complete -c tidings -n "__tidings_typed '${typed}'" ${option} -d '${description}'`;
    }),
  );
  const known = Array.from(words.keys(), (typed) => `'${typed}'`).join(' ');
  return `# tidings completion fish
function __tidings_typed
  set -l typed ''
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; and break
    set -l longer (string trim -- "$typed $word")
    contains -- $longer ${known}; and set typed $longer
  end
  test "$typed" = $argv[1]
end
${lines.join('\n')}
`;
}
