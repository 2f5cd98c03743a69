/**
 * The rest of a removed actor in memory. Its outbox goes on without a record: its messages are resent until they are
 * acknowledged, the process dies, or a minute has passed.
 */
import type { Cell } from '../actor/cell.ts';
import type { Log } from '../observe/log.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { ResendQueue } from '../resending/resend-queue.ts';
import { firingOf, type ReminderClock } from './reminder-clock.ts';
import type { TurnBatch } from '../commit/turn-batch.ts';

/** Milliseconds for which what a removed actor had told is sent again. */
export const DEPARTED_SEND_MS = 60_000;

export type RemovedBy = 'itself' | 'others';

/** Why nothing is to be left of it. */
export function removedBy({ extras }: Cell, isGone: boolean): RemovedBy | undefined {
  if (extras.removal) return 'others';
  return isGone ? 'itself' : undefined;
}

/** The stash goes with the actor, and so do the messages of its own reminders. The end of the turn is all that is left of it. */
export function goAlong(cell: Cell, reminders: ReminderClock, batch: TurnBatch): void {
  reminders.close();
  const { id, kernel, mailbox } = cell;
  batch.isNeeded = true;
  cell.endWithTurn('removed');
  while (mailbox.removeFirst((envelope) => firingOf(envelope) !== undefined));
  const aside = mailbox.takeAside();
  if (aside.length > 0) batch.after(() => refuseAside(aside, id, kernel));
}

/** Their senders know them as handled already. */
function refuseAside(aside: readonly Envelope[], id: ActorId, { deadLetters }: Cell['kernel']): void {
  for (const { message, sender, replyTo } of aside) {
    const text = `${id} was removed before it brought back what it had put aside`;
    replyTo?.reject(new TroupeError('ACTOR_STOPPED', text, { fate: 'not-executed' }));
    if (!replyTo) deadLetters.add(id, message, sender, 'ACTOR_STOPPED');
  }
}

/** The outboxes of actors that are removed. */
export class Departed {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #outboxes = new Map<ActorId, Set<ResendQueue>>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get isBusy(): boolean {
    for (const outboxes of this.#outboxes.values()) for (const { size } of outboxes) if (size > 0) return true;
    return false;
  }

  add(id: ActorId, resendQueue: ResendQueue): void {
    const outboxes = this.#outboxes.get(id) ?? new Set();
    this.#outboxes.set(id, outboxes.add(resendQueue));
    this.#clock.setTimer(DEPARTED_SEND_MS, () => {
      const text = `what a removed actor had told is sent again for ${DEPARTED_SEND_MS} ms; it is given up`;
      if (resendQueue.size > 0) this.#log.error({ actor: id, messages: resendQueue.size }, text);
      resendQueue.clear();
      outboxes.delete(resendQueue);
      if (outboxes.size === 0 && this.#outboxes.get(id) === outboxes) this.#outboxes.delete(id);
    });
  }

  acknowledged(id: ActorId, { by, stream, number }: Signal & { type: 'acknowledged' }): void {
    if (this.#outboxes.size === 0 || stream !== id) return;
    for (const resendQueue of this.#outboxes.get(id) ?? []) resendQueue.acknowledged(by, number);
  }

  close(): void {
    for (const outboxes of this.#outboxes.values()) for (const resendQueue of outboxes) resendQueue.clear();
    this.#outboxes.clear();
  }
}
