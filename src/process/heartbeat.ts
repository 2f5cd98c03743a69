/** The signs of life of a process, with its load: the master kills one that gives none. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { ToMaster } from '../wire/control.ts';

/** Beats at once and then every so many milliseconds, until the returned function is called. */
export function beatHeart(
  clock: Clock,
  everyMs: number,
  actors: LocalActors,
  tellMaster: (message: ToMaster) => void,
  memoryUsage: () => { heapUsed: number; rss: number } = () => process.memoryUsage(),
): () => void {
  let stop = (): void => {};
  const beat = (): void => {
    const { heapUsed, rss } = memoryUsage();
    tellMaster({
      type: 'heartbeat',
      load: { actors: actors.size, mailbox: actors.waiting, heapBytes: heapUsed, rssBytes: rss },
    });
    const timer = clock.setTimer(everyMs, beat);
    stop = () => timer.cancel();
  };
  beat();
  return () => stop();
}
