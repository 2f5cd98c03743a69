/** When a durable actor must be in memory, should it leave: at once with unfinished business, else at its next time. */
import type { Cell } from '../actor/cell.ts';

/** In milliseconds since the Unix epoch; 0: at the next start, or as soon as it has a new host. */
export function wakeTime(
  hasMail: boolean,
  nextReminderAt: number | undefined,
  nextOwnAt: number | undefined,
): number | undefined {
  if (hasMail || nextOwnAt === 0) return 0;
  if (nextOwnAt === undefined && nextReminderAt === undefined) return undefined;
  // 0 is for mail in its outbox and for activities that have begun.
  return Math.max(1, Math.min(nextOwnAt ?? Number.POSITIVE_INFINITY, nextReminderAt ?? Number.POSITIVE_INFINITY));
}

/**
 * Of the state as it is: when it goes on by itself, as a machine does by its delays; 0 where an activity of it has begun,
 * which begins again with it. Undefined: not by itself.
 */
export function nextOwnTime({ behaviour, context, kernel: { clock } }: Cell): number | undefined {
  if (behaviour.isActive?.(context)) return 0;
  const delay = behaviour.nextDueAt?.(context);
  return delay === undefined ? undefined : Math.max(1, clock.wall() + (delay - clock.now()));
}
