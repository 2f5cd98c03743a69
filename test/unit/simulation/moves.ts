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
  begun = 0;
  settled = 0;

  constructor(breaches: Breaches, faults: Faults) {
    this.#breaches = breaches;
    this.#faults = faults;
  }

  /** Some hand-off was begun in this run. */
  get any(): boolean {
    return this.begun > 0;
  }

  order(move: number): MoveOrder | undefined {
    return this.#standing.get(move)?.order;
  }

  /** A hand-off from or to a process stands. */
  standingWith(address: string): boolean {
    const is = ({ index, incarnation }: { index: number; incarnation: number }): boolean =>
      `~${index}.${incarnation}` === address;
    return [...this.#standing.values()].some(({ order }) => is(order.from) || is(order.to));
  }

  note(event: SimulationEvent): void {
    if (event.kind !== 'control' || event.step !== 'sent' || event.from !== 'master') return;
    const { message, at } = event;
    if (message.type === 'hold') this.#begin(message.move, at);
    else if (message.type === 'unhold') this.#end(message.move, at, 'stayed');
    else if (message.type === 'table') for (const move of message.change.settles) this.#end(move, at, 'settled');
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
    if (how === 'settled') this.settled++;
    if (at - move.since > HANDOFF_CALM_MS && this.#faults.isCalm(move.since, at)) {
      const { purpose, units } = move.order;
      const text = `move ${id} (${purpose} ${units.slice(0, 3)}) ${how} after ${(at - move.since).toFixed(0)} ms in which nothing stood still`;
      this.#breaches.add('liveness', text);
    }
  }
}
