/** Keeps the mail of and for quiescent actors in this process, about to move: it goes along. */
import type { Kernel } from '../actor/kernel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Unit } from '../wire/control.ts';
import type { HeldSignal, HeldMail } from '../routing/held-mail.ts';
import type { OutgoingHandoff } from './outgoing.ts';
import type { MailCapture } from '../routing/mail-capture.ts';

export class MigrationBuffer implements MailCapture {
  readonly #outgoing: readonly OutgoingHandoff[];
  readonly #holds: HeldMail;
  readonly #kernel: Pick<Kernel, 'deadLetters' | 'memory'>;

  constructor(outgoing: readonly OutgoingHandoff[], holds: HeldMail, kernel: Pick<Kernel, 'deadLetters' | 'memory'>) {
    this.#outgoing = outgoing;
    this.#holds = holds;
    this.#kernel = kernel;
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
      this.#kernel.deadLetters.refuseUnlessResent(envelope, 'ACTOR_STOPPED', text);
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
      return true;
    }
    const { buffered } = outgoing;
    if (envelope.heavy === undefined) this.#kernel.memory.weigh(envelope, envelope.message);
    if (envelope.verb !== 'message' || buffered.hasRoomFor(envelope)) buffered.push(envelope);
    else {
      const text = buffered.fullText(envelope, `for the move of ${envelope.to}`);
      this.#kernel.deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
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
    for (const [outgoing, tail] of earlier) outgoing.outbound.unshiftAll(tail);
    yield* rest;
  }

  #outgoingWith(sender: ActorId): OutgoingHandoff | undefined {
    return this.#outgoing.find(({ ids }) => ids.has(sender));
  }
}
