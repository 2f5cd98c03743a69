/**
 * Messages that their sender keeps until the receiver has committed them. To each receiver they go in order, so many at a
 * time; what is not acknowledged in time goes again, from the first on. The receiver knows a repeat by its number.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { QueueMemory } from '../vocabulary/queue-memory.ts';
import { bytesOf, type Heavy, type Weighed } from '../vocabulary/weight.ts';

/** Messages on their way to one receiver that it has not acknowledged. */
export const OUTBOX_WINDOW = 512;
/** Milliseconds without an acknowledgement after which they are sent again; doubled each time, up to the most. */
export const RESEND_MS = 1_000;
export const RESEND_MS_MAX = 30_000;

export interface OutboxEntry {
  readonly number: number;
  /** Undefined: it is light. Its envelopes refer to the same, and take no memory of their own. */
  readonly heavy?: Heavy | undefined;
  /** It is kept beyond the acknowledgement, until it is withdrawn: its reply may come later. */
  readonly isAsk?: boolean;
  /** The actor that told it, where its home may change before the receiver has committed it. */
  readonly sender?: ActorId | undefined;
  /** The process that it was sent to has died, perhaps in its turn. */
  isSuspect?: boolean;
  /** As it is sent now. */
  envelope(previous: number, floor: number): Envelope;
}

interface Way {
  entries: OutboxEntry[];
  /** Asks that are handled, and whose reply has not come. */
  asks: OutboxEntry[];
  /** What goes once all entries up to a number are handled. */
  followers: { after: number; envelope: Envelope }[];
  /** So many of them are on their way. */
  sent: number;
  /** On `Clock.now()`. */
  dueAt: number;
  quiesceMs: number;
}

export class ResendQueue {
  readonly #clock: Clock;
  readonly #post: (envelope: Envelope) => unknown;
  readonly #ways = new Map<ActorId, Way>();
  #timer: Timer | undefined;
  #isPaused = false;
  readonly #memory: QueueMemory;
  /** Of all that is kept, with the asks whose reply has not come. */
  #bytes = 0;
  size = 0;

  constructor(clock: Clock, post: (envelope: Envelope) => unknown, memory: QueueMemory = new QueueMemory()) {
    this.#clock = clock;
    this.#memory = memory;
    this.#post = post;
  }

  receivers(): ActorId[] {
    return [...this.#ways.keys()];
  }

  /** How many wait for a receiver. */
  lengthOf(to: ActorId): number {
    return this.#ways.get(to)?.entries.length ?? 0;
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
    for (const [to, { entries }] of this.#ways) {
      if (senders.has(to)) continue;
      if (entries.some(({ sender }) => sender !== undefined && senders.has(sender))) return true;
    }
    return false;
  }

  /** Numbers grow; one that is here already is not taken twice. */
  add(to: ActorId, entry: OutboxEntry): void {
    let way = this.#ways.get(to);
    if (!way)
      this.#ways.set(to, (way = { entries: [], asks: [], followers: [], sent: 0, dueAt: 0, quiesceMs: RESEND_MS }));
    const last = way.entries.at(-1);
    if (last && last.number >= entry.number) return;
    way.entries.push(entry);
    this.size++;
    this.#hold(entry);
    this.#send(way);
  }

  /** In line with the messages before it, though nobody sends it again: a stop, a barrier. */
  follow(to: ActorId, envelope: Envelope): void {
    const way = this.#ways.get(to);
    const last = way?.entries.at(-1);
    if (way && last) way.followers.push({ after: last.number, envelope });
    else this.#post(envelope);
  }

  /** The receiver has committed all up to a number. Returns those numbers. */
  acknowledged(to: ActorId, number: number): number[] {
    const way = this.#ways.get(to);
    if (!way) return [];
    const count = way.entries.findIndex((entry) => entry.number > number);
    const done = way.entries.splice(0, count < 0 ? way.entries.length : count);
    if (done.length === 0) return [];
    for (const entry of done) {
      if (entry.isAsk) way.asks.push(entry);
      else this.#release(entry);
    }
    this.size -= done.length;
    way.sent = Math.max(0, way.sent - done.length);
    way.quiesceMs = RESEND_MS;
    way.dueAt = this.#clock.now() + way.quiesceMs;
    this.#sendOrDrop(to, way);
    return done.map((entry) => entry.number);
  }

  /** Nobody waits for it any more. Those behind it go again: they had named it as the one before them. */
  withdraw(to: ActorId, number: number): void {
    const way = this.#ways.get(to);
    if (!way) return;
    for (const entry of way.asks) if (entry.number === number) this.#release(entry);
    way.asks = way.asks.filter((entry) => entry.number !== number);
    const at = way.entries.findIndex((entry) => entry.number === number);
    if (at >= 0) {
      for (const entry of way.entries.splice(at, 1)) this.#release(entry);
      this.size--;
      if (at < way.sent) way.sent = at;
    }
    this.#sendOrDrop(to, way);
  }

  /** What was on its way there may be lost; `hasDied`: with the process that it was sent to. */
  resend(to: ActorId, hasDied = false): void {
    const way = this.#ways.get(to);
    if (!way) return;
    if (hasDied) {
      for (const ask of way.asks) ask.isSuspect = true;
      for (const entry of way.entries.slice(0, way.sent)) entry.isSuspect = true;
    }
    way.sent = 0;
    for (const ask of way.asks) this.#postEntry(ask, 0, way);
    this.#send(way);
  }

  clear(): void {
    for (const { entries, asks } of this.#ways.values()) {
      for (const entry of entries) this.#release(entry);
      for (const entry of asks) this.#release(entry);
    }
    this.#ways.clear();
    this.size = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** While its actor stands still. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) for (const way of this.#ways.values()) this.#send(way);
  }

  #hold({ heavy }: OutboxEntry): void {
    this.#bytes += bytesOf({ heavy });
    this.#memory.hold({ heavy });
  }

