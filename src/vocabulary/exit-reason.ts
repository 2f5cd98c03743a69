import { TroupeError } from './errors.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Characters of a reason: all who watch are told it. */
export const EXIT_REASON_MAX = 1_024;

/** Why an incarnation ended; `stop(id, reason)` may give any other text. */
export type ExitReason =
  | 'stopped' // by stop(), or by ctx.stop()
  | 'killed' // by kill(), or by remove()
  | 'removed' // by ctx.remove()
  | 'failed' // past its restart intensity, or by the decision 'stop' of its supervision
  | 'restart' // onStop only: another incarnation follows
  | 'passivated' // onStop only: it was idle
  | 'parent-ended'
  | 'worker-exited'
  | 'shutdown'
  | 'kind-removed' // a reload brought code without its kind
  | 'not-found' // watch only: nothing lived under the id
  | (string & {});

/** OTP's notion of an abnormal end: a transient child is started again after one. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason === 'failed' || reason === 'killed' || reason === 'worker-exited';
}

/** Throws INVALID_OPTIONS for what is no text within its bound. */
export function checkExitReason(reason: unknown): void {
  if (typeof reason === 'string' && reason.length <= EXIT_REASON_MAX) return;
  const got = typeof reason === 'string' ? `${reason.length} characters` : inspect(reason);
  throw new TroupeError(
    'INVALID_OPTIONS',
    `reason: expected a text of at most ${EXIT_REASON_MAX} characters; got ${got}`,
  );
}
