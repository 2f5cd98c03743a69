/**
 * Ends this process when its master is gone, even while a handler loops for ever: a thread of its own looks whether the
 * parent has changed. Without it such a worker would be an orphan that nobody is left to kill.
 */
import { Worker } from 'node:worker_threads';
import { asError } from '../vocabulary/errors.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/** Only what is still there at the second look is killed: a process whose loop turns ends by itself, and removes its sockets. */
const PROGRAM = `
const { workerData } = require('node:worker_threads');
let isOrphan = false;
setInterval(() => {
  const wasOrphan = isOrphan;
  isOrphan = process.ppid !== workerData.parent;
  if (isOrphan && wasOrphan) process.kill(process.pid, 'SIGKILL');
}, workerData.lookMs);
`;

/** The warning where the thread does not run, as in a worker of node:cluster on Deno. */
export const UNWATCHED: string =
  'the thread that ends this worker when its master is gone does not run here: a worker whose handler never returns would outlive its master';

/** Where the thread cannot run, or ends, one sentence says so; the process goes on. */
export function watchMaster(
  program: string = PROGRAM,
  warn: (text: string) => void = (text) => process.emitWarning(text),
): void {
  const thread = new Worker(program, {
    eval: true,
    execArgv: [],
    workerData: { parent: process.ppid, lookMs: LOOK_MS },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 1 },
  });
  // Unheard it would end the process, or be printed with a stack that tells the reader nothing.
  thread.on('error', (error) => warn(`${UNWATCHED}: ${asError(error).message}`));
  thread.unref();
}
