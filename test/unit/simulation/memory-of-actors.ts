/**
 * What each actor ought to remember: its state, which nothing but a new start may reset, what it has put aside, and in
 * which order it has had its mail.
 */
import type { Breaches } from './breaches.ts';
import type { Asks } from './asks.ts';
import { type Ledger, nameOf, type Sent } from './ledger.ts';

/** The state of every actor of the programs. */
export interface Memory {
  /** Messages handled by this incarnation, and a checksum over them and their order. */
  count: number;
  sum: number;
  /** Notes are put aside. */
  isClosed: boolean;
}

interface Shadow {
  count: number;
  sum: number;
  running: string | undefined;
  /** Put aside, in order; and brought back, in order, but not handled yet. */
  stash: number[];
  due: number[];
  mayBeGone: Set<number>;
}

export class MemoryOfActors {
  readonly #breaches: Breaches;
  readonly #ledger: Ledger;
  readonly #asks: Asks;
  readonly #shadows = new Map<string, Shadow>();
  /** The newest message of each sender that an actor has seen. */
  readonly #newest = new Map<string, number>();

  constructor(breaches: Breaches, ledger: Ledger, asks: Asks) {
    this.#breaches = breaches;
    this.#ledger = ledger;
    this.#asks = asks;
  }

  /** A new incarnation knows nothing of the last one's state; what that had put aside comes back to it first. */
  began(id: string, isRestart: boolean): void {
    const shadow = this.#of(id);
    shadow.count = 0;
    shadow.sum = 0;
    shadow.running = undefined;
    this.#bringBack(shadow);
    // The copies of a publish cannot be told apart: those that were put aside may be gone with a process.
    if (isRestart) return;
    for (const m of shadow.due) if (this.#ledger.sent[m]?.kind === 'publish') shadow.mayBeGone.add(m);
  }

  ended(id: string): void {
    this.#of(id).running = undefined;
  }

  opened(id: string): void {
    this.#bringBack(this.#of(id));
  }

  /** A message reaches its handler, which puts it aside or handles it. */
  receives(id: string, state: Memory, m: number, isPutAside: boolean): Sent {
    const shadow = this.#of(id);
    const sent = this.#ledger.sent[m] as Sent;
    if (shadow.running !== undefined)
      this.#breaches.add(1, `${id} began with ${nameOf(sent)} while it was busy with ${shadow.running}`);
    if (!this.#isBack(shadow, sent, id)) this.#inOrder(sent, id);
    if (state.count !== shadow.count || state.sum !== shadow.sum) {
      const text = `${id} has handled ${shadow.count} messages (${shadow.sum}); its state says ${state.count} (${state.sum})`;
      this.#breaches.add('state', text);
      Object.assign(shadow, { count: state.count, sum: state.sum });
    }
    if (isPutAside) {
      shadow.stash.push(m);
      this.#asks.touched.add(m);
      return sent;
    }
    state.sum = shadow.sum = (Math.imul(shadow.sum, 31) + m + 1) | 0;
    state.count = ++shadow.count;
    return this.#ledger.handle(m, id);
  }

  enter(id: string, what: string): void {
    this.#of(id).running = what;
  }

  leave(id: string): void {
    this.#of(id).running = undefined;
  }

  /** True for one that was put aside: it is the next of those, or breaks the order. */
  #isBack(shadow: Shadow, sent: Sent, id: string): boolean {
    const { due } = shadow;
    if (due.length === 0) return false;
    const at = due.indexOf(sent.m);
    const passed = (at < 0 ? due : due.slice(0, at)).map((m) => this.#ledger.sent[m] as Sent);
    // An ask that was given up meanwhile is not executed; a dead letter, or what a dead process held, never comes.
    const isOwed = (one: Sent): boolean =>
      one.kind !== 'ask' &&
      !shadow.mayBeGone.has(one.m) &&
      !this.#ledger.isDead(one, id) &&
      this.#ledger.stillAt(one) !== undefined;
    const overtaken = passed.find(isOwed);
    if (overtaken)
      this.#breaches.add(2, `${id} got ${nameOf(sent)} before ${nameOf(overtaken)}, which it had put aside earlier`);
    if (at >= 0) due.splice(0, at + 1);
    else shadow.due = [];
    return at >= 0;
  }

  #inOrder(sent: Sent, id: string): void {
    const name = `${sent.from}>${id}`;
    const newest = this.#newest.get(name) ?? -1;
    if (sent.m <= newest)
      this.#breaches.add(2, `out of order: ${id} got ${nameOf(sent)} after #${newest} of the same sender`);
    this.#newest.set(name, Math.max(sent.m, newest));
  }

  #bringBack(shadow: Shadow): void {
    shadow.due = [...shadow.stash, ...shadow.due];
    shadow.stash = [];
  }

  #of(id: string): Shadow {
    let shadow = this.#shadows.get(id);
    if (!shadow) {
      shadow = { count: 0, sum: 0, running: undefined, stash: [], due: [], mayBeGone: new Set() };
      this.#shadows.set(id, shadow);
    }
    return shadow;
  }
}
