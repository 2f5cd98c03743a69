/**
 * Asks whose actors moved, and whose old host died: their mail went along, or the old host had answered them, and the
 * answer may be lost with it. Only their new host knows; a barrier behind that mail says when it is through with it.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { PendingReply } from '../actor/pending-replies.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { DeadProcess } from '../wire/control.ts';

/** Asks to a process that is dead, also where no link was left whose end would have told of them. */
export function failOrphanedAsks({ index, incarnation, isDone = false }: DeadProcess, kernel: Kernel): void {
  const { pending } = kernel;
  const dead = processAddress(index, incarnation);
  const text = `worker ${index} died before it replied`;
  pending.linkEnded(dead, text);
  if (isDone) return;
  const byTarget = new Map<ActorId, PendingReply[]>();
  for (const reply of pending.movedOnFrom(dead)) {
    const replies = byTarget.get(reply.target);
    if (replies) replies.push(reply);
    else byTarget.set(reply.target, [reply]);
  }
  for (const [target, replies] of byTarget) whenHandled(target, kernel, () => pending.fail(replies, text));
}

/** All that was sent to it so far is answered, refused, or put aside. */
function whenHandled(target: ActorId, { pending, router }: Kernel, act: () => void): void {
  const barrier = pending.open(target, 0, undefined, undefined);
  barrier.promise.then(act, act);
  router.deliver(new Envelope('barrier', target, undefined, undefined, barrier, 0));
}
