/** Listeners for the end of the start of a spawned actor, however it went: few, and only after a crash. */
import type { Cell } from './cell.ts';

const waiting = new WeakMap<Cell, () => void>();

export function whenBegun(cell: Cell, run: () => void): void {
  waiting.set(cell, run);
}

/** Told with each start and end; only the first counts. */
export function hasBegun(cell: Cell): void {
  if (!cell.origin.spawned) return;
  const run = waiting.get(cell);
  if (!run) return;
  waiting.delete(cell);
  run();
}
