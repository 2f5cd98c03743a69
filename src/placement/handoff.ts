/**
 * The master's side of hand-offs: which moves are open, and what an event means for them. Pure: it decides, the
 * hand-off service carries out. A move ends exactly once in any case, by `commit` or `abort`.
 *
 *   begin [─► prepare … prepared] ─► hold … installed ─► commit (a table change that names the new host, lists the move)
 *                        … refused, deadline, new host dead ─► abort (everybody releases as things stand)
 *                        … old host dead ─► commit, in the very change that declares it dead; before the hold: abort
 */
import type { MoveId, MoveOrder, Unit } from '../wire/control.ts';

export interface ProcessName {
  index: number;
  incarnation: number;
}

export type MoveEnd = { order: MoveOrder; outcome: 'commit' | 'abort' };

export class Handoffs {
  readonly #moves = new Map<MoveId, MoveOrder>();
  /** Those of them that only their old host knows of. */
  readonly #preparing = new Set<MoveId>();
  readonly #units = new Map<Unit, MoveId>();
  #lastId = 0;

  get size(): number {
    return this.#moves.size;
  }

  /** The orders of open moves, for a process that has just come. */
  standing(): MoveOrder[] {
    return [...this.#moves.values()].filter(({ id }) => !this.#preparing.has(id));
  }

  open(): MoveOrder[] {
    return [...this.#moves.values()];
  }

  isMoving(unit: Unit): boolean {
    return this.#units.has(unit);
  }

  /** Whether something is on its way to a worker, or about to be. */
  isAwaited(index: number): boolean {
    return [...this.#moves.values()].some(({ to }) => to.index === index);
  }

  /**
   * The order to broadcast. Throws where a unit is in a move already: one at a time. `reserved`: units that do not move
   * but must not do so meanwhile, the shard of an id that gets a pin.
   */
  begin(order: Omit<MoveOrder, 'id' | 'subscriptions'>, reserved: readonly Unit[] = []): MoveOrder {
    const taken = [...order.units, ...reserved];
    const busy = taken.find((unit) => this.#units.has(unit));
    if (busy !== undefined) throw new Error(`a unit is in one move at a time; got another for ${busy}`);
    const begun: MoveOrder = { ...order, id: ++this.#lastId, subscriptions: [] };
    this.#moves.set(begun.id, begun);
    for (const unit of taken) this.#units.set(unit, begun.id);
    return begun;
  }

  /** As `begin`, but nobody holds before the old host has said `prepared`. */
  prepare(order: Omit<MoveOrder, 'id' | 'subscriptions'>, reserved: readonly Unit[] = []): MoveOrder {
    const begun = this.begin(order, reserved);
    this.#preparing.add(begun.id);
    return begun;
  }

  /**
   * The units are quiescent on the old host: the order to broadcast, with the places that go along. Undefined: it has ended meanwhile.
   * 'busy': one of these places is in another move; the move has ended.
   */
  prepared(
    move: MoveId,
    by: ProcessName,
    subtree: readonly Unit[],
    subscriptions: MoveOrder['subscriptions'],
  ): MoveOrder | { busy: MoveEnd } | undefined {
    const order = this.#moves.get(move);
    if (!order || !this.#preparing.has(move) || !isSame(order.from, by)) return undefined;
    if (subtree.some((unit) => this.#units.has(unit))) return { busy: this.#end(order, 'abort') };
    this.#preparing.delete(move);
    const held = { ...order, units: [...order.units, ...subtree], subscriptions };
    this.#moves.set(move, held);
    for (const unit of subtree) this.#units.set(unit, move);
    return held;
  }

  /** The new host has everything. From any other process, or a previousIncarnation of it, this means nothing. */
  installed(move: MoveId, by: ProcessName): MoveEnd | undefined {
    const order = this.#moves.get(move);
    return order && isSame(order.to, by) ? this.#end(order, 'commit') : undefined;
  }

  refused(move: MoveId, by: ProcessName): MoveEnd | undefined {
    const order = this.#moves.get(move);
    return order && (isSame(order.from, by) || isSame(order.to, by)) ? this.#end(order, 'abort') : undefined;
  }

  expired(move: MoveId): MoveEnd | undefined {
    const order = this.#moves.get(move);
    return order && this.#end(order, 'abort');
  }

  /** Moves that end with a process: where its units stay is decided by the same table change that declares it dead. */
  died(process: ProcessName): MoveEnd[] {
    const ends: MoveEnd[] = [];
    for (const order of [...this.#moves.values()]) {
      if (isSame(order.from, process)) ends.push(this.#end(order, this.#preparing.has(order.id) ? 'abort' : 'commit'));
      else if (isSame(order.to, process)) ends.push(this.#end(order, 'abort'));
    }
    return ends;
  }

  #end(order: MoveOrder, outcome: MoveEnd['outcome']): MoveEnd {
    this.#moves.delete(order.id);
    this.#preparing.delete(order.id);
    for (const [unit, move] of this.#units) if (move === order.id) this.#units.delete(unit);
    return { order, outcome };
  }
}

function isSame(one: ProcessName, other: ProcessName): boolean {
  return one.index === other.index && one.incarnation === other.incarnation;
}
