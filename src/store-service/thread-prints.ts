/**
 * lmdb prints what fails on the console by itself, also where the failure is told of by an error. In the thread of the store such
 * prints are messages to the master, which logs them at debug. Prints of its native part to the file descriptor are out of reach.
 */
import { performance } from 'node:perf_hooks';

/** Of one print; the rest is cut. */
export const PRINT_CHARS_MAX = 4_096;
/** In one second; more are dropped. */
export const PRINTS_PER_SECOND_MAX = 20;
const SECOND_MS = 1_000;

interface Printing {
  write: unknown;
}

/** Gives what would be written to these streams to `told`. Writing waits for nothing then. */
export function tellPrints(streams: readonly Printing[], print: (text: string) => void): void {
  let since = performance.now();
  let count = 0;
  const write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (performance.now() - since >= SECOND_MS) [since, count] = [performance.now(), 0];
    if (count++ < PRINTS_PER_SECOND_MAX) print(String(chunk).trimEnd().slice(0, PRINT_CHARS_MAX));
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(() => done());
    return true;
  };
  for (const stream of streams) stream.write = write;
}
