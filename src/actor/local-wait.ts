/**
 * Waits of an actor in its own process without an ask: the start of a child, the end of one. It counts as waited for
 * like the reply of an ask, so that a ring of waits is found, and it has a deadline like one.
 */
import type { ActorId } from '../vocabulary/address.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Wait } from './ask-cycle.ts';
import type { Cell } from './cell.ts';

/** Milliseconds that the start of a spawned actor is waited for, where the turn that waits has no less left. */
export const SPAWN_TIMEOUT_MS = 60_000;

/** The wait counts until the returned function is called. */
export function beginWait(cell: Cell, target: ActorId): () => void {
  const wait: Wait = { target };
  cell.waits(wait);
  // It may close a ring itself: the child may have asked for something long ago.
  if (cell.extras.waits?.has(wait)) cell.kernel.router.signal(target, { type: 'ask-probe', path: [cell.id] });
  return () => cell.waitsNoMore(wait);
}

/** Until `target` has started, as `work` says. Rejects ASK_TIMEOUT past the deadline; the start itself goes on. */
export async function waitForStart(cell: Cell, target: ActorId, work: () => Promise<void>): Promise<void> {
  const end = beginWait(cell, target);
  const { clock } = cell.kernel;
  const leftMs = cell.deadlineAt === 0 ? SPAWN_TIMEOUT_MS : Math.min(SPAWN_TIMEOUT_MS, cell.deadlineAt - clock.now());
  let timer: { cancel(): void } | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimer(leftMs, () => reject(notStarted(target, leftMs)));
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    timer?.cancel();
    end();
  }
}

function notStarted(target: ActorId, waitedMs: number): TroupeError {
  const text = `${target} did not start within ${Math.max(0, Math.ceil(waitedMs))} ms`;
  return new TroupeError('ASK_TIMEOUT', text, { fate: 'unknown' });
}
