/** Waits in simulated time, which has no end of its own: a test that waits for what never comes says so. */

/** Simulated milliseconds, beyond all that the runtime waits for. */
const WITHIN_MS = 120_000;

/** Runs `world` until it is so, and looks each `everyMs` simulated milliseconds. */
export async function simulatedUntil(
  world: { run(ms: number): Promise<void> },
  what: string,
  isSo: () => boolean,
  everyMs: number,
  withinMs = WITHIN_MS,
): Promise<void> {
  for (let passedMs = 0; !isSo(); passedMs += everyMs) {
    if (passedMs > withinMs) throw new Error(`not within ${withinMs} simulated ms: ${what}`);
    await world.run(everyMs);
  }
}
