/**
 * Mail on a way that is not taken any more: it has arrived, or is lost with its link. Newer mail waits for that as long as the link lives, however
 * slow it is: a link that says nothing is ended by its beats, and a gap is allowed where a swap is not.
 */
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Milliseconds between two looks at a link on which mail is that has not arrived: it is waited for no longer where the link had ended by the first, and is not there again. */
export const PASSING_MS_MAX = 4_000;

/**
 * Calls `end`, once, when all that went that way has arrived, there and beyond, or its link has ended for good (`isLost`): what had been passed on before
 * that may still be on its way. Returns what cancels it.
 */
export function whenPassed(
  { clock, flushes }: { readonly clock: Clock; readonly flushes: LinkFlushes },
  through: OutboundQueue,
  end: (isLost: boolean) => void,
): () => void {
  let timer: Timer | undefined;
  let ended: number | undefined;
  let isOver = false;
  const cancel = (): void => {
    isOver = true;
    timer?.cancel();
  };
  const passed = (): void => {
    if (isOver) return;
    cancel();
    end(through.ended);
  };
  const look = (): void => {
    // Mail that was not read as the link ended is lost with that.
    if (through.ended && through.ends === ended) return passed();
    ended = through.ended ? through.ends : undefined;
    timer = clock.setTimer(PASSING_MS_MAX, look);
  };
  look();
  void flushes.flush([through], 'beyond').then(passed);
  return cancel;
}
