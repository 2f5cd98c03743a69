/** Takes compact frames apart (compact-writer.ts has the layout): entry after entry, each given on before the next is read. */
import { Buffer } from 'node:buffer';
import { type ActorId, isProcessAddress } from '../vocabulary/address.ts';
import { DeliveryId, Envelope, type ReplyTo } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { ASK, CREDIT, HANDLED, HAS_TURN, IS_SUSPECT, MESSAGE, REPLY, STAMPED } from '../wire/entry.ts';
import { COMPACT, COMPACT_RESET } from '../wire/link.ts';
import { PlainReader } from '../wire/plain-reader.ts';
import { deadlineOf, namedOf, receiverOf, senseless, wholeOf } from './entry-validation.ts';
import type { IdList, KnownStream, StreamList } from './link-ids.ts';

/** Where the entries of the common traffic go. */
export interface CommonIngress {
  epoch(): number;
  envelope(envelope: Envelope): void;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  replied(correlation: number, value: unknown): void;
  credit(count: number): void;
  signal(to: ActorId, signal: Signal): void;
  /** After each frame: so many entries came, so many of them spent credit. */
  frameRead(entries: number, messages: number): void;
}

export class CompactReader {
  readonly #ingress: CommonIngress;
  readonly #ids: IdList;
  readonly #streams: StreamList;
  readonly #plain = new PlainReader();

  constructor(ingress: CommonIngress, ids: IdList, streams: StreamList) {
    this.#ingress = ingress;
    this.#ids = ids;
    this.#streams = streams;
  }

  /** False, and nothing is taken, under a newer epoch than the process's. Throws on a frame that makes no sense. */
  takeIfDue(frame: Uint8Array): boolean {
    const plain = this.#plain;
    plain.begin(Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    const mark = plain.byte();
    if (mark !== COMPACT && mark !== COMPACT_RESET) throw new Error(`a frame begins with 0 to 3; got ${mark}`);
    if (wholeOf(plain.varint()) > this.#ingress.epoch()) return false;
    if (mark === COMPACT_RESET) {
      this.#ids.clear();
      this.#streams.clear();
    }
    let entries = 0;
    let messages = 0;
    while (!plain.isAtEnd) {
      const kind = plain.byte();
      if (kind === CREDIT) {
        this.#ingress.credit(wholeOf(plain.varint()));
        continue;
      }
      entries++;
      if (this.#entry(kind)) messages++;
    }
    plain.finish();
    this.#ingress.frameRead(entries, messages);
    return true;
  }

  /** True: it is mail, and has spent credit. */
  #entry(kind: number): boolean {
    switch (kind) {
      case MESSAGE:
        this.#message();
        return true;
      case ASK:
        this.#ask();
        return true;
      case STAMPED:
        this.#stamped();
        return true;
      case REPLY:
        this.#reply();
        return false;
      case HANDLED:
        this.#handled();
        return false;
      default:
        throw new Error(`an entry of a compact frame has a known kind; got ${kind}`);
    }
  }

  #message(): void {
    const message = this.#plain.message();
    const to = this.#receiver();
    const sender = this.#sender();
    this.#plain.checkEnd();
    this.#ingress.envelope(new Envelope('message', to, message, sender, undefined, 0));
  }

  #ask(): void {
    const plain = this.#plain;
    const message = plain.message();
    const to = this.#receiver();
    const sender = this.#sender();
    const process = this.#id();
    if (process === undefined || !isProcessAddress(process)) throw senseless('the address of a process', process);
    const correlation = wholeOf(plain.varint());
    const deadline = deadlineOf(plain.double());
    plain.checkEnd();
    const replyTo = this.#ingress.replyTo(process, correlation);
    this.#ingress.envelope(new Envelope('message', to, message, sender, replyTo, deadline));
  }

  #stamped(): void {
    const plain = this.#plain;
    const message = plain.message();
    const to = this.#receiver();
    const sender = this.#sender();
    const process = this.#id();
    if (process !== undefined && !isProcessAddress(process)) throw senseless('the address of a process', process);
    const correlation = process === undefined ? 0 : wholeOf(plain.varint());
    const deadline = process === undefined ? 0 : deadlineOf(plain.double());
    const deliveryId = this.#deliveryId();
    plain.checkEnd();
    const replyTo = process === undefined ? undefined : this.#ingress.replyTo(process, correlation);
    const envelope = new Envelope('message', to, message, sender, replyTo, deadline);
    envelope.deliveryId = deliveryId;
    this.#ingress.envelope(envelope);
  }

  #deliveryId(): DeliveryId {
    const plain = this.#plain;
    const { name } = this.#stream();
    const number = wholeOf(plain.varint());
    const before = plain.varint();
    const kept = plain.varint();
    const flags = plain.byte();
    const turn = (flags & HAS_TURN) === 0 ? undefined : plain.text();
    const previous = before === 0 ? 0 : wholeOf(number - before);
    const floor = kept === 0 ? 0 : wholeOf(number + 1 - kept);
    return new DeliveryId(name, number, previous, floor, turn, (flags & IS_SUSPECT) !== 0);
  }

  #handled(): void {
    const by = this.#receiver();
    const { name, owner } = this.#stream();
    const number = wholeOf(this.#plain.varint());
    this.#plain.checkEnd();
    this.#ingress.signal(namedOf(owner), { type: 'acknowledged', by, stream: name, number });
  }

  #stream(): KnownStream {
    const part = this.#plain.varint();
    return part === 1 ? this.#streams.add(this.#plain.text()) : this.#streams.byNumber(part - 2);
  }

  #reply(): void {
    const value = this.#plain.value();
    const correlation = wholeOf(this.#plain.varint());
    this.#plain.checkEnd();
    this.#ingress.replied(correlation, value);
  }

  #receiver(): ActorId {
    const id = this.#id();
    if (id === undefined) throw senseless('a receiver', id);
    return receiverOf(id);
  }

  #sender(): ActorId | undefined {
    const id = this.#id();
    return id === undefined ? undefined : receiverOf(id);
  }

  #id(): ActorId | undefined {
    const plain = this.#plain;
    const part = plain.varint();
    if (part === 0) return undefined;
    return part === 1 ? this.#ids.add(namedOf(plain.text())) : this.#ids.byNumber(part - 2);
  }
}
