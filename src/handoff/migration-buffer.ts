/** Keeps the mail of and for quiescent actors in this process, about to move: it goes along. */
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Unit } from '../wire/control.ts';
import type { HeldSignal, HeldMail } from '../routing/held-mail.ts';
import { BUFFERED_MAIL_MAX, type OutgoingHandoff } from './outgoing.ts';
import type { MailCapture } from '../routing/router.ts';

export class MigrationBuffer implements MailCapture {
  readonly #outgoing: readonly OutgoingHandoff[];
  readonly #holds: HeldMail;
  readonly #deadLetters: DeadLetters;

  constructor(outgoing: readonly OutgoingHandoff[], holds: HeldMail, deadLetters: DeadLetters) {
    this.#outgoing = outgoing;
    this.#holds = holds;
    this.#deadLetters = deadLetters;
  }

  captureOutbound(envelope: Envelope): boolean {
    const { sender } = envelope;
    const outgoing = sender === undefined ? undefined : this.#outgoingWith(sender);
    if (!outgoing) return false;
    // The worker of whom it watches has died, and the transferred state is in flight: nobody else would ask whether that one lives on.
    if (outgoing.isSent && envelope.verb === 'rewatch') return false;
    if (outgoing.isSent && envelope.verb !== 'message') {
      // A watch that is asked again after a broken link: the transferred state has it.
      envelope.replyTo?.reject(
        new TroupeError('ACTOR_STOPPED', `${sender} has migrated; it asks again from its new host`),
      );
    } else if (outgoing.isSent) {
      // The rest of its last turns: it has migrated, and speaks from there.
      const text = `${sender} has migrated; what its old host still sends is rejected`;
      this.#deadLetters.refuseUnlessResent(envelope, 'ACTOR_STOPPED', text);
    } else {
      outgoing.outbound.push(envelope);
    }
    return true;
  }

  captureInbound(unit: Unit, envelope: Envelope): boolean {
    const outgoing = this.#outgoing.find(({ units }) => units.has(unit));
    if (!outgoing) return false;
    if (outgoing.isSent) {
      this.#holds.add(unit, envelope);
    } else if (outgoing.buffered.length >= BUFFERED_MAIL_MAX && envelope.verb === 'message') {
      const text = `${BUFFERED_MAIL_MAX} messages wait for the move of ${envelope.to}, which is the limit; one more rejected`;
      this.#deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
    } else {
      outgoing.buffered.push(envelope);
    }
    return true;
  }

  isQuiescent(unit: Unit): boolean {
    return this.#outgoing.some(({ units }) => units.has(unit));
  }

  *takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal> {
    const earlier = new Map<OutgoingHandoff, Envelope[]>();
    const rest: (Envelope | HeldSignal)[] = [];
    for (const one of mail) {
      const outgoing = 'signal' in one || !one.sender ? undefined : this.#outgoingWith(one.sender);
      if (!outgoing) rest.push(one);
      else if (earlier.has(outgoing)) earlier.get(outgoing)?.push(one as Envelope);
      else earlier.set(outgoing, [one as Envelope]);
    }
    for (const [outgoing, tail] of earlier) outgoing.outbound.unshift(...tail);
    yield* rest;
  }

  #outgoingWith(sender: ActorId): OutgoingHandoff | undefined {
    return this.#outgoing.find(({ ids }) => ids.has(sender));
  }
}
