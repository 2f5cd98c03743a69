/** Whether any worker is left, or comes again, that could host the actors of a role. */
import type { WorkerInfo } from '../wire/control.ts';

export const NO_WORKER_LEFT = 'every worker that could host the actor is given up, past its restart intensity';

/** A role that no worker has ever had is no such case: somebody may add one. */
export function isUnroutable(workers: readonly WorkerInfo[], role: string): boolean {
  const having = workers.filter((worker) => role === '' || worker.role === role);
  return having.length > 0 && having.every(({ state }) => state === 'given-up');
}
