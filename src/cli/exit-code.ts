/** What a command ends with; docs/cli.md lists them. */
export const exitCodes = {
  done: 0,
  /** It ran, and the answer is no: not found, not ready, rejected, not delivered. */
  no: 1,
  /** The arguments cannot be used. */
  usage: 2,
  /** The gateway cannot be reached or is not ready: try again later. */
  unavailable: 3,
  /** The credential is missing, wrong or not enough. */
  forbidden: 4,
  /** The gateway rejects what was asked. */
  rejected: 5,
  /** A feed cannot go on from the index it stopped at. */
  cannotResume: 6,
  /** The command or the URL of follow failed for an event, or its state cannot be written. */
  actionFailed: 7,
} as const;

export type ExitCode = number;

/** Ends a command with a sentence for a person. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** An error about the arguments. */
export function usageError(message: string, cause?: unknown): CommandError {
  return new CommandError(message, exitCodes.usage, { cause });
}

/** An error about what follow was to do. */
export function actionError(message: string, cause: unknown): CommandError {
  return new CommandError(message, exitCodes.actionFailed, { cause });
}

/** Exit codes of the gateway's extensions.code. */
const codes: ReadonlyMap<string, ExitCode> = new Map([
  ['NOT_FOUND', exitCodes.no],
  ['UNAVAILABLE', exitCodes.unavailable],
  ['RATE_LIMITED', exitCodes.unavailable],
  ['TOO_MANY', exitCodes.unavailable],
  ['INTERNAL_SERVER_ERROR', exitCodes.unavailable],
  ['CONNECTION', exitCodes.unavailable],
  ['UNAUTHENTICATED', exitCodes.forbidden],
  ['FORBIDDEN', exitCodes.forbidden],
  ['INDEX_EXPIRED', exitCodes.cannotResume],
  ['INDEX_AHEAD', exitCodes.cannotResume],
  ['OTHER_JOURNAL', exitCodes.cannotResume],
]);

export const exitCodeOf = (code: string | undefined): ExitCode =>
  codes.get(code ?? '') ?? exitCodes.rejected;
