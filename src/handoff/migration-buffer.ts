/** Keeps the mail of and for actors that stand still in this process, about to move: it goes along. */
import type { DeadLetters } from '../observe/dead-letters.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Unit } from '../wire/control.ts';
import type { HeldSignal, HeldMail } from '../routing/held-mail.ts';
import { BUFFERED_MAIL_MAX, type OutgoingHandoff } from './outgoing.ts';
import type { MailCapture } from '../routing/router.ts';

export class MigrationBuffer implements MailCapture {
  readonly #still: readonly OutgoingHandoff[];
  readonly #holds: HeldMail;
  readonly #deadLetters: DeadLetters;

  constructor(still: readonly OutgoingHandoff[], holds: HeldMail, deadLetters: DeadLetters) {
    this.#still = still;
    this.#holds = holds;
    this.#deadLetters = deadLetters;
  }

  captureOutbound(envelope: Envelope): boolean {
    const { sender } = envelope;
    const leaving = sender === undefined ? undefined : this.#leavingWith(sender);
    if (!leaving) return false;
    // The worker of whom it watches has died, and the transferred state is under way: nobody else would ask whether that one lives on.
    if (leaving.isSent && envelope.verb === 'rewatch') return false;
    if (leaving.isSent && envelope.verb !== 'message') {
      // A watch that is asked again after a broken link: the transferred state has it.
      envelope.replyTo?.reject(new TroupeError('ACTOR_STOPPED', `${sender} asks from where it lives; got a move`));
    } else if (leaving.isSent) {
      // What is left of its last turns: it goes on elsewhere, and speaks from there.
      const text = `an actor sends from where it lives; got a message of ${sender}, which has moved`;
      this.#deadLetters.refuse(envelope, 'ACTOR_STOPPED', text);
    } else {
      leaving.outbound.push(envelope);
    }
    return true;
  }

  captureInbound(unit: Unit, envelope: Envelope): boolean {
    const leaving = this.#still.find(({ units }) => units.has(unit));
    if (!leaving) return false;
    if (leaving.isSent) {
      this.#holds.add(unit, envelope);
    } else if (leaving.buffered.length >= BUFFERED_MAIL_MAX && envelope.verb === 'message') {
      const text = `at most ${BUFFERED_MAIL_MAX} messages wait for actors on the move; got one more`;
      this.#deadLetters.refuse(envelope, 'OVERLOADED', text);
    } else {
      leaving.buffered.push(envelope);
    }
    return true;
  }

  isQuiescent(unit: Unit): boolean {
    return this.#still.some(({ units }) => units.has(unit));
  }

  *takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal> {
    const earlier = new Map<OutgoingHandoff, Envelope[]>();
    const rest: (Envelope | HeldSignal)[] = [];
    for (const one of mail) {
      const leaving = 'signal' in one || !one.sender ? undefined : this.#leavingWith(one.sender);
      if (!leaving) rest.push(one);
      else if (earlier.has(leaving)) earlier.get(leaving)?.push(one as Envelope);
      else earlier.set(leaving, [one as Envelope]);
    }
    for (const [leaving, tail] of earlier) leaving.outbound.unshift(...tail);
    yield* rest;
  }

  #leavingWith(sender: ActorId): OutgoingHandoff | undefined {
    return this.#still.find(({ ids }) => ids.has(sender));
  }
}
