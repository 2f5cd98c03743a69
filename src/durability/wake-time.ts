/** When a durable actor must be in memory, should it leave: at once with unfinished mail, else at its next time. */
import type { Cell } from '../actor/cell.ts';

/** Milliseconds since the Unix epoch; `isLive`: its machine, if it is one, has its delays. */
export function wakeTime(
  { behaviour, context, kernel: { clock } }: Cell,
  hasMail: boolean,
  nextReminderAt: number | undefined,
  isLive: boolean,
): number | undefined {
  if (hasMail) return 0;
  const delay = isLive ? behaviour.nextDueAt?.(context) : undefined;
  if (delay === undefined && nextReminderAt === undefined) return undefined;
  const delayAt = delay === undefined ? Number.POSITIVE_INFINITY : clock.wall() + (delay - clock.now());
  // 0 is for mail.
  return Math.max(1, Math.min(delayAt, nextReminderAt ?? Number.POSITIVE_INFINITY));
}
