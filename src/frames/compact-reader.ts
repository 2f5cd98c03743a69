/** Takes compact frames apart (compact-writer.ts has the layout): entry after entry, each given on before the next is read. */
import { Buffer } from 'node:buffer';
import { type ActorId, isProcessAddress } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo } from '../vocabulary/envelope.ts';
import { ASK, CREDIT, MESSAGE, REPLY } from '../wire/entry.ts';
import { COMPACT, COMPACT_RESET } from '../wire/link.ts';
import { PlainReader } from '../wire/plain-reader.ts';
import { deadlineOf, namedOf, receiverOf, senseless, wholeOf } from './entry-sense.ts';
import type { IdList } from './link-ids.ts';

/** Where the entries of the common traffic go. */
export interface CommonIngress {
  epoch(): number;
  envelope(envelope: Envelope): void;
  replyTo(process: ActorId, correlation: number): ReplyTo;
  replied(correlation: number, value: unknown): void;
  credit(count: number): void;
  /** After each frame: so many entries came, so many of them spent credit. */
  frameRead(entries: number, messages: number): void;
}

export class CompactReader {
  readonly #ingress: CommonIngress;
  readonly #ids: IdList;
  readonly #plain = new PlainReader();

  constructor(ingress: CommonIngress, ids: IdList) {
    this.#ingress = ingress;
    this.#ids = ids;
  }

  /** False, and nothing is taken, under a newer epoch than the process's. Throws on a frame that makes no sense. */
  takeIfDue(frame: Uint8Array): boolean {
    const plain = this.#plain;
    plain.begin(Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength));
    const mark = plain.byte();
    if (mark !== COMPACT && mark !== COMPACT_RESET) throw new Error(`a frame begins with 0 to 3; got ${mark}`);
    if (wholeOf(plain.varint()) > this.#ingress.epoch()) return false;
    if (mark === COMPACT_RESET) this.#ids.clear();
    let entries = 0;
    let messages = 0;
    while (!plain.isAtEnd) {
      const kind = plain.byte();
      if (kind === CREDIT) {
        this.#ingress.credit(wholeOf(plain.varint()));
        continue;
      }
      entries++;
      if (kind === MESSAGE) this.#message();
      else if (kind === ASK) this.#ask();
      else if (kind === REPLY) this.#reply();
      else throw new Error(`an entry of a compact frame has a known kind; got ${kind}`);
      if (kind !== REPLY) messages++;
    }
    plain.finish();
    this.#ingress.frameRead(entries, messages);
    return true;
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
