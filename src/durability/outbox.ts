/**
 * The outbox of a durable actor: its messages to other durable actors are numbered as the turn ends, kept in its record, sent
 * after the commit and resent until the receiver has committed them.
 */
import type { Cell } from '../actor/cell.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type Message, DeliveryId } from '../vocabulary/envelope.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { Weighed } from '../plain-data/weight.ts';
import { encodeValue } from '../wire/codec.ts';
import { ResendQueue } from '../resending/resend-queue.ts';
import { outgoingPart, type RecordContent } from '../commit/record.ts';
import type { Turn } from '../commit/turn-batch.ts';

/** Messages of an actor that are not acknowledged, at most; one more is a dead letter. */
export const OUTBOX_MAX = 100_000;
/** From here on `tell` says false. */
export const OUTBOX_HIGH = 8_192;

export class Outbox {
  readonly resendQueue: ResendQueue;
  readonly #cell: Cell;
  /** The last number given. */
  lastNumber = 0;
  /** Of them: those that were told before a crash. */
  #suspectUpTo = 0;
  #isClosed = false;
  /** The outbox was closed with messages that are not acknowledged. */
  #leftMail = false;

  constructor(cell: Cell) {
    this.#cell = cell;
    const { kernel } = cell;
    this.resendQueue = new ResendQueue(
      kernel.clock,
      (envelope) => {
        // The actor is quiescent, about to move: its next host sends what is left.
        if (cell.status !== 'quiescent') kernel.router.deliver(envelope);
      },
      kernel.memory,
      (to) => kernel.pauses?.isPaused(to) === true,
    );
  }

  /** `mayHaveDied`: the process that had it before may have died, and with it, in their turns, those that this was sent to. */
  reset({ meta, outgoing }: RecordContent, mayHaveDied: boolean): void {
    this.lastNumber = meta.lastNumber;
    if (mayHaveDied) this.#suspectUpTo = meta.lastNumber;
    this.resendQueue.clear();
    for (const { number, to, message, trace } of outgoing) this.#offer(number, to, message as Message, trace);
  }

  /** Not acknowledged yet, or left for the next one to see to. */
  get hasMail(): boolean {
    return this.resendQueue.size > 0 || this.#leftMail;
  }

  /** `goesOn`: it is removed, and what it told is sent all the same. */
  close(goesOn = false): void {
    if (goesOn) return;
    this.#isClosed = true;
    this.#leftMail = this.resendQueue.size > 0;
    this.resendQueue.clear();
  }

  /** The numbers that the receiver has committed. */
  acknowledged({ by, stream, number }: Signal & { type: 'acknowledged' }): number[] {
    // A quiescent actor may be about to move: its next host is told again.
    if (stream !== this.#cell.id || this.#cell.status === 'quiescent') return [];
    return this.resendQueue.acknowledged(by, number);
  }

  /** False: slow down; beyond its bounds it is refused. */
  tell(turn: Turn, envelope: Envelope): boolean {
    const { kernel, id } = this.#cell;
    if (envelope.heavy === undefined) kernel.memory.weigh(envelope, envelope.message);
    const isMany = this.resendQueue.size + turn.actions > OUTBOX_MAX;
    if (!isMany && this.resendQueue.hasRoomFor(envelope)) return this.#keepMessage(turn, envelope);
    const whose = 'messages of an actor wait to be acknowledged';
    const text = isMany
      ? `${OUTBOX_MAX} ${whose}, which is the limit; one more of ${id} is rejected`
      : this.resendQueue.fullText(envelope, `the ${whose}`);
    kernel.deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
    return false;
  }

  #keepMessage(turn: Turn, envelope: Envelope): boolean {
    const { kernel } = this.#cell;
    const { to, message, trace } = envelope;
    let bytes: Uint8Array;
    try {
      bytes = encodeValue(trace === undefined ? [to, message] : [to, message, trace], kernel.limits.messageBytesMax);
    } catch (error) {
      const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
      kernel.deadLetters.refuseUnlessResent(envelope, code, asError(error).message);
      return true;
    }
    turn.act((batch) => {
      const number = (this.lastNumber = numberAfter(this.lastNumber, kernel.clock.wall()));
      batch.write(outgoingPart(number), bytes);
      batch.hasMail = true;
      batch.after(() => {
        if (!this.#isClosed) this.#offer(number, to, message as Message, trace);
      });
    });
    return this.resendQueue.size + turn.actions < OUTBOX_HIGH && this.resendQueue.isClear;
  }

  #offer(number: number, to: ActorId, message: Message, trace: string | undefined): void {
    const { id, kernel } = this.#cell;
    const weighed: Weighed = { heavy: undefined };
    kernel.memory.weigh(weighed, message);
    const { heavy } = weighed;
    this.resendQueue.add(to, {
      number,
      heavy,
      isSuspect: number <= this.#suspectUpTo,
      envelope: (previous, floor) => {
        const envelope = new Envelope('message', to, message, id, undefined, 0);
        envelope.heavy = heavy;
        envelope.trace = trace;
        envelope.deliveryId = new DeliveryId(id, number, previous, floor, undefined);
        return envelope;
      },
    });
  }
}

/**
 * The first one comes from the time: an actor that was removed before had numbers too, whose receivers take them, and all that are lower, for
 * repeats. None tells a thousand messages in each millisecond of its life.
 */
export function numberAfter(last: number, wall: number): number {
  return last > 0 ? last + 1 : Math.floor(wall) * 1_000 + 1;
}
