/**
 * One connection of a client, seen from the system: takes what the client sends in order, with its rights, as one sender; and
 * writes what it asked for. A connection that is slow or silent is cut; the session, which remembers what was accepted, stays
 * for the next one (gateway.ts).
 */
import type { Kernel } from '../actor/kernel.ts';
import { FrameReader } from '../frames/frame-reader.ts';
import { OutboundQueue } from '../peer/outbound-queue.ts';
import { Ring } from '../structures/ring.ts';
import type { SystemFacts } from '../observe/system-facts.ts';
import type { System } from '../system/system.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import { QUEUE_SHARE, QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Signal, WatchName } from '../vocabulary/signal.ts';
import { ACKNOWLEDGED, type CallArgument } from '../wire/entry.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';
import { ClientActs, type ClientRoute, type Item } from './client-acts.ts';
import { ClientCalls } from './client-calls.ts';
import { asksAlone, clientIngress, type ClientMail } from './client-ingress.ts';
import { ClientReply, type ClientReplyRoute } from './client-reply.ts';
import { ClientTopics } from './client-topics.ts';
import type { ClientTraffic } from './client-traffic.ts';
import type { DirectSockets } from './direct-sockets.ts';
import type { Session } from './session.ts';

/** Entries that wait for a client that does not read: from here on it is not read either … */
export const CLIENT_WAITING_HIGH = 1_024;
/** … and with one more than so many, or more than so many bytes and one message, it is cut. */
export const CLIENT_WAITING_MAX = 10_000;
export const CLIENT_WAITING_BYTES_MAX: number = 16 * 1024 * 1024;
/** Milliseconds that a client is not read because an actor that it told has half a mailbox full; then the mailbox's own bound holds. */
export const SLOWED_MS_MAX = 1_000;

export interface ConnectionParts {
  readonly kernel: Kernel;
  readonly system: System;
  readonly facts?: SystemFacts | undefined;
  readonly session: Session;
  readonly link: Link;
  /** From the clock of the client to ours. */
  readonly offsetMs: number;
  readonly traffic: ClientTraffic;
  /** Undefined: none is told of. */
  readonly direct?: DirectSockets | undefined;
  /** At the socket of a worker; see `ActsParts`. */
  readonly takesAtOnce?: ((id: ActorId) => boolean) | undefined;
  /** It is cut for that. */
  misbehaved(cause: 'bytes' | 'cut', text: string): void;
  ended(): void;
}

export class ClientConnection implements ClientMail, ClientRoute, ClientReplyRoute {
  readonly #parts: ConnectionParts;
  readonly #session: Session;
  readonly #kernel: Kernel;
  readonly #memory: QueueMemory;
  readonly #waitingBytesMax: number;
  readonly #queue: OutboundQueue;
  readonly #reader: FrameReader;
  readonly #topics: ClientTopics;
  readonly #inbox = new Ring<Item>();
  readonly #acts: ClientActs;
  readonly #calls: ClientCalls;
  /** Settles once what this client has told full mailboxes is handled. */
  #drained: Promise<void> | undefined;
  #isSlowed = false;
  #isWorking = false;
  #told: number;
  #heardAt: number;
  #isOver = false;
  /** The session has another connection: what was not taken yet comes again there. */
  #isReplaced = false;

