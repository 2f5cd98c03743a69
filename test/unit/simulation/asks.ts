/** Promise 5: every ask settles, once, in time, and what it says of its fate is true. */
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import type { Breaches } from './breaches.ts';
import type { Faults } from './faults.ts';
import { type Ledger, nameOf, type Sent } from './ledger.ts';
import type { Moves } from './moves.ts';

interface Ask {
  readonly sent: Sent;
  readonly dueAt: number;
  outcome: string | undefined;
  fate: string | undefined;
  settledAt: number;
}

/** Milliseconds that an ask may settle late: one scheduling delay. */
const LATE_MS = 5;
/** Milliseconds from the death of the last process that held an ask to its failure, where nothing stands still. */
const UNAVAILABLE_MS = 150;

/** What an ask of these programs may end with, beside a reply. */
const OUTCOMES = new Set([
  ...[
    'ASK_TIMEOUT',
    'ACTOR_UNAVAILABLE',
    'ACTOR_STOPPED',
    'ACTOR_FAILED',
    'HANDLER_FAILED',
    'ASK_CYCLE',
    'REFUSED',
    'ASK_ABORTED',
    'SHUTTING_DOWN',
  ],
]);

export class Asks {
  readonly #asks: Ask[] = [];
  readonly #breaches: Breaches;
  readonly #faults: Faults;
  readonly #ledger: Ledger;
  readonly #moves: Moves;
  /** Messages whose handler put them aside: it ran, though it has not handled them. */
  readonly touched = new Set<number>();

  constructor(breaches: Breaches, faults: Faults, ledger: Ledger, moves: Moves) {
    this.#moves = moves;
    this.#breaches = breaches;
    this.#faults = faults;
    this.#ledger = ledger;
  }

  get size(): number {
    return this.#asks.length;
  }

  /** How many ended with what. */
  outcomes(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { outcome = 'none' } of this.#asks) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  }

  async endedMoves(sent: Sent, dueAt: number, promise: Promise<unknown>): Promise<string> {
    const ask: Ask = { sent, dueAt, outcome: undefined, fate: undefined, settledAt: Number.NaN };
    this.#asks.push(ask);
    try {
      await promise;
      this.#settled(ask, 'reply', undefined);
    } catch (error) {
      const { code, fate } = error as TroupeError;
      this.#settled(ask, code ?? String(error), fate);
    }
    return ask.outcome as string;
  }

  /** A `not-executed` must stay true to the end, so all is looked at when all is over. */
  check(): void {
    for (const ask of this.#asks) {
      // An asker whose process is gone hears nothing.
      if (ask.outcome === undefined) {
        if (this.#faults.isAlive(ask.sent.origin)) this.#breaches.add(5, `an ask never settled: ${nameOf(ask.sent)}`);
      } else {
        this.#checkTime(ask);
        this.#checkFate(ask, ask.outcome);
      }
    }
  }

  #settled(ask: Ask, outcome: string, fate: string | undefined): void {
    if (ask.outcome !== undefined) this.#breaches.add(5, `an ask settled twice: ${nameOf(ask.sent)}`);
    ask.outcome = outcome;
    ask.fate = fate;
    ask.settledAt = this.#breaches.now;
  }

  #checkTime({ sent, dueAt, outcome, settledAt }: Ask): void {
    const standstillMs = this.#faults.standstillMs(sent.origin, sent.at, settledAt);
    if (settledAt > dueAt + LATE_MS + standstillMs)
      this.#breaches.add(5, `an ask settled ${(settledAt - dueAt).toFixed(1)} ms late (${outcome}): ${nameOf(sent)}`);
    if (outcome === 'ASK_TIMEOUT' && settledAt < dueAt - 0.001)
      this.#breaches.add(5, `an ask timed out ${(dueAt - settledAt).toFixed(1)} ms too early: ${nameOf(sent)}`);
  }

  #checkFate({ sent, outcome, fate, dueAt, settledAt }: Ask, ended: string): void {
    const isHandled = this.#ledger.isHandled(sent);
    const name = nameOf(sent);
    if (ended === 'reply') {
      if (!isHandled) this.#breaches.add(5, `a reply without a handler: ${name}`);
      return;
    }
    const isRefused = ended === 'NO_WORKER' && (sent.to.startsWith('guest/') || sent.to.startsWith('job/'));
    if (!OUTCOMES.has(ended) && !isRefused) this.#breaches.add(5, `an ask ended with ${outcome}: ${name}`);
    if (fate === 'not-executed' && isHandled)
      this.#breaches.add(5, `said not-executed (${outcome}), but was handled: ${name}`);
    if (fate === 'executed' && !isHandled && !this.touched.has(sent.m))
      this.#breaches.add(5, `said executed (${outcome}), but was not handled: ${name}`);
    if (
      fate === 'unknown' &&
      sent.frames.length === 0 &&
      !this.#moves.wasLeaving(sent.origin, sent.to, sent.at, settledAt)
    )
      this.#breaches.add(5, `said unknown (${outcome}), but never left its process: ${name}`);
    if (ended === 'ACTOR_UNAVAILABLE') this.#checkUnavailable(sent, name);
    if (ended === 'ASK_TIMEOUT' && !isHandled) this.#checkNotForgotten(sent, name, dueAt, settledAt);
  }

  /** It says that a process or a link is gone: one must be. */
  #checkUnavailable({ to: target, at, frames }: Sent, name: string): void {
    // One that moved with its actor is answered by the new host, on a link of its own; whether it moved the asker cannot know.
    const asker = frames[0]?.from;
    const isTrue = frames.some(
      ({ from, to }) =>
        !this.#faults.isAlive(to) ||
        !this.#faults.isAlive(from) ||
        this.#faults.wasBroken(from, to) ||
        (asker !== undefined && asker !== to && this.#faults.wasBroken(asker, to)),
    );
    const mayHaveMoved = this.#moves
      .newHomesOf(target)
      .some((home) => asker !== undefined && asker !== home && this.#faults.mayBeUnlinked(asker, home, at));
    if (!isTrue && !mayHaveMoved) this.#breaches.add(5, `ACTOR_UNAVAILABLE although its host lived: ${name}`);
  }

  /** Where its host died long before the deadline, the asker is told then. */
  #checkNotForgotten(sent: Sent, name: string, dueAt: number, settledAt: number): void {
    const diedAt = this.#faults.takenAt(sent);
    if (diedAt === undefined || dueAt - diedAt < UNAVAILABLE_MS) return;
    if (!this.#faults.isCalm(diedAt + UNAVAILABLE_MS, settledAt)) return;
    this.#breaches.add(5, `an ask timed out ${(dueAt - diedAt).toFixed(0)} ms after its host had died: ${name}`);
  }
}
