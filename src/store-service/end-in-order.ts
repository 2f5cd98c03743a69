/** The end of a thread of the store that has failed: its commits end first. */

/** Milliseconds that it waits for the commits that it has begun. */
export const LAST_COMMITS_MS_MAX = 10_000;

/**
 * One that ends while the engine writes takes the whole process down (seen on Node.js 26). `close` resolves, or rejects, once nothing is
 * written any more.
 */
export function endInOrder(close: () => Promise<unknown>, exit: () => void, msMax: number = LAST_COMMITS_MS_MAX): void {
  const timer = setTimeout(exit, msMax);
  const end = (): void => {
    clearTimeout(timer);
    exit();
  };
  close().then(end, end);
}
