/** How the time of a shutdown is shared, be it one process or many. */
import type { Clock } from './clock.ts';

/** Share of it that mail and asks may take; the rest is for onStop of those that do end in time. */
export const MAIL_SHARE = 0.8;
/** Milliseconds that what was said in onStop may take until it is handled, before those whom it woke are ended as well. */
export const LAST_WORDS_MS = 1_000;
/**
 * Milliseconds in which every HTTP response of a worker that goes is the last one on its connection, before its servers close. A client
 * that was about to send the next request on one that is closed at once would see a reset.
 */
export const LAST_ANSWER_MS = 250;
/** Milliseconds for a gateway to a broker to say its last acknowledgements and close, once nothing is in flight. */
export const GATEWAYS_MS = 2_000;

/** Milliseconds for a store to commit what it has taken, and to close. */
export const STORE_CLOSE_MS = 10_000;

/** Resolves once all is done, to true; or once the time is up, to false. */
export async function within(clock: Clock, ms: number, done: Promise<unknown>): Promise<boolean> {
  let late = { cancel: (): void => {} };
  const up = new Promise<boolean>((resolve) => {
    late = clock.setTimer(ms, () => resolve(false));
  });
  const isDone = await Promise.race([done.then(() => true), up]);
  late.cancel();
  return isDone;
}
