import { type Command, type Entries, type Group, isGroup } from '../command.ts';
import { usageError } from '../exit-code.ts';
import { globalOptions } from '../global-options.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** @param commands all commands, this one too */
export const completionOf = (commands: Entries): Command => ({
  summary: 'Print completions for bash, zsh or fish.',
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
    await call.terminal.write(scripts[shell](await wordsOfAll(commands)));
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

/** Descriptions stay in single quotes of a shell. */
const wordOf = (word: string, description: string): Word => ({
  word,
  description: description.replace(/'/g, '’').replace(/[[\]:]/g, ' '),
});

const cases = (words: Words, line: (typed: string, all: readonly Word[]) => string): string =>
  Array.from(words, ([typed, all]) => line(typed, all)).join('\n');

const bashScript = (words: Words): string => `# tidings completion bash
_tidings() {
  local current=\${COMP_WORDS[COMP_CWORD]} typed='' word
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

const zshScript = (words: Words): string => `#compdef tidings
_tidings() {
  local typed='' word
  local -a options
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

function fishScript(words: Words): string {
  const lines = Array.from(words).flatMap(([typed, all]) =>
    all.map(({ word, description }) => {
      const option = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
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
