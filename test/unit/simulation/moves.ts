/** The hand-offs of a run, seen in the master's control messages: which stand, and whether one took too long. */
import type { SimulationEvent } from '../../../src/testkit/simulation/observation.ts';
import type { MoveOrder } from '../../../src/wire/control.ts';
import type { Breaches } from './breaches.ts';
import type { Faults } from './faults.ts';

/** Milliseconds that a hand-off may take where nothing stands still: turns, links and control messages of a program are far shorter. */
const HANDOFF_CALM_MS = 1_000;

interface Move {
  readonly order: MoveOrder;
  readonly since: number;
}

export class Moves {
  readonly #breaches: Breaches;
  readonly #faults: Faults;
  readonly #standing = new Map<number, Move>();
  readonly #settledTo = new Map<string, MoveOrder[]>();
  begun = 0;
  settled = 0;

  constructor(breaches: Breaches, faults: Faults) {
    this.#breaches = breaches;
    this.#faults = faults;
  }

  /** Moves to a process that were settled while it lived: what moved may be there without having done anything yet. */
  settledTo(address: string): readonly MoveOrder[] {
    return this.#settledTo.get(address) ?? [];
  }

  order(move: number): MoveOrder | undefined {
    return this.#standing.get(move)?.order;
  }

  note(event: SimulationEvent): void {
    if (event.kind !== 'control' || event.step !== 'sent' || event.from !== 'master') return;
    const { message, at } = event;
    if (message.type === 'hold') this.#begin(message.move, at);
    else if (message.type === 'unhold') this.#end(message.move, at, 'stayed');
    else if (message.type === 'table') {
      const { settles, stays = [] } = message.change;
      for (const move of settles) this.#end(move, at, stays.includes(move) ? 'stayed' : 'settled');
    }
  }

  #begin(order: MoveOrder, at: number): void {
    if (this.#standing.has(order.id)) return;
    this.#standing.set(order.id, { order, since: at });
    this.begun++;
  }

  #end(id: number, at: number, how: string): void {
    const move = this.#standing.get(id);
    if (!move) return;
    this.#standing.delete(id);
    if (how === 'settled') {
      this.settled++;
      const { index, incarnation } = move.order.to;
      const to = `~${index}.${incarnation}`;
      this.#settledTo.set(to, [...this.settledTo(to), move.order]);
    }
    const calmMs = at - Math.max(move.since, this.#faults.lastTrouble(at));
    // What a broken link has lost of a hand-off is not sent again: its deadline ends it.
    if (calmMs > HANDOFF_CALM_MS && !this.#faults.anyBroken(move.since, at)) {
      const { purpose, units } = move.order;
      const text = `move ${id} (${purpose} ${units.slice(0, 3)}) ${how} after ${calmMs.toFixed(0)} ms in which nothing stood still, broke or died`;
      this.#breaches.add('liveness', text);
    }
  }
}
