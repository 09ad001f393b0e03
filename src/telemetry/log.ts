import { type LevelWithSilent, type Logger, pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number] & LevelWithSilent;

/** Structured lines: `log.warn({ fields }, 'One sentence.')`. What works as it should is not logged. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  /** Absent where the level cannot be changed. */
  level?: string;
};

/** One JSON object a line, to standard output. */
export function createLog(level: LogLevel): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    errorKey: 'error',
  });
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
