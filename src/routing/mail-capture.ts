/** Mail of and for actors that are about to leave this process is kept, to go along: by moves between workers, and by hand-overs to other machines. */
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import type { Unit } from '../wire/control.ts';
import type { HeldSignal } from './held-mail.ts';

/** Keeps mail of and for quiescent actors here, about to move. */
export interface MailCapture {
  /** Their own, sent since: it goes along. */
  captureOutbound(envelope: Envelope): boolean;
  /** For them, from a process that does not hold yet: it goes along. */
  captureInbound(unit: Unit, envelope: Envelope): boolean;
  isQuiescent(unit: Unit, id: ActorId): boolean;
  /** Their own, that a link did not get written: it goes along, before the rest. Returns what is not theirs. */
  takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal>;
}

/** `move`: between workers. `partition`: to another machine. `taken`: they have left, without a word of this machine. */
export type CaptureReason = 'move' | 'partition' | 'taken';

/** An actor leaves for one reason at a time. */
export class MailCaptures implements MailCapture {
  readonly #byReason = new Map<CaptureReason, MailCapture>();

  /** The capture to ask from now on; undefined: nobody captures. */
  set(reason: CaptureReason, capture: MailCapture | undefined): MailCapture | undefined {
    if (capture) this.#byReason.set(reason, capture);
    else this.#byReason.delete(reason);
    const [first] = this.#byReason.values();
    return this.#byReason.size > 1 ? this : first;
  }

  captureOutbound(envelope: Envelope): boolean {
    for (const capture of this.#byReason.values()) if (capture.captureOutbound(envelope)) return true;
    return false;
  }

  captureInbound(unit: Unit, envelope: Envelope): boolean {
    for (const capture of this.#byReason.values()) if (capture.captureInbound(unit, envelope)) return true;
    return false;
  }

  isQuiescent(unit: Unit, id: ActorId): boolean {
    for (const capture of this.#byReason.values()) if (capture.isQuiescent(unit, id)) return true;
    return false;
  }

  takeBack(mail: Iterable<Envelope | HeldSignal>): Iterable<Envelope | HeldSignal> {
    let rest = mail;
    for (const capture of this.#byReason.values()) rest = capture.takeBack(rest);
    return rest;
  }
}
