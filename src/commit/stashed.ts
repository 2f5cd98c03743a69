/** Messages that a durable actor has put aside: they are not handled yet, though their streams have gone on. */
import type { Cell } from '../actor/cell.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, DeliveryId } from '../vocabulary/envelope.ts';
import { numberOfPart, type StashedMessage, stashPart, writeStashed } from './record.ts';
import type { TurnBatch } from './turn-batch.ts';

export class Stashed {
  readonly #id: ActorId;
  /** Envelope → the name of its part. */
  readonly #names = new Map<Envelope, string>();
  readonly #byDeliveryId = new Map<string, Envelope>();
  #last = 0;

  constructor(id: ActorId) {
    this.#id = id;
  }

  has(envelope: Envelope): boolean {
    // Nearly always there are none; to look up an object by itself costs more (D1, 3 %).
    return this.#names.size > 0 && this.#names.has(envelope);
  }

  add(envelope: Envelope, batch: TurnBatch): void {
    // Put aside once more: it keeps its part, and its place is behind the others.
    const before = this.#names.get(envelope);
    if (before !== undefined) batch.erase(before);
    const name = stashPart(++this.#last);
    const { message, sender, deliveryId, trace } = envelope;
    this.#note(name, envelope);
    const { stream = '', number = 0, turn } = deliveryId ?? {};
    batch.write(name, writeStashed({ name, message, sender, stream, number, turn, trace }));
  }

  /** It is handled now. */
  takeOut(envelope: Envelope, batch: TurnBatch): void {
    if (this.#names.size === 0) return;
    const name = this.#names.get(envelope);
    if (name === undefined) return;
    this.#names.delete(envelope);
    if (envelope.deliveryId) this.#byDeliveryId.delete(keyOf(envelope.deliveryId));
    batch.erase(name);
  }

  /** The asker of a message that is still aside: it gets the reply when there is one. False: there is no such message. */
  askedAgain({ deliveryId, replyTo, deadline }: Envelope): boolean {
    const waiting = deliveryId && this.#byDeliveryId.get(keyOf(deliveryId));
    if (!waiting) return false;
    waiting.replyTo = replyTo;
    waiting.deadline = deadline;
    return true;
  }

  /** `isSuspect`: once brought back, one of them may have ended a process. */
  restore(cell: Cell, messages: readonly StashedMessage[], isSuspect: boolean): void {
    this.#names.clear();
    this.#byDeliveryId.clear();
    this.#last = numberOfPart(messages.at(-1)?.name ?? 's:0');
    cell.mailbox.takeAside();
    for (const { name, message, sender, stream, number, turn, trace } of messages) {
      const envelope = new Envelope('message', this.#id, message, sender, undefined, 0);
      envelope.trace = trace;
      if (stream !== '' || turn !== undefined)
        envelope.deliveryId = new DeliveryId(stream, number, 0, 0, turn, isSuspect);
      this.#note(name, envelope);
      cell.mailbox.putAside(envelope);
    }
  }

  #note(name: string, envelope: Envelope): void {
    this.#names.set(envelope, name);
    if (envelope.deliveryId && envelope.deliveryId.number > 0)
      this.#byDeliveryId.set(keyOf(envelope.deliveryId), envelope);
  }
}

function keyOf({ stream, number }: DeliveryId): string {
  return `${stream}:${number}`;
}
