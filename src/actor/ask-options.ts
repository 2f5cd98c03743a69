/** Options of an ask, beside its message. */
import { TroupeError } from '../vocabulary/errors.ts';
import { unknownOption } from '../vocabulary/names.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Options of an ask. */
export interface AskOptions {
  /**
   * Milliseconds until the ask is rejected with ASK_TIMEOUT, from 0 to 86 400 000. Default: what is left of the asker's own deadline, else
   * `askTimeoutMs`; never more than what is left.
   */
  timeoutMs?: number;
  /** Aborted, it rejects the ask with ASK_ABORTED and aborts `ctx.signal` of the handler. Default: none. */
  signal?: AbortSignal;
}

/** A day: longer than any ask should wait, and within what timers can hold. */
export const ASK_TIMEOUT_MS_MAX = 86_400_000;

export function checkAskOptions(options: AskOptions | undefined): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null)
    throw new TroupeError('INVALID_OPTIONS', `options of an ask: expected an object; got ${inspect(options)}`);
  for (const name in options)
    if (name !== 'timeoutMs' && name !== 'signal')
      throw new TroupeError('INVALID_OPTIONS', unknownOption(name, name, ['timeoutMs', 'signal']));
  const { timeoutMs, signal } = options;
  if (
    timeoutMs !== undefined &&
    !(typeof timeoutMs === 'number' && timeoutMs >= 0 && timeoutMs <= ASK_TIMEOUT_MS_MAX)
  ) {
    throw new TroupeError(
      'INVALID_OPTIONS',
      `timeoutMs: expected milliseconds from 0 to ${ASK_TIMEOUT_MS_MAX}; got ${inspect(timeoutMs)}`,
    );
  }
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw new TroupeError('INVALID_OPTIONS', `signal: expected an AbortSignal; got ${inspect(signal)}`);
  }
}

/** One that is made by hand has the prototype, and throws as soon as it is listened to. */
function isAbortSignal(signal: unknown): boolean {
  try {
    return signal instanceof AbortSignal && typeof signal.aborted === 'boolean';
  } catch {
    return false;
  }
}
