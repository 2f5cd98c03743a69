/** What troupe needs of a logger; pino's has this shape. The one importer of pino. */
import { type Logger, pino } from 'pino';

export interface Log {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  child(bindings: Record<string, unknown>): Log;
}

export const LOG_LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** What a logger must have. */
export const LOG_METHODS: readonly (keyof Log)[] = ['debug', 'info', 'warn', 'error', 'child'];

/** A logger as given, or one of our own at a level; `bindings` are on each of its lines. */
export function openLog(log: Log | string, bindings: Record<string, unknown>): Log {
  if (typeof log !== 'string') return log.child(bindings);
  const own: Logger = pino({ level: log, base: bindings });
  return own;
}
