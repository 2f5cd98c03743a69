/**
 * Messages that their sender keeps until the receiver has committed them. To each receiver they go in order, so many at a
 * time; what is not acknowledged in time goes again, from the first on. The receiver knows a repeat by its number.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Heavy, type Weighed } from '../plain-data/weight.ts';

/** Messages in flight to one receiver that it has not acknowledged. */
export const OUTBOX_WINDOW = 512;
/** Milliseconds without an acknowledgement after which they are sent again; doubled each time, up to the most. */
export const RESEND_MS = 1_000;
export const RESEND_MS_MAX = 30_000;
/** Receivers that nothing waits for, and whose queues stay all the same: most are sent to again at once. */
export const IDLE_QUEUES_MAX = 4_096;

export interface OutboxEntry {
  readonly number: number;
  /** Undefined: it is light. Its envelopes refer to the same, and take no memory of their own. */
  readonly heavy?: Heavy | undefined;
  /** It is kept beyond the acknowledgement, until it is withdrawn: its reply may come later. */
  readonly isAsk?: boolean;
  /** The actor that told it, where its host may change before the receiver has committed it. */
  readonly sender?: ActorId | undefined;
  /** The process that it was sent to has died, perhaps in its turn. */
  isSuspect?: boolean;
  /** As it is sent now. */
  envelope(previous: number, floor: number): Envelope;
}

class ReceiverQueue {
  readonly entries: OutboxEntry[] = [];
  /** Asks that are handled, and whose reply has not come. */
  asks: OutboxEntry[] | undefined = undefined;
  /** Envelopes that go once all entries up to a number are handled. */
  followers: { after: number; envelope: Envelope }[] | undefined = undefined;
  /** So many of the entries are in flight. */
  sent = 0;
  /** On `Clock.now()`. */
  dueAt = 0;
  resendMs: number = RESEND_MS;

  get isIdle(): boolean {
    return this.entries.length === 0 && this.asks === undefined;
  }

  /** That ask is all that is kept, and nothing waits behind it: so it is nearly always (D1). */
  hasOnlyAsk(number: number): boolean {
    const { entries } = this;
    if (entries.length !== 1 || this.asks !== undefined || this.followers !== undefined) return false;
    const entry = entries[0] as OutboxEntry;
    return entry.number === number && entry.isAsk === true;
  }

  /** The lowest number that is kept; 0 where none is. */
  get floor(): number {
    const entry = this.entries.length === 0 ? undefined : (this.entries[0] as OutboxEntry).number;
    const ask = this.asks?.[0]?.number;
    if (ask === undefined) return entry ?? 0;
    return entry === undefined || ask < entry ? ask : entry;
  }

  /** The entries up to a number, which it keeps no more. */
  takeUpTo(number: number): OutboxEntry[] {
    const { entries } = this;
    let count = 0;
    while (count < entries.length && (entries[count] as OutboxEntry).number <= number) count++;
    return count === 0 ? NOTHING : entries.splice(0, count);
  }

  addAsk(entry: OutboxEntry): void {
    if (this.asks === undefined) this.asks = [entry];
    else this.asks.push(entry);
  }

  /** Replies come in the order of their asks, nearly always. */
  takeAsk(number: number): OutboxEntry | undefined {
    const { asks } = this;
    if (asks === undefined) return undefined;
    const at = asks.findIndex((entry) => entry.number === number);
    if (at < 0) return undefined;
    const [ask] = asks.splice(at, 1);
    if (asks.length === 0) this.asks = undefined;
    return ask;
  }

  /** The followers that nothing stands before any more. */
  takeReady(): readonly Envelope[] {
    const { followers } = this;
    if (followers === undefined) return NO_ENVELOPES;
    const first = this.entries[0]?.number ?? Number.POSITIVE_INFINITY;
    const later = followers.filter(({ after }) => after >= first);
    this.followers = later.length === 0 ? undefined : later;
    return followers.filter(({ after }) => after < first).map(({ envelope }) => envelope);
  }
}

const NOTHING: OutboxEntry[] = [];
const NO_ENVELOPES: readonly Envelope[] = [];

