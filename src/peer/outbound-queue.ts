/**
 * The way out to one other process: mail waits here until it is written, encoded once, in frames.
 *   mail lane:   messages and requests, in order; a message spends a credit that the receiver grants
 *   priority lane: replies, signals, credits; they pass waiting mail, so an overloaded process still gets its answers
 * A large item goes in pieces. Meanwhile the priority lane passes it, and mail of other senders does, as far as it is of the common sort and nothing else
 * stands before it: the order of each sender is kept. Flushed frames count as written; the others are given back by `takeUnwritten` at the end of the link.
 */
import type { LinkMetrics } from '../observe/link-metrics.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { asError, type ErrorData, errorToData, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { FrameWeight } from '../wire/codec.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';
import { FrameWriter } from '../frames/frame-writer.ts';
import { AwaitedEntries } from './awaited-entries.ts';
import { InFlightFrames } from './in-flight-frames.ts';
import { isLarge, LargeMail } from './large-mail.ts';
import { MailLane } from './mail-lane.ts';
import { CreditNote, isMail, Note, type Outbound, type OutboundMail } from '../frames/outbound.ts';
import { PublishNote, ReplyNote, SignalNote } from '../frames/outbound.ts';
import type { OutboundQueueOptions } from './outbound-queue-options.ts';
import { PIECE_BYTES } from '../frames/pieces.ts';
import { PriorityLane } from './priority-lane.ts';

/** Messages in flight to a process before it has granted more. */
export const LINK_CREDIT = 32_768;
/** Messages that wait for credit or a slow socket, at most; one more is refused with OVERLOADED. */
export const OUTBOUND_MAX = 100_000;
/** From here on `tell` says false. */
export const OUTBOUND_HIGH = 8_192;
/** Entries and bytes of one frame; larger messages travel in a frame of their own. */
const FRAME_ENTRIES = 1024;
const FRAME_BYTES = 64 * 1024;
type Lane = Pick<MailLane<Outbound>, 'peek' | 'shift'>;

export class OutboundQueue {
  readonly index: number;
  readonly incarnation: number;
  readonly address: ActorId;
  readonly #options: OutboundQueueOptions;
  readonly #writer: FrameWriter;
  readonly #mail: MailLane<OutboundMail>;
  readonly #memory: QueueMemory;
  readonly #priority: PriorityLane;
  readonly #inFlight = new InFlightFrames();
  /** Of the link that has ended: what it had not accepted. */
  #refused: Outbound[] = [];
  #link: Link | undefined;
  #credit = LINK_CREDIT;
  #armed = false;
  readonly #awaited = new AwaitedEntries();
  #isFlushing = false;
  /** On its way in pieces. */
  #large: LargeMail | undefined;
  /** Nothing can be written any more; and how often that was so. */
  ended = false;
  ends = 0;
  /** Entries written to it and read from it, credits left out: the two sides must agree when all is quiet. */
  sent = 0;
  received = 0;
  /** Read from it, over all links. */
  framesIn = 0;
  bytesIn = 0;

  constructor(options: OutboundQueueOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new QueueMemory();
    this.#mail = new MailLane(this.#memory, OUTBOUND_MAX);
    this.#priority = new PriorityLane(this.#memory, options.index);
    this.index = options.index;
    this.incarnation = options.incarnation;
    this.address = options.address ?? processAddress(options.index, options.incarnation);
    const frames = { frameBytes: FRAME_BYTES, frameBytesMax: options.messageBytesMax + FRAME_EXTRA_BYTES };
    this.#writer = new FrameWriter({ ...options, address: this.address, ...frames });
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** Entries that are not written, and frames that the link has not accepted: with this process they would be lost. */
  get waiting(): number {
    return this.#unwritten + (this.#link === undefined ? 0 : this.#inFlight.waiting(this.#link));
  }

  metrics(): LinkMetrics {
    const { index: worker, framesIn, bytesIn, waiting } = this;
    const { frames: framesOut, bytes: bytesOut } = this.#inFlight;
    const waitingBytes = this.#mail.bytes + this.#priority.bytes;
    const isLinked = this.#link !== undefined && !this.ended;
    return { worker, isLinked, framesOut, bytesOut, framesIn, bytesIn, waiting, waitingBytes };
  }

  get #unwritten(): number {
    return this.#mail.length + this.#priority.length + (this.#large === undefined ? 0 : 1);
  }

