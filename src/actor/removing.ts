/** `remove` ends an actor as `kill` does, and all that is kept of it goes with it: its record, its letters, its mail. */
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, isTracked, type DeliveryId, streamOwner } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Cell } from './cell.ts';
import type { Ending } from './cell-extras.ts';
import type { Kernel } from './kernel.ts';
import { endCell } from './lifecycle.ts';
import { refuseLeftOver } from './refusals.ts';

/** Answers the request once nothing is kept of the actor any more. */
export async function answerRemoved(
  { durability }: Kernel,
  { to, replyTo }: Envelope,
  cell: Cell | undefined,
): Promise<void> {
  try {
    // At once: who comes next waits for it.
    if (cell) await endRemoved(cell);
    else if (durability?.isDurable(to)) await durability.remove(to);
    replyTo?.resolve(undefined);
  } catch (error) {
    const text = `${to} could not be removed: ${asError(error).message}`;
    replyTo?.reject(new TroupeError('STORE_FAILED', text, { fate: 'unknown', cause: error }));
  }
}

/** Ended at once, and told to its parent: it is not started again. */
async function endRemoved(cell: Cell): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    const before = cell.extras.removal;
    const whenGone = (): void => {
      before?.ended();
      resolve();
    };
    cell.own.removal = { ...before, ended: whenGone };
  });
  acknowledgeAll(cell);
  endCell(cell, { reason: 'killed', mail: 'ACTOR_STOPPED' }, 'released');
  await ended;
  await cell.extras.removal?.done;
}

/** First: a sender whose ask is rejected sends again what it keeps behind it, and that would begin a new one. */
function acknowledgeAll({ id, kernel, current, extras, mailbox }: Cell): void {
  const last = new Map<string, DeliveryId>();
  for (const { verb, deliveryId } of [
    ...mailbox.mail(),
    ...(current ? [current] : []),
    ...(extras.checking ? [extras.checking] : []),
  ]) {
    if (verb !== 'message' || !deliveryId || deliveryId.stream === '' || deliveryId.number === 0) continue;
    if (deliveryId.number > (last.get(deliveryId.stream)?.number ?? 0)) last.set(deliveryId.stream, deliveryId);
  }
  for (const deliveryId of last.values()) acknowledge(kernel, id, deliveryId);
  if (current?.verb === 'message' && !current.replyTo)
    kernel.deadLetters.add(id, current.message, current.sender, 'ACTOR_STOPPED');
}

function acknowledge({ router }: Kernel, by: ActorId, deliveryId: DeliveryId): void {
  router.signal(streamOwner(deliveryId), {
    type: 'acknowledged',
    by,
    stream: deliveryId.stream,
    number: deliveryId.number,
  });
}

/** Mail that goes with the actor. The resend queue that keeps it is told that it is over, or it would come again and begin a new actor. */
export function refuseRemoved(kernel: Kernel, envelope: Envelope, ending: Ending): void {
  const { verb, deliveryId, replyTo, to, message, sender } = envelope;
  if (verb !== 'message' || replyTo || !deliveryId || !isTracked(envelope))
    return refuseLeftOver(kernel, envelope, ending);
  kernel.deadLetters.add(to, message, sender, 'ACTOR_STOPPED');
  acknowledge(kernel, to, deliveryId);
}