  #release({ heavy }: OutboxEntry): void {
    this.#bytes -= bytesOf({ heavy });
    this.#memory.release({ heavy });
  }

  #sendOrDrop(to: ActorId, way: Way): void {
    const first = way.entries[0]?.number ?? Number.POSITIVE_INFINITY;
    const ready = way.followers.filter(({ after }) => after < first);
    way.followers = way.followers.filter(({ after }) => after >= first);
    if (way.entries.length > 0) this.#send(way);
    else if (way.asks.length === 0) this.#ways.delete(to);
    for (const { envelope } of ready) this.#post(envelope);
  }

  #send(way: Way): void {
    if (this.#isPaused) return;
    if (way.sent === 0) way.dueAt = this.#clock.now() + way.quiesceMs;
    while (way.sent < OUTBOX_WINDOW && way.sent < way.entries.length) {
      const entry = way.entries[way.sent] as OutboxEntry;
      const previous = way.sent === 0 ? 0 : (way.entries[way.sent - 1] as OutboxEntry).number;
      // Counted before it goes: what it causes may come back here.
      way.sent++;
      this.#postEntry(entry, previous, way);
    }
    if (way.entries.length > 0) this.#timer ??= this.#clock.setTimer(RESEND_MS / 2, () => this.#look());
  }

  #postEntry(entry: OutboxEntry, previous: number, way: Way): void {
    const envelope = entry.envelope(previous, floorOf(way));
    if (entry.isSuspect && envelope.deliveryId) envelope.deliveryId.isSuspect = true;
    this.#post(envelope);
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    let isAny = false;
    for (const way of [...this.#ways.values()]) {
      if (way.entries.length === 0) continue;
      isAny = true;
      if (way.dueAt > now || this.#isPaused) continue;
      way.quiesceMs = Math.min(way.quiesceMs * 2, RESEND_MS_MAX);
      way.sent = 0;
      this.#send(way);
    }
    if (isAny) this.#timer ??= this.#clock.setTimer(RESEND_MS / 2, () => this.#look());
  }
}

/** The lowest number that is kept. */
function floorOf({ entries, asks }: Way): number {
  const lowest = Math.min(entries[0]?.number ?? Number.POSITIVE_INFINITY, asks[0]?.number ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(lowest) ? lowest : 0;
}
