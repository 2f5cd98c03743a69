/** A message to itself at a time, once or again and again. It is data, so that it can move with its actor. */
import type { Timer } from '../vocabulary/clock.ts';
import { Envelope, type Message } from '../vocabulary/envelope.ts';
import type { Cell } from './cell.ts';

export interface TimerRecord {
  /** On `Clock.now()`, which the processes of one machine share. */
  readonly dueAt: number;
  /** Undefined: once. */
  readonly everyMs: number | undefined;
  readonly message: Message;
}

export class MessageTimer implements Timer {
  readonly #cell: Cell;
  readonly #everyMs: number | undefined;
  readonly #message: Message;
  #dueAt: number;
  #timer: Timer | undefined;
  #isCancelled = false;

  /** A durable actor's runs once the turn that sets it is committed; its time counts from the call. */
  static set(cell: Cell, record: TimerRecord): MessageTimer {
    const { durable } = cell;
    const timer = new MessageTimer(cell, record, durable === undefined);
    durable?.keepBack({ go: () => timer.resume(), takeBack: () => timer.cancel() });
    return timer;
  }

  constructor(cell: Cell, { dueAt, everyMs, message }: TimerRecord, isRunning = true) {
    this.#cell = cell;
    this.#dueAt = dueAt;
    this.#everyMs = everyMs;
    this.#message = message;
    const own = cell.own;
    own.timers ??= new Set();
    own.timers.add(this);
    if (isRunning) this.resume();
  }

  get record(): TimerRecord {
    return { dueAt: this.#dueAt, everyMs: this.#everyMs, message: this.#message };
  }

  cancel(): void {
    this.#isCancelled = true;
    this.pause();
    this.#cell.extras.timers?.delete(this);
  }

  /** While its actor waits to be moved. */
  pause(): void {
    this.#timer?.cancel();
  }

  resume(): void {
    if (this.#isCancelled) return;
    const { clock } = this.#cell.kernel;
    this.#timer = clock.setTimer(this.#dueAt - clock.now(), () => this.#fire());
  }

  #fire(): void {
    const cell = this.#cell;
    if (this.#everyMs === undefined) {
      cell.extras.timers?.delete(this);
    } else {
      this.#dueAt = nextBeat(this.#dueAt, this.#everyMs, cell.kernel.clock.now());
      this.resume();
    }
    if (cell.durable === undefined) return void cell.tell(cell.id, this.#message);
    // Not by a turn that runs meanwhile: it is no part of it.
    cell.deliver(new Envelope('message', cell.id, this.#message, cell.id, undefined, 0));
  }
}

/** Missed beats are skipped, not made up for; the others keep their time. */
function nextBeat(dueAt: number, everyMs: number, now: number): number {
  const next = dueAt + everyMs;
  if (next >= now) return next;
  return everyMs === 0 ? now : next + Math.ceil((now - next) / everyMs) * everyMs;
}
