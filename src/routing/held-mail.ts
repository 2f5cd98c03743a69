/**
 * Mail that waits for its host: of units on the move, of units whose worker has died, and where no living worker can
 * host them. In order, bounded by count and time.
 */
import type { DeadLetters } from '../observe/dead-letters.ts';
import { type Trace, tracedMail, tracedSignal } from '../observe/trace.ts';
import { Ring } from '../structures/ring.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import type { Signal } from '../vocabulary/signal.ts';
import { bytesOf, type Weighed } from '../plain-data/weight.ts';
import type { Unit } from '../wire/control.ts';

/** Held by one process at most; one more is refused with OVERLOADED. */
export const HELD_MAX = 100_000;
/** Milliseconds until a held message becomes a dead letter; asks end by their own deadlines. */
export const HELD_MS_MAX = 30_000;

export interface HeldSignal {
  readonly to: ActorId;
  readonly signal: Signal;
}

const LIGHT: Weighed = Object.freeze({ heavy: undefined });

type Held = { readonly since: number; readonly mail: Envelope | HeldSignal };

export class HeldMail {
  readonly #byUnit = new Map<Unit, Ring<Held>>();
  readonly #clock: Clock;
  readonly #deadLetters: DeadLetters;
  #timer: Timer | undefined;
  readonly #memory: QueueMemory;
  readonly #trace: Trace | undefined;
  /** Mail of other processes, which had another way than through this one since or before. */
  readonly #relayed = new WeakSet<Envelope>();
  readonly #passedOn = new WeakSet<Envelope | HeldSignal>();
  #size = 0;
  #bytes = 0;

  constructor(clock: Clock, deadLetters: DeadLetters, memory: QueueMemory = new QueueMemory(), trace?: Trace) {
    this.#clock = clock;
    this.#deadLetters = deadLetters;
    this.#memory = memory;
    this.#trace = trace;
  }

  get size(): number {
    return this.#size;
  }

