/**
 * Envelopes as entries of a batch (wire/entry.ts), written and read: in a frame, and in the mail of an actor that moves. The common
 * tells and asks of a frame have a form of their own (compact-writer.ts), and so has what a durable actor keeps (commit/record.ts).
 */
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope, type ReplyTo, type Verb } from '../vocabulary/envelope.ts';
import { checkTrace } from '../observe/trace-context.ts';
import { asError } from '../vocabulary/errors.ts';
import { type FrameWeight, fromWire } from '../wire/codec.ts';
import { ASK, MESSAGE, REQUEST, STAMPED, TRACED, VERBS } from '../wire/entry.ts';
import {
  actorOf,
  checkRequest,
  deadlineOf,
  deliveryIdOf,
  messageOf,
  processOf,
  receiverOf,
  senderOf,
  senseless,
  wholeOf,
} from './entry-validation.ts';
import { IdList } from './link-ids.ts';
import { payloadToWire } from './message-form.ts';

const DELIVERY_ID_PARTS = 6;

/**
 * `idPart`: the receiver, as the other end is to read it; asked once the message is known to fit. Throws INVALID_MESSAGE and
 * MESSAGE_TOO_LARGE; nothing is appended then, and nothing weighed: a frame that seems full of it would end the writing.
 */
export function appendEnvelope(
  batch: unknown[],
  envelope: Envelope,
  idPart: (id: ActorId) => unknown,
  messageBytesMax: number,
  weight: FrameWeight,
): void {
  const { to, verb, sender, replyTo, deadline, deliveryId, trace } = envelope;
  const before = weight.bytesMax;
  let payload: unknown;
  try {
    payload = payloadToWire(envelope, messageBytesMax, weight);
  } catch (error) {
    weight.bytesMax = before;
    throw error;
  }
  weight.bytesMax += bytesMaxBeside(envelope);
  if (trace !== undefined && verb === 'message') batch.push(TRACED, trace);
  if (verb === 'message' && deliveryId === undefined && replyTo === undefined) {
    batch.push(MESSAGE, idPart(to), sender, payload);
    return;
  }
  const address = replyTo?.address();
  if (verb !== 'message') batch.push(REQUEST, VERBS.indexOf(verb));
  else batch.push(deliveryId === undefined ? ASK : STAMPED);
  batch.push(idPart(to), sender, payload, address?.process, address?.correlation ?? 0, deadline);
  if (verb !== 'message' || deliveryId === undefined) return;
  const { stream, number, previous, floor, turn, isSuspect } = deliveryId;
  batch.push(stream, number, previous, floor, turn ?? null, isSuspect);
}

/** Of all that stands beside the message. */
function bytesMaxBeside({ to, sender, deliveryId, trace }: Envelope): number {
  const ids =
    to.length +
    (sender?.length ?? 0) +
    (trace?.length ?? 0) +
    (deliveryId === undefined ? 0 : deliveryId.stream.length + (deliveryId.turn?.length ?? 0));
  return 64 + ids * 3;
}

export interface BatchParts {
  /** A ref that came in a message, as one of this process. */
  readonly toRef: (id: ActorId) => unknown;
  readonly replyTo: (process: ActorId, correlation: number) => ReplyTo;
}

/** The parts of a batch, one after the other. All of it throws on parts that make no sense. */
export class BatchReader {
  readonly #toRef: BatchParts['toRef'];
  readonly #replyTo: BatchParts['replyTo'];
  readonly #ids: IdList;
  #parts: readonly unknown[] = [];
  #at = 0;
  #fault: Error | undefined;

  /** `ids`: those that have had numbers before, where the batch is of a link. */
  constructor({ toRef, replyTo }: BatchParts, ids: IdList = new IdList()) {
    this.#toRef = toRef;
    this.#replyTo = replyTo;
    this.#ids = ids;
  }

  /** The part behind the next one. */
  get ahead(): unknown {
    return this.#parts[this.#at + 1];
  }

  begin(parts: readonly unknown[], at: number): void {
    this.#parts = parts;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#parts.length;
  }

  next(): unknown {
    return this.#parts[this.#at++];
  }

  sender(): ActorId | undefined {
    return senderOf(this.next());
  }

  /** Bytes in a batch are a value on its own: where they cannot be read (`takeFault`), the entries beside them can. */
  value(): unknown {
    if (this.isAtEnd) throw senseless('all of its parts', 'the end of its frame');
    try {
      return fromWire(this.next(), this.#toRef);
    } catch (error) {
      this.#fault = asError(error);
      return undefined;
    }
  }

  /** The reason why the last value cannot be read, once. */
  takeFault(): Error | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }

  /** Behind the kind of its entry. Without its message where that cannot be read; `takeFault` says so. */
  envelope(kind: number): Envelope {
    if (kind === REQUEST) return this.#request();
    if (kind === TRACED) return this.#traced();
    const to = this.#receiver();
    const sender = senderOf(this.next());
    const message = this.value();
    const envelope =
      kind === MESSAGE
        ? new Envelope('message', to, message, sender, undefined, 0)
        : this.#withReply('message', to, message, sender);
    if (kind === STAMPED) {
      // By their places: a list of six `next()` takes a tenth of the time that such an entry is read in.
      const at = this.#at;
      const parts = this.#parts;
      this.#at += DELIVERY_ID_PARTS;
      envelope.deliveryId = deliveryIdOf(
        parts[at],
        parts[at + 1],
        parts[at + 2],
        parts[at + 3],
        parts[at + 4],
        parts[at + 5],
      );
    }
    // The sense of a message is looked at once all parts are there.
    if (this.#fault === undefined) messageOf(message);
    return envelope;
  }

  /** The context of its trace comes before it. */
  #traced(): Envelope {
    const trace = checkTrace(this.next());
    const kind = this.next();
    if (kind !== MESSAGE && kind !== ASK && kind !== STAMPED) throw senseless('a message behind its trace', kind);
    const envelope = this.envelope(kind);
    envelope.trace = trace;
    return envelope;
  }

  #request(): Envelope {
    const verb = verbOf(this.next());
    const to = this.#receiver();
    const sender = senderOf(this.next());
    const envelope = this.#withReply(verb, to, this.value(), sender);
    if (this.#fault === undefined) checkRequest(verb, envelope.message);
    return envelope;
  }

  /** The id itself at first sight, its number after that. */
  #receiver(): ActorId {
    const part = this.next();
    if (typeof part === 'number') return receiverOf(this.#ids.byNumber(part));
    // Of a large frame, which others may have passed: it gives no numbers.
    if (Array.isArray(part)) return actorOf(part[0]);
    return this.#ids.add(actorOf(part));
  }

  #withReply(verb: Verb, to: ActorId, message: unknown, sender: ActorId | undefined): Envelope {
    const process = this.next() ?? undefined;
    const correlation = wholeOf(this.next());
    const deadline = deadlineOf(this.next());
    const replyTo = process === undefined ? undefined : this.#replyTo(processOf(process), correlation);
    return new Envelope(verb, to, message, sender, replyTo, deadline);
  }
}

function verbOf(part: unknown): Verb {
  const verb = VERBS[wholeOf(part)];
  if (verb !== undefined) return verb;
  throw senseless('a known verb', part);
}
