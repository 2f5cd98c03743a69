/** One connection of a client to the process that serves it: what it writes and what it reads, until it ends. */
import type { Kernel } from '../actor/kernel.ts';
import { FrameReader, type Ingress, type Published } from '../frames/frame-reader.ts';
import { OutboundQueue } from '../peer/outbound-queue.ts';
import { refusedWorkerEntries } from '../frames/worker-entries.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { asError, type ErrorData, errorFromData, type TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { SILENT_MS } from '../client-wire/client-greeting.ts';
import { FRAME_EXTRA_BYTES, type Link } from '../wire/link.ts';

export interface ConnectionEvents {
  toRef(id: ActorId): unknown;
  accepted(number: number): void;
  signal(signal: Signal): void;
  published(published: Published): void;
  /** Something that had no reply to wait for. */
  refused(error: TroupeError): void;
  /** True: it is seen to. */
  failed?(correlation: number, error: ErrorData): boolean;
  /** The connection is not cut from here. */
  readonly mustBeRead?: boolean;
  /** As many messages have come in. */
  granted?(count: number): void;
  ended(error: Error | undefined): void;
}

export class Connection {
  readonly queue: OutboundQueue;
  readonly #link: Link;
  readonly #kernel: Kernel;
  readonly #events: ConnectionEvents;
  #heardAt: number;
  #isOver = false;
  /** A frame made no sense: those that follow make none, either. */
  #isBroken = false;

  constructor(link: Link, kernel: Kernel, events: ConnectionEvents) {
    const { clock, deadLetters, limits, memory } = kernel;
    const { messageBytesMax } = limits;
    this.#link = link;
    this.#kernel = kernel;
    this.#events = events;
    this.#heardAt = clock.now();
    this.queue = new OutboundQueue({
      ...{ index: 0, incarnation: 1, clock, deadLetters, messageBytesMax, epoch: () => 0, memory },
    });
    const reader = new FrameReader(this.#ingress(), messageBytesMax + FRAME_EXTRA_BYTES);
    link.listener = {
      onFrame: (bytes) => {
        this.#heardAt = clock.now();
        return this.#read(reader, bytes);
      },
      onDrain: () => this.queue.flush(),
      onEnd: (error) => {
        if (!this.#isOver) this.#events.ended(error);
        this.#isOver = true;
      },
    };
    this.queue.attach(link);
  }

  #read(reader: FrameReader, bytes: Uint8Array): boolean {
    if (this.#isBroken) return true;
    try {
      if (reader.read(bytes)) return true;
      throw new Error('a frame for a client has an epoch');
    } catch (error) {
      this.#isBroken = true;
      // Where the other end has not read all that was written, nobody could say what it still reads: it says so by its end.
      if (this.#events.mustBeRead) this.#link.close();
      else this.#link.destroy(asError(error));
      return this.#events.mustBeRead === true;
    }
  }

  /** A sign of life; without one of the other end for too long the connection counts as gone. */
  look(): void {
    const silentMs = this.#kernel.clock.now() - this.#heardAt;
    if (silentMs <= SILENT_MS) return this.queue.grant(0);
    this.#link.destroy(new Error(`the system gave no sign of life within ${SILENT_MS} ms`));
  }

  close(): void {
    this.queue.flush();
    this.#link.close();
  }

  destroy(): void {
    this.#link.destroy();
  }

  #ingress(): Ingress {
    const { pending } = this.#kernel;
    const events = this.#events;
    const refuse = (what: string) => (): never => {
      throw new Error(`a client was sent ${what}`);
    };
    return {
      epoch: () => 0,
      toRef: (id) => events.toRef(id),
      replied: (correlation, value) => pending.byCorrelation(correlation)?.resolve(value),
      failed: (correlation, data) => {
        if (events.failed?.(correlation, data) === true) return;
        const error = errorFromData(data);
        if (correlation === 0) events.refused(error);
        else pending.byCorrelation(correlation)?.reject(error);
      },
      topicAcknowledged: (number) => pending.byCorrelation(number)?.resolve(undefined),
      published: (published) => events.published(published),
      signal: (_to, signal) => events.signal(signal),
      acknowledged: (number) => events.accepted(number),
      credit: (count) => {
        this.queue.granted(count);
        if (count > 0) events.granted?.(count);
      },
      unreadable: ({ to }) => this.#kernel.deadLetters.add(to, undefined, undefined, 'INVALID_MESSAGE'),
      frameRead: () => {},
      envelope: refuse('a message'),
      replyTo: refuse('an ask'),
      topicChanged: refuse('a change of topics'),
      ...refusedWorkerEntries(refuse),
    };
  }
}
