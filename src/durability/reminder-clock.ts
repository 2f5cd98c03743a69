/** Fires the reminders of an actor in memory: each becomes a message of its own, and its turn's commit notes that it has fired. */
import { insideTurn } from '../actor/turn-names.ts';
import type { Reminder } from '../actor/durable-side.ts';
import type { Kernel } from '../actor/kernel.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { DeadlineEntry } from '../structures/deadline-wheel.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { Envelope, type Message, DeliveryId } from '../vocabulary/envelope.ts';
import { copyPlain } from '../plain-data/plain-copy.ts';
import { encodeValue } from '../wire/codec.ts';
import { type ReminderRecord, reminderPart } from '../commit/record.ts';
import { type ReminderChanges, Reminders, REMINDERS_MAX } from '../commit/reminders.ts';
import type { TurnBatch } from '../commit/turn-batch.ts';
import type { WallTimers } from './wall-timers.ts';

/** In the delivery id of a reminder's message, which may come after the actor has moved, or come back. */
const FIRING = 'reminder:';

export interface Firing {
  readonly name: string;
  readonly atMs: number;
}

export class ReminderClock extends DeadlineEntry {
  readonly #timers: WallTimers;
  readonly #clock: Clock;
  readonly #id: ActorId;
  readonly #messageBytesMax: number;
  readonly #deliver: (envelope: Envelope) => void;
  /** Due reminders whose message waits for its turn; nothing takes it from the mailbox but that, and the end of the actor. */
  readonly #mailed = new Set<string>();
  #reminders = new Reminders();
  #suspectUntil = 0;
  /** Since they were looked at. */
  #isChanged = false;
  #isClosed = false;

  /** `deliver`: into the actor's own mailbox, where there is always room for it. */
  constructor({ clock, limits }: Kernel, timers: WallTimers, id: ActorId, deliver: (envelope: Envelope) => void) {
    super();
    this.#messageBytesMax = limits.messageBytesMax;
    this.#clock = clock;
    this.#timers = timers;
    this.#id = id;
    this.#deliver = deliver;
  }

  get size(): number {
    return this.#reminders.size;
  }

  entries(): Iterable<[name: string, reminder: ReminderRecord]> {
    return this.#reminders.entries();
  }

  get earliest(): number | undefined {
    return this.#reminders.earliest;
  }

  /** `suspectUntil`: those that were due by then may have ended a process already. */
  reset(reminders: ReadonlyMap<string, ReminderRecord>, suspectUntil: number): void {
    this.#suspectUntil = suspectUntil;
    this.#reminders = new Reminders(reminders);
    this.#mailed.clear();
    this.arm();
  }

  /**
   * The record of a reminder that is asked for now, with a copy of its message, which is written when the turn ends. Throws where
   * that cannot be kept, and where there are too many, the changes of the present turn counted.
   */
  reminderOf(name: string, when: Reminder, message: Message, changes: ReminderChanges, trace?: string): ReminderRecord {
    encodeValue(message, this.#messageBytesMax);
    const own = copyPlain(message) as Message;
    if (!this.#reminders.takeRoom(name, changes)) {
      const text = `${this.#id} has ${REMINDERS_MAX} reminders, which is the limit; one more rejected`;
      throw new TroupeError('OVERLOADED', text);
    }
    const traced = { message: own, ...(trace !== undefined && { trace }) };
    if ('atMs' in when) return { atMs: when.atMs, everyMs: undefined, ...traced };
    return { atMs: this.#clock.wall() + when.everyMs, everyMs: when.everyMs, ...traced };
  }

  willForget(name: string, changes: ReminderChanges): void {
    this.#reminders.giveRoom(name, changes);
  }

  set(name: string, reminder: ReminderRecord, batch: TurnBatch): void {
    this.#reminders.set(name, reminder);
    this.#isChanged = true;
    this.#mailed.delete(name);
    batch.write(reminderPart(name), encodeValue(reminder));
  }

  forget(name: string, batch: TurnBatch): void {
    this.#mailed.delete(name);
    if (!this.#reminders.delete(name)) return;
    this.#isChanged = true;
    batch.erase(reminderPart(name));
  }

  /** False: it was replaced, taken back, or has fired since its message was sent. */
  claim({ name, atMs }: Firing, envelope: Envelope): boolean {
    const reminder = this.#reminders.get(name);
    if (reminder?.atMs !== atMs) return false;
    // Replaced by one of the same time, it has its message.
    envelope.message = reminder.message;
    envelope.trace = reminder.trace;
    return true;
  }

  /** `pauseMs`: until a next beat, at least. */
  fired({ name, atMs }: Firing, batch: TurnBatch, pauseMs: number): void {
    if (this.#reminders.get(name)?.atMs !== atMs) return;
    this.#mailed.delete(name);
    this.#isChanged = true;
    const next = this.#reminders.fired(name, this.#clock.wall() + pauseMs);
    if (next) batch.write(reminderPart(name), encodeValue(next));
    else batch.erase(reminderPart(name));
  }

  /** Most commits change no reminder. */
  committed(): void {
    if (this.#isChanged) this.arm();
  }

  arm(): void {
    this.#timers.cancel(this);
    this.#isChanged = false;
    if (this.#isClosed || this.#reminders.size === 0) return;
    const now = this.#clock.wall();
    for (const [name, reminder] of this.#reminders.due(now)) this.#mail(name, reminder);
    const next = this.#reminders.nextAfter(now);
    if (next !== undefined) this.#timers.set(this, next);
  }

  /** The time of the next one has come. */
  expire(): void {
    this.arm();
  }

  close(): void {
    this.#isClosed = true;
    this.#timers.cancel(this);
  }

  #mail(name: string, { atMs, message, trace }: ReminderRecord): void {
    if (this.#mailed.has(name)) return;
    const envelope = new Envelope('message', this.#id, message, this.#id, undefined, 0);
    envelope.trace = trace;
    envelope.deliveryId = new DeliveryId('', 0, 0, 0, `${FIRING}${atMs}:${name}`, atMs <= this.#suspectUntil);
    this.#mailed.add(name);
    this.#deliver(envelope);
  }
}

/** The firing that a message stands for. */
export function firingOf({ deliveryId }: Envelope): Firing | undefined {
  const turn = insideTurn(deliveryId);
  if (!turn?.startsWith(FIRING)) return undefined;
  const text = turn.slice(FIRING.length);
  const colon = text.indexOf(':');
  return { atMs: Number(text.slice(0, colon)), name: text.slice(colon + 1) };
}