  units(): Unit[] {
    return [...this.#byUnit.keys()];
  }

  holdsMailFor(unit: Unit): boolean {
    return this.#byUnit.has(unit);
  }

  /** False where it was refused, the bound being reached. */
  add(unit: Unit, mail: Envelope | HeldSignal): boolean {
    if (!('signal' in mail)) {
      if (mail.heavy === undefined) this.#memory.weigh(mail, mail.message);
      if (!this.#hasRoomFor(mail)) {
        this.#refuseForRoom(mail);
        return false;
      }
    }
    this.#queueOf(unit).push({ since: this.#clock.now(), mail });
    this.#taken(mail);
    this.#note('held', unit, mail);
    this.#timer ??= this.#clock.setTimer(HELD_MS_MAX, () => this.#sweep());
    return true;
  }

  /** The same, of mail that another process has sent here. */
  addRelayed(unit: Unit, envelope: Envelope): boolean {
    return this.add(unit, this.noteRelayed(envelope));
  }

  /** Mail of another process goes on from here. */
  noteRelayed(envelope: Envelope): Envelope {
    this.#relayed.add(envelope);
    return envelope;
  }

  /** As `addRelayed`, of mail from another machine. */
  addPassedOn(unit: Unit, envelope: Envelope): boolean {
    return this.add(unit, this.notePassedOn(envelope));
  }

  /** As `noteRelayed`, of mail from another machine: it goes on by the ways in of machines, before it waited and after. */
  notePassedOn(envelope: Envelope): Envelope {
    this.#passedOn.add(envelope);
    return this.noteRelayed(envelope);
  }

  isPassedOn(mail: Envelope | HeldSignal): boolean {
    return this.#passedOn.has(mail);
  }

  isRelayed(envelope: Envelope): boolean {
    return this.#relayed.has(envelope);
  }

  /** Less than half of the bytes that may wait here do, and all queues together hold less than half of theirs. */
  get isClear(): boolean {
    return this.#bytes * 2 <= this.#memory.queueBytesMax && !this.#memory.isHigh;
  }

  /** How much waits for a unit. */
  lengthOf(unit: Unit): number {
    return this.#byUnit.get(unit)?.length ?? 0;
  }

  /** Mail that was on its way before anything that waits here: it goes to the front. Mail past the bound is refused. */
  putBack(unit: Unit, mail: readonly (Envelope | HeldSignal)[]): void {
    const since = this.#clock.now();
    const kept: Held[] = [];
    const refused: Envelope[] = [];
    for (const one of mail) {
      // From the first that has no room on: a gap in the mail of a sender, never a swap.
      if (!('signal' in one) && (refused.length > 0 || !this.#hasRoomFor(one))) refused.push(one);
      else {
        kept.push({ since, mail: one });
        this.#taken(one);
        this.#note('held', unit, one);
      }
    }
    this.#queueOf(unit).unshiftAll(kept);
    this.#timer ??= this.#clock.setTimer(HELD_MS_MAX, () => this.#sweep());
    for (const one of refused) this.#refuseForRoom(one);
  }

  /** Mail in a shard for one id waits under its own name from now on, in front of what waits there already. */
  splitOff(shard: Unit, id: ActorId): void {
    const queue = this.#byUnit.get(shard);
    const all = [...(queue ?? [])];
    const ofOne = all.filter(({ mail }) => mail.to === id);
    if (!queue || ofOne.length === 0) return;
    queue.clear();
    if (ofOne.length === all.length) this.#byUnit.delete(shard);
    else for (const held of all) if (held.mail.to !== id) queue.push(held);
    this.#queueOf(id).unshiftAll(ofOne);
  }

  /** Mail of this process waits under another key from now on, in front of what waits there; that of other processes stays. */
  moveOwn(unit: Unit, key: Unit): void {
    const queue = this.#byUnit.get(unit);
    if (!queue) return;
    const own: Held[] = [];
    for (const held of queue.clear()) {
      if (!('signal' in held.mail) && this.#relayed.has(held.mail)) queue.push(held);
      else own.push(held);
    }
    if (queue.length === 0) this.#byUnit.delete(unit);
    if (own.length > 0) this.#queueOf(key).unshiftAll(own);
  }

  peek(unit: Unit): [first?: Envelope | HeldSignal] {
    const first = this.#byUnit.get(unit)?.peek();
    return first ? [first.mail] : [];
  }

  /** The mail that these senders have waiting here, in order: it goes along when they move. */
  takeFrom(isTheirs: (sender: ActorId) => boolean): Envelope[] {
    return this.takeOf(({ sender }) => sender !== undefined && isTheirs(sender));
  }

  /** In order. */
  takeOf(isMeant: (envelope: Envelope) => boolean): Envelope[] {
    const taken: Envelope[] = [];
    for (const [unit, queue] of this.#byUnit) {
      const all = queue.clear();
      for (const held of all) {
        const { mail } = held;
        if ('signal' in mail || !isMeant(mail)) queue.push(held);
        else {
          taken.push(mail);
          this.#given(mail);
        }
      }
      if (queue.length === 0) this.#byUnit.delete(unit);
    }
    return taken;
  }

  /** Everything that waits for a unit, in order. */
  take(unit: Unit): (Envelope | HeldSignal)[] {
    const queue = this.#byUnit.get(unit);
    if (!queue) return [];
    this.#byUnit.delete(unit);
    const all = queue.clear().map(({ mail }) => mail);
    for (const mail of all) this.#given(mail);
    if (this.#trace !== undefined) for (const mail of all) this.#note('released', unit, mail);
    return all;
  }

  /** At the end of the system: nothing is left waiting without a word. */
  refuseAll(code: 'SHUTTING_DOWN', text: string): void {
    for (const unit of this.units()) {
      for (const mail of this.take(unit))
        if (!('signal' in mail)) this.#deadLetters.refuseUnlessResent(mail, code, text);
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #queueOf(unit: Unit): Ring<Held> {
    let queue = this.#byUnit.get(unit);
    if (!queue) this.#byUnit.set(unit, (queue = new Ring()));
    return queue;
  }

  /** A signal waits with the light ones. */
  #taken(mail: Envelope | HeldSignal): void {
    const item = 'signal' in mail ? LIGHT : mail;
    this.#size++;
    this.#bytes += bytesOf(item);
    this.#memory.hold(item);
  }

  #given(mail: Envelope | HeldSignal): void {
    const item = 'signal' in mail ? LIGHT : mail;
    this.#size--;
    this.#bytes -= bytesOf(item);
    this.#memory.release(item);
  }

  #note(step: 'held' | 'released', unit: Unit, mail: Envelope | HeldSignal): void {
    const what = this.#trace && ('signal' in mail ? tracedSignal(mail.to, mail.signal) : tracedMail(mail));
    if (what) this.#trace?.note({ topic: 'route', step, unit, ...what });
  }

  #hasRoomFor(envelope: Envelope): boolean {
    return this.#size < HELD_MAX && this.#memory.hasRoomFor(envelope, this.#bytes);
  }

  #refuseForRoom(envelope: Envelope): void {
    const { queueBytesMax } = this.#memory;
    const isLong = this.#size >= HELD_MAX;
    const isFull = !isLong && this.#memory.hasRoomInQueue(envelope, this.#bytes);
    const text = isFull
      ? this.#memory.fullText(envelope)
      : `the mail on hold has no room for one message more to ${envelope.to}; its limit is ${isLong ? `${HELD_MAX} messages` : `${queueBytesMax} bytes`}`;
    this.#deadLetters.refuseUnlessResent(envelope, 'OVERLOADED', text);
  }

  #sweep(): void {
    this.#timer = undefined;
    const before = this.#clock.now() - HELD_MS_MAX;
    for (const [unit, queue] of this.#byUnit) {
      for (let held = queue.peek(); held !== undefined && held.since <= before; held = queue.peek()) {
        queue.shift();
        this.#given(held.mail);
        if ('signal' in held.mail) continue;
        const text = `no worker could host ${held.mail.to} within ${HELD_MS_MAX} ms`;
        this.#deadLetters.refuseUnlessResent(held.mail, 'NO_WORKER', text);
      }
      // A listener of dead letters may send at once: by now another queue may stand here.
      if (queue.length === 0 && this.#byUnit.get(unit) === queue) this.#byUnit.delete(unit);
    }
    if (this.#size > 0) this.#timer ??= this.#clock.setTimer(HELD_MS_MAX / 4, () => this.#sweep());
  }
}
