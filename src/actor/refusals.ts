/** Mail that no actor handles: why not, to its asker or to the dead letters. */
import { type ActorId, isProcessAddress, kindOf } from '../vocabulary/address.ts';
import { type Envelope, isTracked, streamOwner } from '../vocabulary/envelope.ts';
import { didYouMean, listed } from '../vocabulary/names.ts';
import type { Ending } from './cell-extras.ts';
import type { Kernel } from './kernel.ts';

export function refuseUnknownKind(kernel: Kernel, envelope: Envelope): void {
  kernel.deadLetters.refuse(envelope, 'UNKNOWN_KIND', unknownKindText(kernel, envelope.to));
}

export function unknownKindText({ kinds, wasRemoved }: Kernel, id: ActorId): string {
  const kind = kindOf(id);
  if (wasRemoved(kind)) return `the kind '${kind}' was removed by a reload, and its actors have ended; got ${id}`;
  const known = kinds();
  return `an id has one of the kinds ${listed(known)}; got ${id}${didYouMean(kind, known)}`;
}

export function refuseOfFailed({ deadLetters, behaviours }: Kernel, envelope: Envelope): void {
  const { policy } = behaviours.get(kindOf(envelope.to)) ?? {};
  const limit = policy === undefined ? '' : ` (${policy.intensity} restarts in ${policy.periodMs} ms)`;
  const text = `${envelope.to} has failed${limit}; message rejected`;
  deadLetters.refuseUnlessResent(envelope, 'ACTOR_FAILED', text);
}

/** Mail that waited for an actor that has ended, and for which none comes after it. */
export function refuseLeftOver(kernel: Kernel, envelope: Envelope, { mail, reason, error }: Ending): void {
  const { verb, replyTo, to } = envelope;
  if (verb === 'stop' || verb === 'barrier') return replyTo?.resolve(undefined);
  if (mail === 'SHUTTING_DOWN' || mail === 'deliver-again') return refuseForGood(kernel, envelope);
  kernel.deadLetters.refuseUnlessResent(
    envelope,
    mail,
    `${to} ended (${reason}) before it handled the message`,
    'not-executed',
    error,
  );
}

/**
 * Mail that no actor of this system handles any more. Messages of a durable actor stay in its outbox and go out with the
 * next start. A volatile resend queue ends with its process: it is told that the message is refused, so that it waits no longer.
 */
export function refuseForGood({ deadLetters, router }: Kernel, envelope: Envelope): void {
  const { deliveryId, replyTo, to, message, sender } = envelope;
  const owner = deliveryId && isTracked(envelope) ? streamOwner(deliveryId) : undefined;
  if (!deliveryId || replyTo || owner === undefined || !isProcessAddress(owner)) {
    const text = `the system is shutting down; ${to} handles no more messages`;
    return deadLetters.refuseUnlessResent(envelope, 'SHUTTING_DOWN', text);
  }
  deadLetters.add(to, message, sender, 'SHUTTING_DOWN');
  router.signal(owner, { type: 'acknowledged', by: to, stream: deliveryId.stream, number: deliveryId.number });
}
