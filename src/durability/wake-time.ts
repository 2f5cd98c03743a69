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
  const times = [nextReminderAt, delay === undefined ? undefined : clock.wall() + (delay - clock.now())];
  const known = times.filter((time) => time !== undefined);
  // 0 is for mail.
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known));
}