  constructor(parts: ConnectionParts) {
    const { kernel, session, link } = parts;
    const { messageBytesMax } = kernel.limits;
    this.#waitingBytesMax = CLIENT_WAITING_BYTES_MAX + messageBytesMax;
    // Twice as much: the queue itself refuses nothing before the client is cut.
    this.#memory = new QueueMemory(this.#waitingBytesMax * 2 * QUEUE_SHARE);
    this.#parts = parts;
    this.#kernel = kernel;
    this.#session = session;
    this.#told = session.accepted;
    session.mail.onAccepted = () => this.#tellAccepted();
    this.#heardAt = kernel.clock.now();
    this.#queue = new OutboundQueue({
      ...{ index: 0, incarnation: 1, clock: kernel.clock, deadLetters: kernel.deadLetters, messageBytesMax },
      ...{ epoch: () => 0, memory: this.#memory },
    });
    this.#topics = new ClientTopics(kernel, this.#queue, {
      refusal: (right) => session.rights.refusal(right),
      isFull: () => this.#cutIfFull(),
    });
    this.#acts = new ClientActs({ ...parts, route: this });
    this.#calls = new ClientCalls({ ...parts, rights: session.rights });
    const ingress = clientIngress(this, this.#topics);
    const mayCome = parts.takesAtOnce === undefined ? ingress : asksAlone(ingress);
    this.#reader = new FrameReader(mayCome, messageBytesMax + FRAME_EXTRA_BYTES);
    link.listener = {
      onFrame: (bytes) => this.#read(bytes),
      onDrain: () => this.#written(),
      onEnd: () => this.#ended(),
    };
    this.#queue.attach(link);
  }

  /** Beats; cuts a connection on which nothing came for too long. */
  look(silentMs: number): void {
    if (this.#kernel.clock.now() - this.#heardAt > silentMs)
      this.cut(`the client gave no sign of life within ${silentMs} ms`);
    else if (!this.#cutIfFull()) this.#queue.grant(0);
  }

  cut(text: string): void {
    this.#session.cut = text;
    this.#parts.misbehaved('cut', text);
    this.#parts.link.destroy(new TroupeError('OVERLOADED', text));
  }

  /** Another one of its session takes its place. */
  replace(): void {
    this.#isReplaced = true;
    this.#inbox.clear();
    this.#parts.link.destroy();
  }

  /** Writes what waits, then ends. */
  close(): void {
    this.#queue.flush();
    this.#parts.link.close();
  }

  destroy(): void {
    this.#parts.link.destroy();
  }

  granted(count: number): void {
    this.#queue.granted(count);
  }

  replyTo(correlation: number): ReplyTo {
    return new ClientReply(this, correlation);
  }

  reply(correlation: number, value: unknown): void {
    this.#acts.answered(correlation);
    if (!this.#isOver) this.#queue.reply(correlation, value);
  }

  fail(correlation: number, error: TroupeError): void {
    this.#acts.answered(correlation);
    if (!this.#isOver) this.#queue.fail(correlation, errorToData(error));
  }

  toRef(id: ActorId): unknown {
    return this.#parts.system.ref(id);
  }

  arrived(item: Item): void {
    this.#inbox.push(item);
  }

  ended(id: ActorId, reason: ExitReason, watch: WatchName): void {
    if (!this.#isOver) this.#queue.signal(id, { type: 'terminated', id, reason, watch });
  }

  unreadable(envelope: Envelope, error: Error): void {
    this.#acts.unreadable(envelope, error);
  }

  /** Only one makes sense from a client. */
  signal(signal: Signal): void {
    if (signal.type === 'ask-given-up') this.#acts.giveUp(signal.correlation);
  }

  called(number: number, name: string, args: CallArgument[]): void {
    this.#calls.take(name, args, this.replyTo(number));
  }

  #read(bytes: Uint8Array): boolean {
    this.#heardAt = this.#kernel.clock.now();
    try {
      // All frames of a client are of no time: one that would have to wait for a table makes no sense.
      if (!this.#reader.read(bytes)) throw new Error('a frame of a client has an epoch');
    } catch (error) {
      this.#parts.misbehaved('bytes', asError(error).message);
      this.#parts.link.destroy(asError(error));
      return false;
    }
    this.#work();
    return this.#isOpen;
  }

  /** More may be read. */
  get #isOpen(): boolean {
    return this.#inbox.length === 0 && this.#queue.waiting < CLIENT_WAITING_HIGH;
  }

  #written(): void {
    this.#queue.flush();
    this.#readOn();
  }

  #readOn(): void {
    if (this.#isOpen) this.#parts.link.resume();
  }

  #work(): void {
    if (this.#isSlowed || this.#isWorking) return;
    this.#isWorking = true;
    for (let item = this.#inbox.shift(); item !== undefined; item = this.#inbox.shift()) {
      // While it was waited for before, and longer than a client may be held up, it is not waited for again.
      if (this.#acts.take(item) || this.#drained !== undefined) continue;
      this.#slow();
      break;
    }
    this.#isWorking = false;
    this.#tellAccepted();
  }

  /** An actor that was told has half a mailbox full: nothing more of this client is taken until that is handled. */
  #slow(): void {
    this.#isSlowed = true;
    const { clock } = this.#kernel;
    const goOn = (): void => {
      if (!this.#isSlowed) return;
      this.#isSlowed = false;
      timer.cancel();
      this.#work();
      this.#readOn();
    };
    const timer = clock.setTimer(SLOWED_MS_MAX, goOn);
    this.#drained = this.#session.sender.drained().finally(() => {
      this.#drained = undefined;
      goOn();
    });
  }

  #tellAccepted(): void {
    if (this.#isOver) return;
    const credits = this.#acts.takeCredits();
    if (credits > 0) this.#queue.grant(credits);
    const { accepted } = this.#session;
    if (accepted > this.#told) this.#queue.note(ACKNOWLEDGED, accepted);
    this.#told = accepted;
  }

  #cutIfFull(): boolean {
    const isFull = this.#queue.waiting > CLIENT_WAITING_MAX || this.#memory.bytes > this.#waitingBytesMax;
    if (isFull && !this.#isOver)
      this.cut(
        `the client did not read: ${this.#queue.waiting} entries and ${this.#memory.bytes} bytes waited for it, ` +
          `and its limits are ${CLIENT_WAITING_MAX} and ${this.#waitingBytesMax}`,
      );
    return isFull;
  }

  /** Messages that had come before are still taken, unless its next connection brings them again, or the client sends more by another one that must not overtake them. */
  #ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queue.detach();
    this.#queue.drop();
    this.#topics.close();
    this.#acts.close();
    this.#calls.close();
    if (this.#parts.takesAtOnce !== undefined) this.#inbox.clear();
    else if (!this.#isReplaced) this.#work();
    this.#parts.ended();
  }
}
