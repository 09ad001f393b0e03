import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventRow } from './event-row.ts';
import { actionError } from './exit-code.ts';

/** What is done with an event: resolves once it is done. @throws CommandError */
export type EventAction = (event: EventRow) => Promise<void>;

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
const forwardTimeoutMs = 15_000;

/** An attempt that failed, as a clause. */
class AttemptError extends Error {
  /** Whether another attempt may succeed. */
  readonly passes: boolean;

  constructor(message: string, options: ErrorOptions & { readonly passes: boolean }) {
    super(message, options);
    this.passes = options.passes;
  }
}

/**
 * Tries an action up to `attempts` times, with pauses from 1 s that double up to 60 s.
 * @param stopping ends the pauses
 */
export function repeatedly(
  attempts: number,
  stopping: AbortSignal,
  notice: (line: string) => void,
  action: EventAction,
): EventAction {
  const failed = async (event: EventRow): Promise<AttemptError | null> => {
    try {
      await action(event);
      return null;
    } catch (error) {
      if (error instanceof AttemptError) return error;
      throw error;
    }
  };
  return async (event) => {
    for (let attempt = 1; ; attempt++) {
      const cause = await failed(event);
      if (cause === null) return;
      const message = `Event ${event.index} (${event.type}): ${cause.message}.`;
      if (attempt === attempts || !cause.passes) {
        throw actionError(message, cause);
      }
      const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
      notice(`${message} Trying again in ${pauseMs / 1_000} s.`);
      await pause(pauseMs, undefined, { signal: stopping });
    }
  };
}

/** Runs a command of the shell with the event as a line of JSON on its standard input. */
export function execAction(command: string): EventAction {
  return async (event) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] });
    const ended = once(child, 'exit');
    // A command need not read its input.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify(event)}\n`);
    let code: number | null;
    let signal: NodeJS.Signals | null;
    try {
      [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    } catch (cause) {
      throw new AttemptError(`the command did not start: ${(cause as Error).message}`, {
        passes: false,
        cause,
      });
    }
    if (code === 0) return;
    throw new AttemptError(`the command ended with ${code ?? signal}`, { passes: true });
  };
}

/** Posts the event to a URL as sinks of the format STANDARD do, unsigned. */
export function forwardAction(url: string): EventAction {
  return async (event) => {
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': `evt_${event.id}_${event.index}`,
          'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
        },
        body: JSON.stringify({ type: event.type, timestamp: event.time, data: event }),
        redirect: 'manual',
        signal: AbortSignal.timeout(forwardTimeoutMs),
      });
      await response.body?.cancel();
    } catch (cause) {
      throw new AttemptError(`${url} cannot be reached: ${reasonOf(cause)}`, {
        passes: true,
        cause,
      });
    }
    if (response.ok) return;
    const { status } = response;
    const passes = status === 408 || status === 429 || status >= 500;
    throw new AttemptError(`${url} answers ${status}`, { passes });
  };
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: Error & { code?: string } };
  if (name === 'TimeoutError') return `no answer within ${forwardTimeoutMs / 1_000} s`;
  return cause?.code ?? cause?.message ?? message;
}
