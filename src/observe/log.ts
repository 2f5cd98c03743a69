/** The logger, as far as troupe needs it; pino's has this shape. The one importer of pino. */
import { type Logger, pino } from 'pino';

/** A logger; pino's loggers have this shape. Each line has fields and a text. */
export interface Log {
  /**
   * A line that helps to find a fault.
   *
   * @example
   * ```ts
   * ctx.log.debug({ size: ctx.state.items.length }, 'taken');
   * ```
   */
  debug(fields: object, text: string): void;
  /**
   * A line on something that is as it should be.
   *
   * @example
   * ```ts
   * ctx.log.info({ order: ctx.key }, 'paid');
   * ```
   */
  info(fields: object, text: string): void;
  /**
   * A line on something that may become a fault.
   *
   * @example
   * ```ts
   * ctx.log.warn({ left: 3 }, 'almost sold out');
   * ```
   */
  warn(fields: object, text: string): void;
  /**
   * A line on something that has gone wrong; an error belongs into the field `err`.
   *
   * @example
   * ```ts
   * ctx.log.error({ err: error }, 'the mail was not sent');
   * ```
   */
  error(fields: object, text: string): void;
  /**
   * A logger that has these fields on each of its lines.
   *
   * @example
   * ```ts
   * const log = ctx.log.child({ order: 7 });
   * ```
   */
  child(bindings: Record<string, unknown>): Log;
}

export const LOG_LEVELS: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** The methods that a logger must have. */
export const LOG_METHODS: readonly (keyof Log)[] = ['debug', 'info', 'warn', 'error', 'child'];

/** A logger as given, or one of our own at a level; `bindings` are on each of its lines. */
export function openLog(log: Log | string, bindings: Record<string, unknown>): Log {
  if (typeof log !== 'string') return log.child(bindings);
  const own: Logger = pino({ level: log, base: bindings });
  return own;
}
