/**
 * The watchdog thread of a worker. It ends this process when its master is gone, even while a handler loops for ever: it looks
 * whether the parent has changed. Without it such a worker would be an orphan that nobody is left to kill. And it says what runs
 * in an event loop that gives no answer, to the master that asks it over a socket of its own.
 */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { asError } from '../vocabulary/errors.ts';

/** Milliseconds between two looks at the parent. */
const LOOK_MS = 500;
/** Milliseconds for the event loop to answer the thread; one that takes longer is looked into. */
export const LOOP_ANSWER_MS = 500;
const READER = new URL('../worker/blocked-loop.js', import.meta.url).href;

/**
 * Only what is still there at the second look is killed: a process whose loop turns ends by itself, and removes its sockets.
 * Visitors that come while a loop is looked into get the same answer.
 */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
let isOrphan = false;
setInterval(() => {
  const wasOrphan = isOrphan;
  isOrphan = process.ppid !== workerData.parent;
  if (isOrphan && wasOrphan) process.kill(process.pid, 'SIGKILL');
}, workerData.lookMs);

let answered = () => {};
let look;
async function answer() {
  const isAlive = await new Promise((resolve) => {
    answered = () => resolve(true);
    setTimeout(resolve, workerData.answerMs, false);
    parentPort.postMessage('alive?');
  });
  if (isAlive) return '';
  const { readLoop } = await import(workerData.reader);
  return JSON.stringify(await readLoop());
}
function visited(socket) {
  socket.on('error', () => {});
  look ??= answer().finally(() => (look = undefined));
  look.then((text) => socket.end(text), () => socket.destroy());
}
parentPort.on('message', (message) => {
  if (message === 'alive') return answered();
  const server = require('node:net').createServer(visited);
  server.on('error', () => {});
  server.listen({ path: message.path, exclusive: true });
});
`;

/** The warning where the thread does not run, as in a worker of node:cluster on Deno. */
export const UNWATCHED: string =
  'the thread that ends this worker when its master is gone does not run here: a worker whose handler never returns would outlive its master';

export interface Watchdog {
  /** From now on it can be asked at this path. */
  listen(path: string): void;
}

/** Where the thread cannot run, or ends, one sentence says so; the process goes on. */
export function watchMaster(
  program: string = PROGRAM,
  warn: (text: string) => void = (text) => process.emitWarning(text),
  reader: string = READER,
): Watchdog {
  const thread = new Worker(program, {
    eval: true,
    execArgv: [],
    workerData: { parent: process.ppid, lookMs: LOOK_MS, answerMs: LOOP_ANSWER_MS, reader },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 1 },
  });
  // Unheard it would end the process, or be printed with a stack that tells the reader nothing.
  thread.on('error', (error) => warn(`${UNWATCHED}: ${asError(error).message}`));
  thread.on('message', () => thread.postMessage('alive'));
  thread.unref();
  return {
    listen: (path) => {
      // Named pipes of Windows have other names; there it is not asked.
      if (process.platform === 'win32') return;
      process.on('exit', () => rmSync(path, { force: true }));
      thread.postMessage({ path });
    },
  };
}
