/** A process begins to pause actors, or to let them go on, as the table says. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { LetThrough } from '../actor/pauses.ts';
import type { Pause } from '../vocabulary/pause.ts';

/** `pauses`: all that hold now. */
export function pauseActors(
  { kernel, pauses: gates }: LocalActors,
  pauses: readonly Pause[],
  letThrough: LetThrough,
): void {
  gates.letThrough = letThrough;
  // Nothing is asked for each turn where nothing is paused.
  kernel.pauses = pauses.length > 0 ? gates : undefined;
  gates.set(pauses);
}
