/**
 * The pauses of a process, as the table says them: which cells begin no turn, and which may begin so many in a second. A cell that would
 * begin one waits at a gate, in order of arrival, with its mail in its own mailbox; its gate lets it go when the pause ends.
 *
 *   a message comes ─► the cell would run ─► is it paused? no ─► it runs
 *                                               └─ yes ─► it waits at the gate ─► resumed ─► it runs
 *
 * A start is held like a turn: the cell is there and takes mail, and neither `state` nor `onStart` has run. An ask that waits is told
 * a moment before its deadline that it was not executed: only this process can know it.
 */
import { DeadlineEntry, DeadlineWheel } from '../structures/deadline-wheel.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import type { Envelope } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { matcherOf, type Pause } from '../vocabulary/pause.ts';

/** Milliseconds in which those whose pause has ended are let go, before sockets and timers have theirs. */
export const RESUME_SLICE_MS = 4;
/** Milliseconds before its deadline that its asker is told of an ask; a quarter of its time where that is shorter. From then on it is not executed. */
export const ANSWER_AHEAD_MS = 250;
/** Milliseconds between two looks of a gate through which fewer have gone than might. */
const LOOK_MS = 100;
/** Messages that a gate asks for at once. */
const WANTED_MAX = 1_000;

/** The part of a cell that a gate knows. */
export interface Gated {
  readonly id: ActorId;
  readonly mailbox: { readonly length: number; mail(): Iterable<Envelope> };
  /** Its pause may have ended: it begins its start or its turn, or comes back to a gate. */
  goOn(): void;
}

/** Asks the system for so many messages of a pattern; resolves to how many may go, once they may. */
export type LetThrough = (pattern: string, wanted: number) => Promise<number>;

class Gate {
  pause: Pause;
  readonly matches: (id: ActorId) => boolean;
  readonly waiting = new Set<Gated>();
  /** Messages that may still go. */
  tokens = 0;
  isAsking = false;
  /** Some may go and have not: it is looked again. */
  look: Timer | undefined;

  constructor(pause: Pause) {
    this.pause = pause;
    this.matches = matcherOf(pause.pattern);
  }
}

class WaitingAsk extends DeadlineEntry {
  readonly #clock: Clock;
  readonly #cell: Gated;
  readonly #envelope: Envelope;

  constructor(clock: Clock, cell: Gated, envelope: Envelope) {
    super();
    this.#clock = clock;
    this.#cell = cell;
    this.#envelope = envelope;
  }

  expire(): void {
    const envelope = this.#envelope;
    const text = `${this.#cell.id} is paused, and was until the deadline of the ask`;
    envelope.replyTo?.reject(new TroupeError('ASK_TIMEOUT', text, { fate: 'not-executed' }));
    // Wherever it goes from here, it is late: what was said of its fate stays true.
    envelope.deadline = Math.min(envelope.deadline, this.#clock.now());
  }
}

export class Pauses {
  readonly #clock: Clock;
  readonly #wheel: DeadlineWheel<WaitingAsk>;
  #gates: Gate[] = [];
  readonly #asks = new Map<Gated, WaitingAsk[]>();
  readonly #held = new Map<Gated, Gate>();
  letThrough: LetThrough | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#wheel = new DeadlineWheel(clock);
  }

