/**
 * The states of a cell and the ways between them, drawn once: `Cell.transition` is the one place that changes a status,
 * and outside production it refuses every way that is not drawn here.
 */
import type { ActorId } from '../vocabulary/address.ts';

/**
 * - `starting`: `state` and `onStart` run, or their turn has not come yet.
 * - `ready`: between two turns.
 * - `busy`: a turn runs.
 * - `quiescent`: it waits to be moved to another process, and handles nothing.
 * - `pausing`: between two incarnations.
 * - `stopping`: its children end, then `onStop` runs.
 * - `ended`: it is no more, or runs in another process.
 */
export type CellStatus = 'starting' | 'ready' | 'busy' | 'quiescent' | 'pausing' | 'stopping' | 'ended';

/** From → to. */
export const TRANSITIONS: Readonly<Record<CellStatus, readonly CellStatus[]>> = {
  // A cell is made in this state; a record that turns out not to be there is begun anew.
  starting: ['starting', 'ready', 'pausing', 'stopping'],
  // Turns begin and end here, and moves.
  ready: ['busy', 'quiescent', 'pausing', 'stopping'],
  // A turn that an end or a restart of a sibling gives up leaves by one of the last two.
  busy: ['ready', 'pausing', 'stopping'],
  // A move that is called off gives it back as it was; one that is committed ends it here.
  quiescent: ['ready', 'pausing', 'stopping', 'ended'],
  // A sibling may fail while a group waits for its restart.
  pausing: ['pausing', 'starting', 'quiescent', 'stopping'],
  // A kill takes over an end that has begun.
  stopping: ['stopping', 'ended'],
  ended: [],
};

/** Whether transitions are checked; in production nothing is paid for it. */
export const CHECKS_TRANSITIONS: boolean = process.env.NODE_ENV !== 'production';

/** Throws where the way is not drawn: a fault of the runtime, not of the actor. */
export function assertTransition(id: ActorId, from: CellStatus, to: CellStatus): void {
  // Nearly all of them begin and end turns: those two are not looked up (S1).
  if (from === 'ready' ? to === 'busy' : from === 'busy' && to === 'ready') return;
  if (!TRANSITIONS[from].includes(to)) throw new Error(`the cell of ${id} went from '${from}' to '${to}'`);
}
