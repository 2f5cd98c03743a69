/** Why an incarnation ended; `stop(id, reason)` may give any other text. */
export type ExitReason =
  | 'stopped' // by stop(), or by ctx.stop()
  | 'killed'
  | 'failed' // past its restart intensity, or by the decision 'stop' of its supervision
  | 'restart' // onStop only: another incarnation follows
  | 'passivated' // onStop only: it was idle
  | 'parent-ended'
  | 'worker-exited'
  | 'shutdown'
  | 'not-found' // watch only: nothing lived under the id
  | (string & {});

/** OTP's notion of an abnormal end: a transient child is started again after one. */
export function isAbnormal(reason: ExitReason): boolean {
  return reason === 'failed' || reason === 'killed' || reason === 'worker-exited';
}
