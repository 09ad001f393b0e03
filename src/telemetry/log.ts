import { type LevelWithSilent, type Logger, pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number] & LevelWithSilent;

/** Structured lines: `log.warn({ fields }, 'One sentence.')`. What works as it should is not logged. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

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
