/** The program of a worker: what the master forks. */
import { fileURLToPath } from 'node:url';

export const WORKER_PROGRAM: string = fileURLToPath(new URL('../worker/worker-process.js', import.meta.url));
