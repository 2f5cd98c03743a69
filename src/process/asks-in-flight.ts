/**
 * Asks that lose their answers as a peer is lost; `actor/ask-states` is the table. Asks whose actors moved, and whose old host died: their
 * mail went along, or the old host had answered them, and the answer may be lost with it. Only their new host knows; a barrier
 * behind that mail says when it is through with it.
 */
import type { Kernel } from '../actor/kernel.ts';
import type { PendingReplies, PendingReply } from '../actor/pending-replies.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { DeadProcess } from '../wire/control.ts';

/** Replies may have been on the link. */
export function failAsksOnLink({ address, index }: OutboundQueue, pending: PendingReplies): void {
  const text = `the connection to worker ${index} was lost before it replied`;
  for (const reply of [...pending.at(address)]) reply.happened({ type: 'link-ended', peer: address }, text);
}

/** Also where no link was left whose end would have told of them. */
export function failOrphanedAsks({ index, incarnation, isDone = false }: DeadProcess, kernel: Kernel): void {
  const { pending } = kernel;
  const dead = processAddress(index, incarnation);
  const text = `worker ${index} died before it replied`;
  for (const reply of [...pending.at(dead)]) reply.happened({ type: 'died', peer: dead }, text);
  // One that ended by itself has given its answers.
  if (isDone) return;
  const byTarget = new Map<ActorId, PendingReply[]>();
  for (const reply of pending.via(dead)) {
    const replies = byTarget.get(reply.target);
    if (replies) replies.push(reply);
    else byTarget.set(reply.target, [reply]);
  }
  for (const [target, replies] of byTarget) {
    whenDrained(target, kernel, () => {
      for (const reply of replies) reply.happened({ type: 'drained', from: dead }, text);
    });
  }
}

/** All that was sent to it so far is answered, refused, or put aside. */
function whenDrained(target: ActorId, { pending, router }: Kernel, act: () => void): void {
  const barrier = pending.open(target, 0, undefined, undefined);
  barrier.promise.then(act, act);
  router.deliver(new Envelope('barrier', target, undefined, undefined, barrier, 0));
}
