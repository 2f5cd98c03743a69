/** Asks the watchdog thread of a worker what runs in its event loop. The thread answers also where that loop does not. */
import { connect } from 'node:net';
import type { LoopRun } from '../observe/checkup.ts';

/** Milliseconds for its answer: it waits for the loop, and then pauses it. */
export const WATCHDOG_MS_MAX = 2_000;
/** Bytes of an answer. */
export const WATCHDOG_BYTES_MAX = 65_536;

/** Undefined: the loop answers, or the thread does not, as in a process that is stopped. */
export function askWatchdog(path: string, withinMs: number = WATCHDOG_MS_MAX): Promise<LoopRun | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const parts: Buffer[] = [];
    let bytes = 0;
    const done = (found: LoopRun | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(done, withinMs, undefined);
    socket.on('error', () => done(undefined));
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > WATCHDOG_BYTES_MAX) done(undefined);
      else parts.push(part);
    });
    socket.on('end', () => done(runIn(Buffer.concat(parts).toString())));
  });
}

function runIn(text: string): LoopRun | undefined {
  try {
    return text === '' ? undefined : (JSON.parse(text) as LoopRun);
  } catch {
    return undefined;
  }
}