  /** All that hold now, in place of those before. */
  set(pauses: readonly Pause[]): void {
    const before = new Map(this.#gates.map((gate) => [gate.pause.pattern, gate]));
    const changed: Gate[] = [];
    this.#gates = pauses.map((pause) => {
      const known = before.get(pause.pattern);
      before.delete(pause.pattern);
      if (known === undefined) return new Gate(pause);
      if (known.pause.perSecond !== pause.perSecond) {
        known.tokens = 0;
        changed.push(known);
      }
      known.pause = pause;
      return known;
    });
    for (const gate of before.values()) void this.#resumeAll(gate);
    for (const gate of changed) if (gate.pause.perSecond !== undefined) this.#ask(gate);
  }

  /** The pause of an actor; a rate counts only where nothing pauses it altogether. */
  of(id: ActorId): Pause | undefined {
    return this.#gateOf(id)?.pause;
  }

  /** Whether it begins no turn at all. */
  isPaused(id: ActorId): boolean {
    const pause = this.of(id);
    return pause !== undefined && pause.perSecond === undefined;
  }

  /** It would begin a turn. True: it does not, and waits at its gate. */
  holdsBack(cell: Gated): boolean {
    const gate = this.#gateOf(cell.id);
    if (gate === undefined) return false;
    if (gate.pause.perSecond !== undefined && gate.tokens > 0) return false;
    this.#hold(gate, cell);
    return true;
  }

  /** How many of so many turns it may begin now; where none, it waits at its gate. */
  take(cell: Gated, turns: number): number {
    const gate = this.#gateOf(cell.id);
    if (gate === undefined) return turns;
    if (gate.pause.perSecond === undefined || gate.tokens === 0) {
      this.#hold(gate, cell);
      return 0;
    }
    const granted = Math.min(turns, gate.tokens);
    gate.tokens -= granted;
    return granted;
  }

  /** It had no mail for so many of them. */
  giveBack({ id }: Gated, turns: number): void {
    const gate = this.#gateOf(id);
    if (gate?.pause.perSecond !== undefined) gate.tokens += turns;
  }

  /** An ask has come; counted where its actor waits here. */
  asked(cell: Gated, envelope: Envelope): void {
    if (this.#held.has(cell)) this.#await(cell, envelope);
  }

  /** It is no more, or lives elsewhere. */
  forget(cell: Gated): void {
    const gate = this.#held.get(cell);
    if (gate === undefined) return;
    this.#takeAway(gate, cell);
  }

  /** Messages that wait in mailboxes of those who wait here. */
  get mail(): number {
    let count = 0;
    for (const { mailbox } of this.#held.keys()) count += mailbox.length;
    return count;
  }

  isHeld(cell: Gated): boolean {
    return this.#held.has(cell);
  }

  /** The system ends: asks that wait are not executed any more. */
  refuseAsks(text: string): void {
    for (const { mailbox } of this.#held.keys())
      for (const { replyTo } of mailbox.mail())
        replyTo?.reject(new TroupeError('SHUTTING_DOWN', text, { fate: 'not-executed' }));
  }

  /** No timer is left. */
  close(): void {
    this.#wheel.close();
    for (const { look } of this.#gates) look?.cancel();
  }

  #gateOf(id: ActorId): Gate | undefined {
    let limited: Gate | undefined;
    for (const gate of this.#gates) {
      if (!gate.matches(id)) continue;
      if (gate.pause.perSecond === undefined) return gate;
      limited ??= gate;
    }
    return limited;
  }

  #hold(gate: Gate, cell: Gated): void {
    const before = this.#held.get(cell);
    if (before === gate) return;
    if (before !== undefined) this.#takeAway(before, cell);
    this.#held.set(cell, gate);
    gate.waiting.add(cell);
    for (const envelope of cell.mailbox.mail()) if (envelope.replyTo !== undefined) this.#await(cell, envelope);
    if (gate.pause.perSecond !== undefined) this.#ask(gate);
  }

  #takeAway(gate: Gate, cell: Gated): void {
    gate.waiting.delete(cell);
    this.#held.delete(cell);
    for (const ask of this.#asks.get(cell) ?? []) this.#wheel.remove(ask);
    this.#asks.delete(cell);
  }

  /** Asks of this process itself know that they have not begun. */
  #await(cell: Gated, envelope: Envelope): void {
    const { replyTo, deadline } = envelope;
    if (replyTo === undefined || deadline === 0 || replyTo.settled) return;
    if (replyTo.survivesHostLoss !== undefined && replyTo.isPassedOn !== true) return;
    const leftMs = deadline - this.#clock.now();
    const ask = new WaitingAsk(this.#clock, cell, envelope);
    const asks = this.#asks.get(cell);
    if (asks) asks.push(ask);
    else this.#asks.set(cell, [ask]);
    this.#wheel.add(ask, deadline - Math.max(0, Math.min(ANSWER_AHEAD_MS, leftMs / 4)));
  }

  async #resumeAll(gate: Gate): Promise<void> {
    let endsAt = this.#clock.now() + RESUME_SLICE_MS;
    for (const cell of gate.waiting) {
      if (this.#held.get(cell) !== gate) continue;
      this.#goOn(gate, cell);
      if (this.#clock.now() < endsAt) continue;
      await new Promise<void>((resolve) => this.#clock.defer(resolve));
      endsAt = this.#clock.now() + RESUME_SLICE_MS;
    }
  }

  #goOn(gate: Gate, cell: Gated): void {
    this.#takeAway(gate, cell);
    cell.goOn();
  }

  /** As long as somebody waits, one portion after the other is asked for. */
  #ask(gate: Gate): void {
    const { pattern, perSecond } = gate.pause;
    if (gate.isAsking || gate.waiting.size === 0 || this.letThrough === undefined) return;
    if (gate.tokens > 0) return this.#lookLater(gate);
    gate.isAsking = true;
    const got = (count: number): void => {
      gate.isAsking = false;
      if (!this.#isLimited(gate)) return;
      // At another rate meanwhile: that is not what was asked for.
      if (gate.pause.perSecond === perSecond) this.#pass(gate, count);
      this.#ask(gate);
    };
    const failed = (): void => {
      gate.isAsking = false;
      this.#lookLater(gate);
    };
    this.letThrough(pattern, wantedBy(gate)).then(got, failed);
  }

  /** Those who were let go may have had other things to do than turns. */
  #lookLater(gate: Gate): void {
    gate.look ??= this.#clock.setTimer(LOOK_MS, () => {
      gate.look = undefined;
      if (!this.#isLimited(gate)) return;
      this.#pass(gate, 0);
      this.#ask(gate);
    });
  }

  #isLimited(gate: Gate): boolean {
    return gate.pause.perSecond !== undefined && this.#gates.includes(gate);
  }

  #pass(gate: Gate, count: number): void {
    gate.tokens += count;
    let left = gate.tokens;
    for (const cell of [...gate.waiting]) {
      if (left <= 0) break;
      left -= Math.max(1, cell.mailbox.length);
      this.#goOn(gate, cell);
    }
  }
}

function wantedBy({ waiting }: Gate): number {
  let wanted = 0;
  for (const { mailbox } of waiting) {
    wanted += Math.max(1, mailbox.length);
    if (wanted >= WANTED_MAX) return WANTED_MAX;
  }
  return wanted;
}
