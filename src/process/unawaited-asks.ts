/**
 * Hears of promises that were rejected and that nobody awaited. An ask of an actor is logged with its actor, and harms nobody
 * else; all other rejections are what they would be without this.
 */
import { unawaited } from '../actor/unawaited.ts';
import type { Log } from '../observe/log.ts';
import { TroupeError } from '../vocabulary/errors.ts';

/** Modes in which the program has said itself what becomes of unhandled rejections. */
const OTHER_MODE = /--unhandled-rejections[= ](?!throw)/;

let systems = 0;
let workerLog: Log | undefined;

/** Until the returned function is called. `log`: of a worker, where no other code is to be ended by a failed ask either. */
export function logUnawaited(log?: Log): () => void {
  if (OTHER_MODE.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`)) return () => {};
  workerLog ??= log;
  if (++systems === 1) process.on('unhandledRejection', heard);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--systems === 0) process.off('unhandledRejection', heard);
  };
}

function heard(reason: unknown): void {
  const known = unawaited(reason);
  const log = known?.log ?? (reason instanceof TroupeError ? workerLog : undefined);
  if (log) {
    const actor = known?.actor === undefined ? {} : { actor: known.actor };
    return log.error({ ...actor, ...known?.trace, err: reason }, 'an ask failed that nobody awaited');
  }
  if (process.listenerCount('unhandledRejection') === 1) rejectUnheard(reason);
}

/** Rejected once more while nobody listens, so that Node.js does what it does where nobody ever has. */
function rejectUnheard(reason: unknown): void {
  process.off('unhandledRejection', heard);
  void Promise.reject(reason);
  setImmediate(() => {
    if (systems > 0) process.on('unhandledRejection', heard);
  }).unref();
}
