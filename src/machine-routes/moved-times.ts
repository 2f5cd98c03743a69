/** The times of an actor that has come from another machine, whose clock is another one. */
import type { TransferredActor, TransferredIncarnation } from '../actor/transfer.ts';

/** `ahead`: milliseconds of this machine's clock before that of the other one. */
export function onClockOf(actor: TransferredActor, ahead: number): TransferredActor {
  const { failedUntil, incarnation } = actor;
  return {
    ...actor,
    failedUntil: failedUntil === undefined ? undefined : failedUntil + ahead,
    incarnation: incarnation && movedIncarnation(incarnation, ahead),
  };
}

function movedIncarnation(incarnation: TransferredIncarnation, ahead: number): TransferredIncarnation {
  return {
    ...incarnation,
    restartTimes: incarnation.restartTimes.map((at) => at + ahead),
    lastActiveAt: incarnation.lastActiveAt + ahead,
    timers: incarnation.timers.map((timer) => ({ ...timer, dueAt: timer.dueAt + ahead })),
    // The epochs of two machines' placement tables say nothing of each other; 0 is before all of this one.
    epoch: 0,
  };
}
