import {
  type DestinationStream,
  type LevelWithSilent,
  type Logger,
  type LoggerOptions,
  pino,
} from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number] & LevelWithSilent;

/** Structured lines: `log.warn({ fields }, 'One sentence.')`. What works as it should is not logged. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  /** Absent where the level cannot be changed. */
  level?: string;
};

interface LogOptions {
  /** Adds fields to every line: the ids of a trace. */
  readonly fields?: (() => object) | undefined;
  /** Standard output when absent. */
  readonly output?: DestinationStream | undefined;
}

/** One JSON object a line. */
export function createLog(level: LogLevel, { fields, output }: LogOptions = {}): Log {
  const options: LoggerOptions = {
    level,
    ...(fields && { mixin: fields }),
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    errorKey: 'error',
  };
  return output === undefined ? pino(options) : pino(options, output);
}

/** Changes the level to debug, or from there back to the configured one. The log says so, whatever its level. */
export function toggleDebug(log: Log, configured: LogLevel): void {
  if (log.level === undefined) return;
  const level = log.level === 'debug' ? normalLevelOf(configured) : 'debug';
  if (level === 'debug') log.level = level;
  log.info({ newLevel: level }, 'The log level was changed.');
  log.level = level;
}

/** Where debug itself is configured, SIGUSR2 makes the log quieter. */
const normalLevelOf = (configured: LogLevel): LogLevel =>
  configured === 'debug' ? 'info' : configured;
