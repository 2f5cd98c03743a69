/**
 * Ends this process when its master is gone, even while a handler loops for ever: a thread of its own looks whether the
 * parent has changed. Without it such a worker would be an orphan that nobody is left to kill.
 */
import { Worker } from 'node:worker_threads';

/** Milliseconds between two looks. */
const LOOK_MS = 500;

const PROGRAM = `
const { workerData } = require('node:worker_threads');
setInterval(() => {
  if (process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL');
}, workerData.lookMs);
`;

export function watchMaster(): void {
  const thread = new Worker(PROGRAM, {
    eval: true,
    execArgv: [],
    workerData: { parent: process.ppid, lookMs: LOOK_MS },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 1 },
  });
  thread.unref();
}
