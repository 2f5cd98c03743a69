/**
 * Partitions that this machine has lost to others: it was declared lost, and they have claimed them. Their senders speak to the new owner by now, so
 * what had come here for their actors must not go on to it, behind what was sent later; nor may the last words of these actors, which live again
 * elsewhere. Both end here, as with a process that dies. Mail of this process's own program, which no other process had yet, goes to the new owner.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { shardOf } from '../placement/shard.ts';
import type { HeldSignal } from '../routing/held-mail.ts';
import type { MailCapture } from '../routing/mail-capture.ts';
import type { Router } from '../routing/router.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { type Envelope, isInLine, isTracked } from '../vocabulary/envelope.ts';
import type { Unit } from '../wire/control.ts';

/** Milliseconds for mail of before to come, where this machine keeps its name: after a backup of the directory was restored. */
export const TAKEN_MS_MAX = 60_000;

export interface TakenParts {
  readonly actors: LocalActors;
  readonly router: Pick<Router, 'captureFor' | 'holds'>;
  /** Resolves once all that the processes of this machine had sent here has come. */
  flush(): Promise<void>;
}

export class TakenPartitions implements MailCapture {
  readonly #parts: TakenParts;
  #partitions = new Set<number>();
  /** Flushes behind which nothing of before can come any more. */
  #awaits = 0;
  #hasLinks = false;
  #isOurs: (partition: number) => boolean = () => true;
  #timer: Timer | undefined;

  constructor(parts: TakenParts) {
    this.#parts = parts;
  }

  /** By the table that is being taken up. */
  take(partitions: readonly number[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) this.#partitions.add(partition);
    const { router, actors, flush } = this.#parts;
    router.captureFor('taken', this);
    this.#refuseHeld(({ to }) => !this.#isOurs(shardOf(to)));
    this.#hasLinks = true;
    this.#awaits++;
    const done = (): void => {
      this.#awaits--;
      this.#look();
    };
    void flush().then(done);
    this.#timer?.cancel();
    this.#timer = actors.kernel.clock.setTimer(TAKEN_MS_MAX, () => this.linksEnded());
  }

  /** Those of this machine, by the table that is being taken up; some may have come back. */
  own(isOurs: (partition: number) => boolean): void {
    this.#isOurs = isOurs;
    if (this.#partitions.size === 0) return;
    for (const partition of this.#partitions) if (isOurs(partition)) this.#partitions.delete(partition);
    this.#look();
  }

  /**
   * This machine has another name, and its links under the old one are about to end: what had come on them for others is void too, also for partitions that it
   * was given and had lost before it heard of that.
   */
  linksEnd(): void {
    this.#parts.router.captureFor('taken', this);
    this.#refuseHeld(() => true);
  }

  /** No link is left on which another machine has sent something to this one by the name that it had. */
  linksEnded(): void {
    this.#timer?.cancel();
    this.#hasLinks = false;
    this.#look();
  }

  /** Mail that waited for one of their actors. Messages that their senders keep are sent again to the new owner, and may have been handled before. */
  refuse(envelope: Envelope): void {
    if (isTracked(envelope)) return;
    const text = `the machine of ${envelope.to} was suspended, and another one has taken it over`;
    const fate = envelope.deliveryId?.turn === undefined ? 'not-executed' : 'unknown';
    this.#parts.actors.kernel.deadLetters.refuseUnlessResent(envelope, 'ACTOR_UNAVAILABLE', text, fate);
  }

  captureOutbound(envelope: Envelope): boolean {
    if (!this.#isVoid(envelope.sender) || !isInLine(envelope)) return false;
    this.refuse(envelope);
    return true;
  }

  /** From another process. */
  captureInbound(_unit: Unit, envelope: Envelope): boolean {
    if (!this.#isVoid(envelope.to) || !isInLine(envelope)) return false;
    this.refuse(envelope);
    return true;
  }

  isQuiescent(): boolean {
    return false;
  }

  *takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal> {
    for (const one of mail) {
      if ('signal' in one || !isInLine(one) || !this.#isOfBefore(one)) yield one;
      else this.refuse(one);
    }
  }

  /** It came from elsewhere, or from an actor that is elsewhere now. */
  #isOfBefore(envelope: Envelope): boolean {
    return this.#isVoid(envelope.sender) || this.#parts.router.holds.isRelayed(envelope);
  }

  #isVoid(id: ActorId | undefined): boolean {
    return id !== undefined && this.#partitions.has(shardOf(id));
  }

  #refuseHeld(isGone: (relayed: Envelope) => boolean): void {
    const { holds } = this.#parts.router;
    const isMeant = (envelope: Envelope): boolean =>
      isInLine(envelope) && (this.#isVoid(envelope.sender) || (holds.isRelayed(envelope) && isGone(envelope)));
    for (const envelope of holds.takeOf(isMeant)) this.refuse(envelope);
  }

  #look(): void {
    if (this.#partitions.size > 0 && (this.#hasLinks || this.#awaits > 0)) return;
    this.#timer?.cancel();
    this.#partitions.clear();
    this.#parts.router.captureFor('taken', undefined);
  }
}
