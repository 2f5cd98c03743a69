/**
 * A message to itself at a time, once or again and again. It is data, so that it can move with its actor. Until its turn
 * begins the message belongs to its timer: it can be taken back, and a timer that beats has one of them in the mailbox.
 *
 *   waiting ─► due ─► mailed ─► its turn: over, or waiting for the next beat
 */
import { insideTurn } from './turn-names.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { Envelope, type Message, DeliveryId } from '../vocabulary/envelope.ts';
import type { Cell } from './cell.ts';

/** Of one actor at a time; one more is refused. */
export const TIMERS_MAX = 100_000;
/** Milliseconds between two beats, at least: what the clock of Node.js can tell apart. */
export const BEAT_MS_MIN = 1;

/** In the delivery id of a timer's message, by which its timer is known again, also after a move. */
const TIMER = 'timer:';

export interface TimerRecord {
  /** On `Clock.now()`, which the processes of one machine share. */
  readonly dueAt: number;
  /** Undefined: once. */
  readonly everyMs: number | undefined;
  readonly message: Message;
  /** The name of its message in the mailbox; undefined: none waits there. */
  readonly mailedAs: string | undefined;
  /** The context of the trace in which it was set. */
  readonly trace?: string | undefined;
}

/** Those whose message waits in the mailbox, by what it is known by. Few actors have any: they cost the others no field. */
const mailed = new WeakMap<Cell, Map<string, MessageTimer>>();
/** Those that were due as they were started. */
const late = new WeakMap<Cell, Set<MessageTimer>>();

export class MessageTimer implements Timer {
  readonly #cell: Cell;
  readonly #everyMs: number | undefined;
  readonly #message: Message;
  #dueAt: number;
  #mailedAs: string | undefined;
  readonly #trace: string | undefined;
  #timer: Timer | undefined;
  #isRunning = false;
  #isCancelled = false;

  /** A durable actor's runs once the turn that sets it is committed; its time counts from the call. */
  static set(cell: Cell, dueAt: number, everyMs: number | undefined, message: Message): MessageTimer {
    const { durable } = cell;
    const trace = cell.kernel.spans?.kept(cell, everyMs !== undefined);
    const record = { dueAt, everyMs, message, mailedAs: undefined, ...(trace !== undefined && { trace }) };
    const timer = new MessageTimer(cell, record, durable === undefined);
    durable?.deferUntilCommit({ go: () => timer.resume(), takeBack: () => timer.cancel() });
    return timer;
  }

  constructor(cell: Cell, { dueAt, everyMs, message, mailedAs, trace }: TimerRecord, isRunning = true) {
    this.#cell = cell;
    this.#dueAt = dueAt;
    this.#everyMs = everyMs;
    this.#message = message;
    this.#mailedAs = mailedAs;
    this.#trace = trace;
    const own = cell.own;
    own.timers ??= new Set();
    own.timers.add(this);
    if (mailedAs !== undefined) noteMailed(cell, mailedAs, this);
    if (isRunning) this.resume();
  }

  get record(): TimerRecord {
    const trace = this.#trace;
    const traced = trace !== undefined && { trace };
    return { dueAt: this.#dueAt, everyMs: this.#everyMs, message: this.#message, mailedAs: this.#mailedAs, ...traced };
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  cancel(): void {
    this.#isCancelled = true;
    this.pause();
    this.#cell.extras.timers?.delete(this);
    if (this.#mailedAs !== undefined) mailed.get(this.#cell)?.delete(this.#mailedAs);
  }

  /** While its actor waits to be moved. */
  pause(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
  }

  resume(): void {
    const isOver = this.#mailedAs !== undefined && this.#everyMs === undefined;
    if (this.#isCancelled || this.#isRunning || isOver) return;
    this.#isRunning = true;
    const { clock } = this.#cell.kernel;
    const waitMs = this.#dueAt - clock.now();
    if (waitMs > 0) this.#timer = clock.setTimer(waitMs, () => this.fire());
    else runLate(this.#cell, this);
  }

  /** Does nothing where it was paused meanwhile. */
  fire(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    const cell = this.#cell;
    if (this.#everyMs !== undefined) {
      this.#dueAt = nextBeat(this.#dueAt, this.#everyMs, cell.kernel.clock.now());
      this.resume();
      // Its handler is slower than it beats: this one is missed.
      if (this.#mailedAs !== undefined) return;
    }
    this.#mail();
  }

  taken(): void {
    this.#mailedAs = undefined;
    if (this.#everyMs === undefined) this.#cell.extras.timers?.delete(this);
  }

  /** Into its own mailbox, past others that it may have filled, and by no turn that runs meanwhile: it is no part of it. */
  #mail(): void {
    const cell = this.#cell;
    const envelope = new Envelope('message', cell.id, this.#message, cell.id, undefined, 0);
    envelope.trace = this.#trace;
    if (cell.kernel.limits.checkMessages && !cell.isPlain(envelope)) {
      if (this.#everyMs === undefined) cell.extras.timers?.delete(this);
      return;
    }
    // Once only, in all processes.
    this.#mailedAs = `${TIMER}${cell.kernel.newFence()}-${cell.kernel.worker}`;
    noteMailed(cell, this.#mailedAs, this);
    envelope.deliveryId = new DeliveryId('', 0, 0, 0, this.#mailedAs);
    cell.deliverOwn(envelope);
  }
}

function noteMailed(cell: Cell, name: string, timer: MessageTimer): void {
  let names = mailed.get(cell);
  if (!names) mailed.set(cell, (names = new Map()));
  names.set(name, timer);
}

/** A message comes to its turn. False: it is that of a timer which was cancelled meanwhile. */
export function takeTimed(cell: Cell, envelope: Envelope): boolean {
  const name = insideTurn(envelope.deliveryId);
  if (name === undefined || !name.startsWith(TIMER)) return true;
  // From here on it is mail like any other, which may be put aside.
  envelope.deliveryId = undefined;
  const names = mailed.get(cell);
  const timer = names?.get(name);
  if (!timer) return false;
  names?.delete(name);
  timer.taken();
  return true;
}

/** The incarnation ends, and its timers with it. Messages of timers that wait in the mailbox are mail, and stay. */
export function letMailStay(cell: Cell): void {
  if (!mailed.get(cell)?.size) return;
  mailed.delete(cell);
  for (const envelope of cell.mailbox.mail())
    if (envelope.deliveryId?.turn?.startsWith(TIMER)) envelope.deliveryId = undefined;
}

/** Timers that are due as they are started, after a commit or a move that took its time: in the order of their times. */
function runLate(cell: Cell, timer: MessageTimer): void {
  const before = late.get(cell);
  if (before) return void before.add(timer);
  const timers = new Set([timer]);
  late.set(cell, timers);
  cell.kernel.clock.setTimer(0, () => {
    late.delete(cell);
    for (const one of [...timers].sort((a, b) => a.dueAt - b.dueAt)) one.fire();
  });
}

/** Missed beats are skipped, not made up for; the others keep their time. */
function nextBeat(dueAt: number, everyMs: number, now: number): number {
  const next = dueAt + everyMs;
  return next >= now ? next : next + Math.ceil((now - next) / everyMs) * everyMs;
}
