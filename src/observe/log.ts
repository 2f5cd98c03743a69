/** The logger, as far as troupe needs it; pino's has this shape. The one importer of pino. */
import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import type { Logger, pino as Pino } from 'pino';
import { terminalLine } from './terminal-log.ts';

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

const nothing = (): void => {};
/** All that pino writes by, since handlers may call more than `Log` has. */
const SILENT = {
  ...{ trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, fatal: nothing, silent: nothing },
  ...{ level: 'silent', isLevelEnabled: (): boolean => false, child: (): Log => SILENT },
};

/** A logger as given, or one of our own at a level, for people where it writes to a terminal; `bindings` are on each of its lines. */
export function openLog(log: Log | string, bindings: Record<string, unknown>, isTerminal: boolean = isatty(1)): Log {
  if (typeof log !== 'string') return log.child(bindings);
  if (log === 'silent') return SILENT;
  const pino = loadPino();
  const options = { level: log, base: bindings };
  if (!isTerminal) return pino(options) satisfies Logger;
  const hasColours = !process.env.NO_COLOR;
  const screen = pino.destination({ dest: 1, sync: true });
  return pino(options, { write: (line) => void screen.write(terminalLine(line, hasColours)) });
}

/** Not before it is needed: it is a quarter of what a process loads, and workers whose lines the program's logger writes do without. */
function loadPino(): typeof Pino {
  return (createRequire(import.meta.url)('pino') as { pino: typeof Pino }).pino;
}