  /** The link is there, for the first time or again after it broke. */
  attach(link: Link): void {
    this.#link = link;
    this.ended = false;
    this.#large = undefined;
    this.#writer.reset();
    this.#inFlight.reset();
    this.#credit = LINK_CREDIT;
    // Envelopes that a broken link lost were sent and never received: both sides count anew.
    [this.sent, this.received] = [0, 0];
    this.#arm();
  }

  detach(why?: Error): void {
    const link = this.#link;
    this.#link = undefined;
    // Envelopes that are sent elsewhere must not arrive here as well: only of a link that has ended is it known which have left.
    link?.destroy(why);
    if (link !== undefined) this.#refused = this.#inFlight.take(link);
    this.ended = true;
    this.ends++;
  }

  mail(envelope: Envelope): boolean {
    if (envelope.verb === 'message' && !this.#mail.hasRoomFor(envelope)) {
      const text = this.#mail.fullText(envelope, `on the way to worker ${this.index}`);
      this.#options.deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
      return false;
    }
    this.#mail.push(envelope);
    // A full frame goes at once, so that a burst is encoded and read side by side.
    if (this.#mail.length === FRAME_ENTRIES) this.flush();
    else if (envelope.replyTo !== undefined) this.#armAwaited();
    else this.#arm();
    return this.#mail.length < OUTBOUND_HIGH && this.#mail.isClear;
  }

  publish(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    epoch: number,
    excluded?: ReadonlySet<ActorId>,
    bytes?: number,
    trace?: string,
  ): boolean {
    const note = new PublishNote(topic, message, sender, epoch, excluded, trace);
    this.#memory.weigh(note, message, bytes);
    if (!this.#mail.hasRoomFor(note)) {
      this.#options.deadLetters.add(topic, message, sender, 'OVERLOADED');
      return false;
    }
    this.#mail.push(note);
    this.#arm();
    return this.#mail.length < OUTBOUND_HIGH && this.#mail.isClear;
  }

  /** In order with the mail, but no message: topics, markers, transferred state. */
  note(...parts: unknown[]): void {
    this.#mail.push(new Note(parts));
    this.#arm();
  }

  /** The same, of a size that counts. */
  heavyNote(bytesMax: number, ...parts: unknown[]): void {
    this.#mail.push(new Note(parts, bytesMax));
    this.#arm();
  }

  /** Mail from now on waits, until the returned function is called. Undefined: some waits already. */
  dam(): (() => void) | undefined {
    return this.#mail.dam(() => this.#arm());
  }

  /** Mail of meanwhile is older than what waits so, and does not; unless some of that is said to be older. */
  beforeDam(send: () => void, isOlder?: (item: OutboundMail) => boolean): void {
    this.#mail.beforeDam(send, isOlder);
  }

  signal(to: ActorId, signal: Signal): void {
    // An end is told after what the ended actor sent before.
    (signal.type === 'terminated' ? this.#mail : this.#priority).push(new SignalNote(to, signal));
    this.#arm();
  }

  /** As `note`, but past waiting mail. */
  noteFirst(...parts: unknown[]): void {
    this.#priority.push(new Note(parts));
    this.#arm();
  }

  /** Of a new link: before all that waits. */
  noteBeforeAll(...parts: unknown[]): void {
    this.#priority.unshiftAll([new Note(parts)]);
  }

  reply(correlation: number, value: unknown): void {
    const note = new ReplyNote(correlation, value);
    // A link that takes what it gets has them by the end of the turn: only those that wait are weighed (S5).
    const refusal = this.#link?.blocked === true ? this.#priority.refusalOf(note) : undefined;
    if (refusal) return this.fail(correlation, errorToData(refusal));
    this.#priority.push(note);
    this.#armAwaited();
  }

  fail(correlation: number, error: ErrorData): void {
    this.#priority.push(this.#writer.failure(correlation, error));
    this.#arm();
  }

  grant(count: number): void {
    this.#priority.push(new CreditNote(count));
    // Credit is no mail: it is not counted when the two ends compare what they sent and received.
    this.sent--;
    this.#arm();
  }

  granted(count: number): void {
    this.#credit += count;
    this.#arm();
  }

  /** Mail that was never written, with the ends told in between, in order; replies to a process that is gone are dropped. */
  takeUnwritten(): (Envelope | SignalNote)[] {
    this.#priority.clear();
    // Something large without its last piece is nothing to the receiver: it was not written.
    const unwritten = [...this.#refused, this.#large?.item, ...this.#mail.clear()].filter(isMail);
    [this.#refused, this.#large] = [[], undefined];
    for (const item of unwritten) if (item instanceof Envelope) item.replyTo?.written(undefined);
    return unwritten;
  }

  /** It is forgotten: nothing comes from this process any more, and nothing can be written to it. */
  drop(): void {
    this.#mail.close();
    this.#priority.close();
  }

  readonly #endTurn = (): void => {
    this.#armed = false;
    this.#awaited.turnEnded(this.#options.links?.());
    this.flush();
  };

  readonly flush = (): void => {
    this.#awaited.gone();
    // A listener that hears of a refused message may send at once, in the middle of a frame: that goes into a later one.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#writeFrame());
    } finally {
      this.#isFlushing = false;
    }
  };

  /** False where nothing was there to write, or nothing can be written now. */
  #writeFrame(): boolean {
    if (this.#link === undefined || this.#link.blocked || this.ended || this.#unwritten === 0) return false;
    if (this.#large !== undefined) return this.#writePiece(this.#link, this.#large);
    if (this.#writeCompact(this.#link) || this.#writeLarge(this.#link)) return true;
    const batch = this.#writer.begin();
    const items: Outbound[] = [];
    this.#fill(batch, items);
    if (items.length > 0) this.#write(batch, items);
    return items.length > 0;
  }

  /** As much as is of the common sort, until something of another sort comes. False: nothing was. */
  #writeCompact(link: Link): boolean {
    const writer = this.#writer;
    writer.beginCompact();
    let entries = 0;
    for (; entries < FRAME_ENTRIES && !writer.isCompactFull; entries++) {
      const lane: Lane = this.#priority.length > 0 ? this.#priority : this.#mail;
      // All mail of the common sort is messages: each spends a credit.
      if (lane === this.#mail && this.#credit <= 0) break;
      const item = lane.peek();
      if (item === undefined || this.#large?.mayBePassedBy(item) === false || !writer.appendCompact(item)) break;
      lane.shift();
      this.#inFlight.add(item);
      if (lane === this.#mail) this.#credit--;
    }
    const bytes = writer.finishCompact(entries);
    if (bytes === undefined) return false;
    this.sent += entries;
    this.#inFlight.write(link, bytes);
    return true;
  }

  /** A piece of what is large, behind what may pass it. */
  #writePiece(link: Link, { item, pieces }: LargeMail): true {
    this.#writeCompact(link);
    if (link.blocked) return true;
    const piece = pieces.next();
    if (pieces.isDone) {
      this.#large = undefined;
      this.#inFlight.add(item);
    }
    this.#inFlight.write(link, piece);
    return true;
  }

  /** Begins with the next item, where that is a large one. */
  #writeLarge(link: Link): boolean {
    const lane: Lane = this.#priority.length > 0 ? this.#priority : this.#mail;
    const item = lane.peek();
    if (item === undefined || !isLarge(item)) return false;
    const isMessage = item instanceof Envelope && item.verb === 'message';
    if (isMessage && this.#credit <= 0) return false;
    lane.shift();
    const batch = this.#writer.batchOf(item);
    if (batch === undefined) return true;
    if (isMessage) this.#credit--;
    const bytes = this.#encode(batch, [item]);
    if (bytes === undefined) return true;
    if (bytes.byteLength > PIECE_BYTES) this.#large = new LargeMail(item, bytes);
    else {
      this.#inFlight.add(item);
      this.#inFlight.write(link, bytes);
    }
    return true;
  }

  #arm(): void {
    if (this.#armed || this.#link === undefined || this.#link.blocked) return;
    this.#armed = true;
    this.#options.clock.soon(this.#endTurn);
  }

  #armAwaited(): void {
    // Armed in any case: the end of the turn is the beginning of the next.
    this.#arm();
    if (this.#awaited.add()) this.flush();
  }

  #fill(batch: unknown[], items: Outbound[]): void {
    const frame: FrameWeight = { bytesMax: 0 };
    const priority = this.#priority;
    while (priority.length > 0 && items.length < FRAME_ENTRIES && frame.bytesMax < FRAME_BYTES) {
      // It goes on its own, next.
      if (isLarge(priority.peek() as Outbound)) return;
      const item = priority.shift() as Outbound;
      if (this.#writer.append(batch, item, frame)) items.push(item);
    }
    while (items.length < FRAME_ENTRIES && frame.bytesMax < FRAME_BYTES) {
      const next = this.#mail.peek();
      const isMessage = next instanceof Envelope && next.verb === 'message';
      if (next === undefined || (isMessage && this.#credit <= 0) || isLarge(next)) return;
      this.#mail.shift();
      if (!this.#writer.append(batch, next, frame)) continue;
      items.push(next);
      if (isMessage) this.#credit--;
    }
  }

  #write(batch: unknown[], items: Outbound[]): void {
    const bytes = this.#encode(batch, items);
    if (bytes === undefined || this.#link === undefined) return;
    for (const item of items) this.#inFlight.add(item);
    this.#inFlight.write(this.#link, bytes);
  }

  /** Undefined where it failed; all has been seen to then. */
  #encode(batch: unknown[], items: Outbound[]): Uint8Array | undefined {
    try {
      const bytes = this.#writer.encode(batch);
      this.sent += items.length;
      return bytes;
    } catch (error) {
      // A message that the codec refuses although it looked plain: alone it is found, and it takes no other message with it.
      this.#writeSingly(items, asError(error));
      return undefined;
    }
  }

  #writeSingly(items: Outbound[], error: Error): void {
    if (items.length === 1) return this.#cannotEncode(items[0] as Outbound, error);
    for (const item of items) {
      const batch = this.#writer.begin();
      if (this.#writer.append(batch, item, { bytesMax: 0 })) this.#write(batch, [item]);
      else this.#takeCreditBack(item);
    }
  }

  #cannotEncode(item: Outbound, error: Error): void {
    const { deadLetters } = this.#options;
    const code = error instanceof TroupeError ? error.code : 'INVALID_MESSAGE';
    const text = `a message to worker ${this.index} could not be encoded: ${wordsOf(error)}`;
    this.#takeCreditBack(item);
    if (item instanceof Envelope) deadLetters.refuseUnlessResent(item, code, text);
    else if (item instanceof PublishNote) deadLetters.add(item.topic, item.message, item.sender, code);
    else if (item instanceof ReplyNote)
      this.fail(item.correlation, errorToData(new TroupeError(code, text, { fate: 'executed' })));
  }

  /** The receiver grants only for what it has seen. */
  #takeCreditBack(item: Outbound): void {
    if (item instanceof Envelope && item.verb === 'message') this.#credit++;
  }
}
