/** Whether any worker is left, or comes again, that could host the actors of a role. */
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { type ErrorCode, TroupeError } from '../vocabulary/errors.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { HeldMail } from './held-mail.ts';

export const NO_WORKER_LEFT = 'every worker that could host the actor is given up, past its restart intensity';

/** A role that no worker has ever had is no such case: somebody may add one. */
export function isUnroutable(workers: readonly WorkerInfo[], role: string): boolean {
  const having = workers.filter((worker) => role === '' || worker.role === role);
  return having.length > 0 && having.every(({ state }) => state === 'given-up');
}

/** An asker is told at once, even where what is asked for is kept and would be sent again. */
export function refuseAtOnce(envelope: Envelope, deadLetters: DeadLetters, code: ErrorCode, text: string): true {
  if (envelope.replyTo) envelope.replyTo.reject(new TroupeError(code, text, { fate: 'not-executed' }));
  else deadLetters.refuseUnlessResent(envelope, code, text);
  return true;
}

/** Mail for an id without a place. */
export function refuseUnlocated(id: ActorId, holds: HeldMail, deadLetters: DeadLetters, error: Error): void {
  const code = error instanceof TroupeError ? error.code : 'NO_WORKER';
  for (const held of holds.take(id)) {
    if ('signal' in held) continue;
    // The watched one may begin again as soon as there is a worker: only then can anybody say whether it has ended.
    if (held.verb === 'rewatch' && code === 'NO_WORKER') holds.add(id, held);
    else deadLetters.refuseUnlessResent(held, code, error.message);
  }
}
