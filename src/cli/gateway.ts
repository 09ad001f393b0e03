import type { IncomingMessage } from 'node:http';
import type { HiddenField } from '../client/schema.generated.ts';
import { CommandError, type ExitCode, exitCodeOf, exitCodes, usageError } from './exit-code.ts';
import { send, textOf } from './http-request.ts';

export interface Connection {
  /** http://host:port, without a slash at its end. */
  readonly url: string;
  readonly token: string | null;
}

interface GraphAnswer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly code?: string };
  }[];
}

const statusOf = ({ statusCode = 0 }: IncomingMessage): number => statusCode;

/** A gateway as commands ask it. */
export class Gateway {
  readonly url: string;
  readonly token: string | null;
  /** Fields of events that are known to be hidden from the caller. */
  hidden: ReadonlySet<HiddenField> = new Set();
  readonly #timeoutMs: number;

  constructor({ url, token }: Connection, timeoutMs: number) {
    this.url = url;
    this.token = token;
    this.#timeoutMs = timeoutMs;
  }

  get socketUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/graphql`;
  }

  /**
   * Runs one operation. @returns its data
   * @throws CommandError with the exit code that belongs to the error
   */
  async ask<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    const response = await this.#send('/graphql', JSON.stringify({ query, variables }));
    const { data, errors } = (await this.#json(response)) as GraphAnswer;
    const [error] = errors ?? [];
    if (error !== undefined) throw this.#rejected(statusOf(response), error);
    if (data == null) throw this.#notTidings(response);
    return data as Data;
  }

  /** @returns the status and the JSON of a GET. @throws CommandError where there is none */
  async get(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await this.#send(path);
    return { status: statusOf(response), body: await this.#json(response) };
  }

  /** The JSON of each line of a GET, as it comes. @throws CommandError where the answer is no 200 */
  async *lines(path: string): AsyncGenerator<unknown> {
    const response = await this.#send(path);
    if (statusOf(response) !== 200) throw await this.#rejectedGet(response);
    response.setEncoding('utf8');
    let rest = '';
    try {
      for await (const piece of response) {
        const lines = `${rest}${piece}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line);
      }
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #rejectedGet(response: IncomingMessage): Promise<CommandError> {
    const status = statusOf(response);
    const { error } = (await this.#json(response)) as { error?: string };
    if (error === undefined) return this.#notTidings(response);
    const codes: Readonly<Record<number, ExitCode>> = {
      400: exitCodes.usage,
      401: exitCodes.forbidden,
      403: exitCodes.forbidden,
      503: exitCodes.unavailable,
    };
    return new CommandError(error, codes[status] ?? exitCodes.rejected);
  }

  /** @param body JSON to post; a GET without it */
  async #send(path: string, body?: string): Promise<IncomingMessage> {
    const headers = {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(this.token !== null && { authorization: `Bearer ${this.token}` }),
    };
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await send(new URL(`${this.url}${path}`), {
        headers,
        signal,
        ...(body === undefined ? { method: 'GET' } : { method: 'POST', body }),
      });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ERR_INVALID_CHAR') {
        throw usageError('The token has characters that no header can hold.', cause);
      }
      throw this.#unreachable(cause);
    }
  }

  async #json(response: IncomingMessage): Promise<object> {
    let text: string;
    try {
      text = await textOf(response);
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    try {
      const json: unknown = JSON.parse(text);
      if (typeof json === 'object' && json !== null) return json;
    } catch {
      // Not JSON: said below.
    }
    throw this.#notTidings(response, text);
  }

  #unreachable(cause: unknown): CommandError {
    const { name, message, code } = cause as NodeJS.ErrnoException;
    const reason =
      name === 'AbortError' || name === 'TimeoutError'
        ? `no answer within ${this.#timeoutMs / 1_000} s`
        : (code ?? message);
    return new CommandError(
      `Cannot reach the gateway at ${this.url}: ${reason}. Start one with tidings serve, or name another with --url.`,
      exitCodes.unavailable,
      { cause },
    );
  }

  #rejected(
    status: number,
    { message, extensions }: { message: string; extensions?: { code?: string } },
  ): CommandError {
    const code = extensions?.code;
    if (status === 401) {
      return new CommandError(
        `${message} Give a token with --token, TIDINGS_TOKEN or tidings contexts.`,
        exitCodes.forbidden,
      );
    }
    return new CommandError(
      code === undefined ? message : `${message} (${code})`,
      exitCodeOf(code),
    );
  }

  #notTidings(response: IncomingMessage, text = ''): CommandError {
    const status = statusOf(response);
    const excerpt = text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
    const said = excerpt === '' ? '' : `: ${excerpt}`;
    if (status === 401 || status === 403) {
      return new CommandError(`${this.url} answers ${status}${said}`, exitCodes.forbidden);
    }
    return new CommandError(
      `${this.url} does not answer as a gateway of Tidings does (HTTP ${status})${said}`,
      status >= 500 ? exitCodes.unavailable : exitCodes.rejected,
    );
  }
}
