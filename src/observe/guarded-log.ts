/**
 * A log that users cannot break: serializers read all of an error, any part of which may throw, and so may a logger of theirs, in the
 * middle of a delivery or a start.
 */
import { asError } from '../vocabulary/errors.ts';
import { errorOfReading, readError } from '../vocabulary/error-reading.ts';
import type { Log } from './log.ts';

export function guardedLog(log: Log): Log {
  return {
    debug: (fields, text) => write(log, 'debug', fields, text),
    info: (fields, text) => write(log, 'info', fields, text),
    warn: (fields, text) => write(log, 'warn', fields, text),
    error: (fields, text) => write(log, 'error', fields, text),
    // Those that are given to actors are theirs as they are: what throws there is their own error.
    child: (bindings) => log.child(bindings),
  };
}

function write(log: Log, level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string): void {
  try {
    log[level](fields, text);
  } catch {
    const { err } = fields as { err?: unknown };
    if (err === undefined) return;
    try {
      log[level]({ ...fields, err: errorOfReading(readError(asError(err))) }, text);
    } catch {
      // A logger that takes nothing is no reason to end a process.
    }
  }
}
