/**
 * Whether this process may serve, where its machine is one of a cluster: until a deadline, of which the master tells again and again. Past
 * it no turn begins, and no output of a turn leaves:
 *
 *   told of a deadline ─► serving ─► it passes ─► cells and outputs wait ─► told of a later one ─► outputs leave, cells go on
 *
 * The end of service needs no message: each turn and each output compares the clock. So a master that hangs, or a message of its that is
 * late, stops service rather than make it longer.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { type Envelope, isTracked } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { HeldOutputs, type Output } from './held-outputs.ts';

/** Milliseconds in which cells that waited are let go, before sockets and timers have theirs. */
const GO_ON_SLICE_MS = 4;

/** A cell, as far as it waits here. */
export interface Served {
  readonly id: ActorId;
  readonly mailbox: { readonly length: number; mail(): Iterable<Envelope> };
  /** It begins its start or its turn, or comes back. */
  goOn(): void;
}

export class Serving {
  readonly #clock: Clock;
  readonly #cells = new Set<Served>();
  readonly #outputs: HeldOutputs;
  #until = 0;

  constructor(clock: Clock, memory: QueueMemory) {
    this.#clock = clock;
    this.#outputs = new HeldOutputs(memory);
  }

  /** One compare, made before each turn. */
  get mayBegin(): boolean {
    return this.#clock.now() < this.#until;
  }

  /** Before each output: those that wait go first. */
  get mayLeave(): boolean {
    return this.#outputs.length === 0 && this.#clock.now() < this.#until;
  }

  /** On `Clock.now()`; 0: not at all. */
  serve(until: number): void {
    this.#until = until;
    if (!this.mayBegin) return;
    this.#outputs.leave(() => this.mayBegin);
    void this.#goOn();
  }

  /** It would begin a turn, or start. True: it does not, and goes on once it may. */
  holdsBack(cell: Served): boolean {
    if (this.mayBegin) return false;
    if (this.#cells.has(cell)) return true;
    this.#cells.add(cell);
    for (const envelope of cell.mailbox.mail()) this.#refuse(envelope);
    return true;
  }

  isHeld(cell: Served): boolean {
    return this.#cells.has(cell);
  }

  /** An ask has come; refused where its actor waits here. */
  asked(cell: Served, envelope: Envelope): void {
    if (this.#cells.has(cell)) this.#refuse(envelope);
  }

  /** It is no more, or lives elsewhere. */
  forget(cell: Served): void {
    this.#cells.delete(cell);
  }

  /** False: there is no room for it. */
  hold(output: Output): boolean {
    return this.#outputs.add(output);
  }

  get isClear(): boolean {
    return this.#outputs.isClear;
  }

  /** Outputs of actors that are another machine's now go nowhere. */
  drop(isGone: (id: ActorId) => boolean): void {
    this.#outputs.drop(isGone);
  }

  /** Messages that wait in mailboxes of those who wait here. */
  get mail(): number {
    let count = 0;
    for (const { mailbox } of this.#cells) count += mailbox.length;
    return count;
  }

  /** A message that was sent before may have been handled before, by a process that is no more: of that only its record tells. */
  #refuse(envelope: Envelope): void {
    const { verb, replyTo, deliveryId, to } = envelope;
    if (verb !== 'message' || replyTo === undefined || isTracked(envelope) || deliveryId?.turn !== undefined) return;
    replyTo.reject(suspended(to));
    // Wherever it goes from here, it is late: what was said of its fate stays true.
    envelope.deadline = Math.min(envelope.deadline, this.#clock.now());
  }

  async #goOn(): Promise<void> {
    let endsAt = this.#clock.now() + GO_ON_SLICE_MS;
    for (const cell of this.#cells) {
      if (!this.mayBegin) return;
      this.#cells.delete(cell);
      cell.goOn();
      if (this.#clock.now() < endsAt) continue;
      await new Promise<void>((resolve) => this.#clock.defer(resolve));
      endsAt = this.#clock.now() + GO_ON_SLICE_MS;
    }
  }
}

/** The end of an ask of an actor of this machine, which has not begun. */
export function suspended(id: ActorId): TroupeError {
  const text = `the machine of ${id} is suspended: its lease in the cluster is not renewed; nothing was done, ask again later`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'not-executed' });
}