export class ResendQueue {
  readonly #clock: Clock;
  readonly #deliver: (envelope: Envelope) => unknown;
  /** With some that are idle: a map that is filled and emptied leaves copies behind (see structures/number-table.ts). */
  readonly #queues = new Map<ActorId, ReceiverQueue>();
  #idle = 0;
  #timer: Timer | undefined;
  #isPaused = false;
  readonly #isHeld: (to: ActorId) => boolean;
  readonly #memory: QueueMemory;
  /** Of all that is kept, with the asks whose reply has not come. */
  #bytes = 0;
  size = 0;

  /** `isHeld`: the receiver handles nothing now, and has what was sent. */
  constructor(
    clock: Clock,
    deliver: (envelope: Envelope) => unknown,
    memory: QueueMemory = new QueueMemory(),
    isHeld: (to: ActorId) => boolean = () => false,
  ) {
    this.#isHeld = isHeld;
    this.#clock = clock;
    this.#memory = memory;
    this.#deliver = deliver;
  }

  receivers(): ActorId[] {
    return [...this.#queues.keys()];
  }

  /** Whether its bytes may be kept too. */
  hasRoomFor(item: Weighed): boolean {
    return this.#memory.hasRoomFor(item, this.#bytes);
  }

  /** Which bound leaves no room for it; `whose`: of what is kept here. */
  fullText(item: Weighed, whose: string): string {
    if (this.#memory.hasRoomInQueue(item, this.#bytes)) return this.#memory.fullText(item);
    return `no room for ${bytesOf(item)} bytes more of ${whose}; the limit is ${this.#memory.queueBytesMax} bytes`;
  }

  /** Less than half of what may be kept is. */
  get isClear(): boolean {
    return this.#bytes * 2 <= this.#memory.queueBytesMax && !this.#memory.isHigh;
  }

  /** Whether a message of one of these senders to somebody else waits. */
  keepsOf(senders: ReadonlySet<ActorId>): boolean {
    for (const [to, { entries }] of this.#queues) {
      if (senders.has(to)) continue;
      if (entries.some(({ sender }) => sender !== undefined && senders.has(sender))) return true;
    }
    return false;
  }

  /** Numbers grow; one that is here already is not taken twice. Returns how many wait for that receiver then. */
  add(to: ActorId, entry: OutboxEntry): number {
    let queue = this.#queues.get(to);
    if (queue === undefined) this.#queues.set(to, (queue = new ReceiverQueue()));
    else if (queue.isIdle) this.#idle--;
    const last = queue.entries.at(-1);
    if (last && last.number >= entry.number) return queue.entries.length;
    queue.entries.push(entry);
    this.size++;
    this.#hold(entry);
    this.#send(queue);
    return queue.entries.length;
  }

  /** In line with the messages before it, though nobody sends it again: a stop, a barrier. */
  follow(to: ActorId, envelope: Envelope): void {
    const queue = this.#queues.get(to);
    const last = queue?.entries.at(-1);
    if (queue && last) (queue.followers ??= []).push({ after: last.number, envelope });
    else this.#deliver(envelope);
  }

  /** The receiver has committed all up to a number. Returns those numbers. */
  acknowledged(to: ActorId, number: number): number[] {
    const queue = this.#queues.get(to);
    if (!queue) return [];
    const done = queue.takeUpTo(number);
    if (done.length === 0) return [];
    for (const entry of done) {
      if (entry.isAsk) queue.addAsk(entry);
      else this.#release(entry);
    }
    this.size -= done.length;
    queue.sent = Math.max(0, queue.sent - done.length);
    queue.resendMs = RESEND_MS;
    queue.dueAt = this.#clock.now() + queue.resendMs;
    this.#sendOrRest(queue);
    return done.map((entry) => entry.number);
  }

  /** Its reply has come, which left once the receiver had committed that message, and all before it. Returns those numbers. */
  answered(to: ActorId, number: number): number[] {
    const queue = this.#queues.get(to);
    if (queue?.hasOnlyAsk(number)) {
      this.#release(queue.entries.pop() as OutboxEntry);
      this.size--;
      queue.sent = 0;
      queue.resendMs = RESEND_MS;
      this.#noteIdle();
      return [number];
    }
    const done = this.acknowledged(to, number);
    this.withdraw(to, number);
    return done;
  }

  /** The asker does not wait for it any more. Messages behind it are resent: they had named it as the one before them. */
  withdraw(to: ActorId, number: number): void {
    const queue = this.#queues.get(to);
    if (queue === undefined || queue.isIdle) return;
    const ask = queue.takeAsk(number);
    if (ask) this.#release(ask);
    const at = queue.entries.findIndex((entry) => entry.number === number);
    if (at >= 0) {
      for (const entry of queue.entries.splice(at, 1)) this.#release(entry);
      this.size--;
      if (at < queue.sent) queue.sent = at;
    }
    if (ask || at >= 0) this.#sendOrRest(queue);
  }

  /** Messages in flight to the receiver may be lost; `hasDied`: with the process that they were sent to. */
  resend(to: ActorId, hasDied = false): void {
    const queue = this.#queues.get(to);
    if (!queue) return;
    if (hasDied) {
      for (const ask of queue.asks ?? NOTHING) ask.isSuspect = true;
      for (const entry of queue.entries.slice(0, queue.sent)) entry.isSuspect = true;
    }
    queue.sent = 0;
    for (const ask of [...(queue.asks ?? NOTHING)]) this.#deliverEntry(ask, 0, queue);
    this.#send(queue);
  }

  clear(): void {
    for (const { entries, asks } of this.#queues.values()) {
      for (const entry of entries) this.#release(entry);
      for (const entry of asks ?? NOTHING) this.#release(entry);
    }
    this.#queues.clear();
    this.#idle = 0;
    this.size = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** While its actor is quiescent. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) for (const queue of this.#queues.values()) this.#send(queue);
  }

  #hold({ heavy }: OutboxEntry): void {
    this.#bytes += bytesOf({ heavy });
    this.#memory.hold({ heavy });
  }

  #release({ heavy }: OutboxEntry): void {
    this.#bytes -= bytesOf({ heavy });
    this.#memory.release({ heavy });
  }

