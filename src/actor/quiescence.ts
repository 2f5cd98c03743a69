/**
 * Stops an actor between two turns, so that it can be moved, and lets it go on if it is not. A turn that runs is waited
 * for; what comes meanwhile waits in the mailbox.
 */
import type { Cell } from './cell.ts';
import { isStartHeld, startAfterBackoff, startHeld } from './lifecycle.ts';
import { MessageTimer } from './message-timer.ts';

/** True: the cell is quiescent. False: it says so later, by `whenQuiescent`, when its turn has ended. */
export function quiesce(cell: Cell, whenQuiescent: () => void): boolean {
  if (cell.status === 'quiescent' || cell.status === 'ended') return true;
  if (
    isBetweenIncarnations(cell) ||
    isStartHeld(cell) ||
    (cell.status === 'ready' && cell.extras.ownTurns === 0 && cell.durable?.isSettled !== false)
  ) {
    becomeQuiescent(cell);
    return true;
  }
  cell.own.quiescing = () => {
    becomeQuiescent(cell);
    whenQuiescent();
  };
  return false;
}

/** It goes on where it is. */
export function resume(cell: Cell): void {
  if (cell.extras.quiescing) cell.own.quiescing = undefined;
  if (cell.status !== 'quiescent') return;
  const { pausedBy, timers, isStartHeld: isHeld } = cell.extras;
  for (const timer of timers ?? []) if (timer instanceof MessageTimer) timer.resume();
  if (pausedBy) {
    cell.transition('pausing');
    // The rest of the backoff: its parent may wait for the start, and a move that is tried again and again for the parent.
    startAfterBackoff(cell, pausedBy, Math.max(0, cell.extras.startsAt - cell.kernel.clock.now()));
    return;
  }
  if (isHeld) {
    cell.transition('pausing');
    return startHeld(cell);
  }
  cell.transition('ready');
  cell.wake();
}

/** It waits for its backoff to pass, and for nothing else. */
function isBetweenIncarnations({ status, extras }: Cell): boolean {
  return status === 'pausing' && extras.pausedBy !== undefined;
}

function becomeQuiescent(cell: Cell): void {
  cell.own.quiescing = undefined;
  // The start that waits for its backoff is not to happen here.
  if (cell.status === 'pausing') cell.phase++;
  cell.transition('quiescent');
  cell.durable?.quiesce();
  for (const timer of cell.extras.timers ?? []) if (timer instanceof MessageTimer) timer.pause();
}
