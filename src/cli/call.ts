import { connectionOf } from './connection.ts';
import { usageError } from './exit-code.ts';
import { Gateway } from './gateway.ts';
import { Output } from './output/output.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
type Values = Readonly<Record<string, unknown>>;

/** One use of a command: what was typed, and what the command works with. */
export class Call {
  readonly arguments: readonly string[];
  readonly environment: Environment;
  readonly terminal: Terminal;
  readonly #values: Values;
  #gateway: Promise<Gateway> | null = null;
  #output: Output | null = null;

  constructor(
    values: Values,
    positionals: readonly string[],
    environment: Environment,
    terminal: Terminal,
  ) {
    this.arguments = positionals;
    this.environment = environment;
    this.terminal = terminal;
    this.#values = values;
  }

  text(option: string): string | undefined {
    return this.#values[option] as string | undefined;
  }

  list(option: string): readonly string[] {
    return (this.#values[option] as readonly string[] | undefined) ?? [];
  }

  flag(option: string): boolean {
    return this.#values[option] === true;
  }

  /** @throws CommandError where it is not a whole number from min to max */
  wholeNumber(option: string, min: number, max: number): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw usageError(`--${option} is a whole number from ${min} to ${max}, not "${text}".`);
  }

  /** @throws CommandError where it is none of the choices; they are compared without case */
  oneOf<Choice extends string>(option: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    const choice = choices.find((known) => known.toLowerCase() === text.toLowerCase());
    if (choice !== undefined) return choice;
    throw usageError(`--${option} is one of ${choices.join(', ')}, not "${text}".`);
  }

  /** The only argument. @throws CommandError where there is none, or more */
  argument(what: string): string {
    const [only, ...others] = this.arguments;
    if (only !== undefined && others.length === 0) return only;
    throw usageError(`This command takes one argument, ${what}, not ${this.arguments.length}.`);
  }

  /** @throws CommandError where there is an argument */
  noArguments(): void {
    const [first] = this.arguments;
    if (first !== undefined) throw usageError(`This command takes no argument ${first}.`);
  }

  /** The gateway that the options, the environment or a context name. */
  gateway(): Promise<Gateway> {
    this.#gateway ??= connectionOf(this).then((connection) => {
      const timeoutSeconds = this.wholeNumber('timeout', 1, 3_600) ?? 30;
      return new Gateway(connection, timeoutSeconds * 1_000);
    });
    return this.#gateway;
  }

  get output(): Output {
    this.#output ??= new Output(this);
    return this.#output;
  }
}