  #sendOrRest(queue: ReceiverQueue): void {
    const ready = queue.takeReady();
    if (queue.entries.length > 0) this.#send(queue);
    else if (queue.isIdle) this.#noteIdle();
    for (const envelope of ready) this.#deliver(envelope);
  }

  #noteIdle(): void {
    if (++this.#idle > IDLE_QUEUES_MAX) this.#dropIdle();
  }

  #dropIdle(): void {
    for (const [to, queue] of this.#queues) if (queue.isIdle) this.#queues.delete(to);
    this.#idle = 0;
  }

  #send(queue: ReceiverQueue): void {
    if (this.#isPaused) return;
    if (queue.sent === 0) queue.dueAt = this.#clock.now() + queue.resendMs;
    while (queue.sent < OUTBOX_WINDOW && queue.sent < queue.entries.length) {
      const entry = queue.entries[queue.sent] as OutboxEntry;
      const previous = queue.sent === 0 ? 0 : (queue.entries[queue.sent - 1] as OutboxEntry).number;
      // Counted before it goes: what it causes may come back here.
      queue.sent++;
      this.#deliverEntry(entry, previous, queue);
    }
    if (queue.entries.length > 0) this.#timer ??= this.#clock.setTimer(RESEND_MS / 2, () => this.#look());
  }

  #deliverEntry(entry: OutboxEntry, previous: number, queue: ReceiverQueue): void {
    const envelope = entry.envelope(previous, queue.floor);
    if (entry.isSuspect && envelope.deliveryId) envelope.deliveryId.isSuspect = true;
    this.#deliver(envelope);
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let isAny = false;
    for (const [to, queue] of [...this.#queues]) {
      if (queue.entries.length === 0) continue;
      isAny = true;
      if (queue.dueAt > now || this.#isPaused) continue;
      if (this.#isHeld(to)) {
        // Its mailbox would fill with repeats.
        queue.dueAt = now + queue.resendMs;
        continue;
      }
      queue.resendMs = Math.min(queue.resendMs * 2, RESEND_MS_MAX);
      queue.sent = 0;
      this.#send(queue);
    }
    if (isAny) this.#timer ??= this.#clock.setTimer(RESEND_MS / 2, () => this.#look());
  }
}
