/** The hand-offs of a run, seen in the master's control messages: which stand, and whether one took too long. */
import type { ObservedFrame, SimulationEvent } from '../../../src/simulation/observation.ts';
import { shardOf, shardUnit } from '../../../src/placement/shard.ts';
import type { MoveOrder, Unit } from '../../../src/wire/control.ts';
import type { Breaches } from './breaches.ts';
import type { Faults } from './faults.ts';

/** Milliseconds that a hand-off may take where nothing stands still: turns, links and control messages of a program are far shorter. */
const HANDOFF_CALM_MS = 1_000;

interface Move {
  readonly order: MoveOrder;
  readonly since: number;
  endedAt?: number;
}

export class Moves {
  readonly #breaches: Breaches;
  readonly #faults: Faults;
  readonly #standing = new Map<number, Move>();
  readonly #begun: Move[] = [];
  readonly #came = new Map<string, Set<Unit>>();
  readonly #left = new Map<string, Set<Unit>>();
  readonly #whenEnded = new Map<number, ((hasMoved: boolean) => void)[]>();
  readonly #newHomes = new Map<Unit, Set<string>>();
  /** The newest process of each worker. */
  readonly #present = new Map<number, string>();
  /** Ids with a pin: the process that was there when they got it. */
  readonly #pins = new Map<string, string>();
  /** Moves whose transfer has all come. */
  readonly #complete = new Set<number>();
  /** Settled, and waiting for the new host to hear of it: by its address. */
  readonly #announced = new Map<string, MoveOrder[]>();
  /** What was written from one process to another and may still be read, on whichever of their links: by `from>to`. */
  readonly #written = new Map<string, ObservedFrame[]>();
  /** Called where units are given to a process that is dead already. */
  onGivenToDead: (address: string, units: ReadonlySet<Unit>, at: number) => void = () => {};
  begun = 0;
  settled = 0;

  constructor(breaches: Breaches, faults: Faults) {
    this.#breaches = breaches;
    this.#faults = faults;
  }

  /** What has moved to a process while that lived, and not away again: it may be there without having done anything yet. */
  cameTo(address: string): ReadonlySet<Unit> {
    return this.#came.get(address) ?? new Set();
  }

  /** Processes that it has ever moved to, or was to. */
  newHomesOf(id: string): string[] {
    return unitsOf(id).flatMap((unit) => [...(this.#newHomes.get(unit) ?? [])]);
  }

  /**
   * A move away from this process stood between the two times. What waits for the actor goes along with it, and is in other hands from the moment
   * in which it is handed to the link, whether that writes it or not.
   */
  wasLeaving(address: string, id: string, since: number, until: number): boolean {
    const units = unitsOf(id);
    return this.#begun.some(
      ({ order, since: begunAt, endedAt = Number.POSITIVE_INFINITY }) =>
        addressOf(order.from) === address &&
        begunAt <= until &&
        endedAt >= since &&
        order.units.some((unit) => units.includes(unit)),
    );
  }

  /** It has moved away, whether the process knows it yet or not. */
  hasLeft(address: string, id: string): boolean {
    if (this.#came.get(address)?.has(id)) return false;
    const left = this.#left.get(address);
    const pin = this.#pins.get(id);
    // Its shard may have left without it, or come back.
    if (pin) return pin !== address || left?.has(id) === true;
    return unitsOf(id).some((unit) => left?.has(unit));
  }

  /** Whether it is where these units are, in that process: one with a pin does not go with its shard, unless it got that there. */
  goesWith(units: ReadonlySet<Unit>, id: string, address: string): boolean {
    const pin = this.#pins.get(id) || address;
    return units.has(id) || (pin === address && unitsOf(id).some((unit) => units.has(unit)));
  }

  /** Calls back when the move that an id is on, away from a process, has ended; false where it is on none. */
  whenEnded(address: string, id: string, ended: (hasMoved: boolean) => void): boolean {
    const outgoing = [...this.#standing.values()].filter(({ order }) => addressOf(order.from) === address);
    // One with a pin does not go with its shard.
    const unit = unitsOf(id).find((one) => outgoing.some(({ order }) => order.units.includes(one)));
    if (unit === undefined || (unit !== id && this.#pins.get(id))) return false;
    const { order } = outgoing.find((move) => move.order.units.includes(unit)) as Move;
    this.#whenEnded.set(order.id, [...(this.#whenEnded.get(order.id) ?? []), ended]);
    return true;
  }

  /** Its new host has read all that was transferred. */
  isComplete(move: number): boolean {
    return this.#complete.has(move);
  }

  order(move: number): MoveOrder | undefined {
    return this.#standing.get(move)?.order;
  }

  note(event: SimulationEvent): void {
    if (event.kind === 'process' && event.step === 'forked')
      this.#present.set(Number(event.process.slice(1).split('.')[0]), event.process);
    if (event.kind === 'frame' && event.step === 'written') {
      const way = `${event.from}>${event.to}`;
      this.#written.set(way, [...this.#inFlight(way), event.frame]);
    }
    if (event.kind === 'frame' && event.step === 'read') {
      for (const entry of event.frame.entries)
        if (entry.type === 'transfer' && entry.piece === null) this.#complete.add(entry.move);
    }
    if (event.kind === 'process' && ['crashed', 'killed', 'ended'].includes(event.step))
      this.#tellEnds(event.process, () => false);
    if (event.kind === 'link-end')
      this.#tellEnds(event.to, (order) => (addressOf(order.from) === event.from ? this.#hasCome(order) : undefined));
    if (event.kind === 'control' && event.step === 'received' && event.message.type === 'table') {
      const { endedMoves } = event.message.change;
      this.#tellEnds(event.to, (order) => (endedMoves.includes(order.id) ? this.#hasCome(order) : undefined));
    }
    if (event.kind !== 'control' || event.step !== 'sent' || event.from !== 'master') return;
    const { message, at } = event;
    if (message.type === 'hold') this.#begin(message.move, at);
    else if (message.type === 'abort') this.#end(message.move, at, 'stayed');
    else if (message.type === 'table') {
      const { endedMoves, abortedMoves = [], pins, columns } = message.change;
      for (const [id, worker] of pins) this.#pinned(id, worker);
      // Also without a move, where another one died.
      for (const [shard, worker] of columns[''] ?? [])
        this.#left.get(this.#present.get(worker) ?? '')?.delete(shardUnit('', shard));
      for (const move of endedMoves) this.#end(move, at, abortedMoves.includes(move) ? 'stayed' : 'settled');
    }
  }

  /** Null: it goes with its shard from now on. */
  #pinned(id: string, worker: number | null): void {
    this.#pins.set(id, worker === null ? '' : (this.#present.get(worker) ?? ''));
    if (worker === null) for (const came of this.#came.values()) came.delete(id);
  }

  #begin(order: MoveOrder, at: number): void {
    if (this.#standing.has(order.id)) return;
    const move: Move = { order, since: at };
    this.#standing.set(order.id, move);
    this.#begun.push(move);
    for (const unit of order.units) this.#setAt(this.#newHomes, unit).add(addressOf(order.to));
    this.begun++;
  }

  #end(id: number, at: number, how: string): void {
    const move = this.#standing.get(id);
    if (!move) return;
    this.#standing.delete(id);
    move.endedAt = at;
    if (how === 'settled') {
      this.settled++;
      this.#carryOver(move.order);
      const to = addressOf(move.order.to);
      // An old host that dies takes along what it has not sent: only the new one knows whether all had come.
      this.#announced.set(to, [...(this.#announced.get(to) ?? []), move.order]);
      if (!this.#faults.isAlive(to)) this.onGivenToDead(to, new Set(move.order.units), at);
    } else {
      this.#tellEnd(id, false);
    }
    const calmMs = at - Math.max(move.since, this.#faults.lastTrouble(at));
    // What a broken link has lost of a hand-off is sent again, but only once there is another link.
    if (calmMs > HANDOFF_CALM_MS && !this.#faults.anyBroken(move.since, at)) {
      const { purpose, units } = move.order;
      const text = `move ${id} (${purpose} ${units.slice(0, 3)}) ${how} after ${calmMs.toFixed(0)} ms in which nothing stood still, broke or died`;
      this.#breaches.add('liveness', text);
    }
  }

  /** It begins there: whatever it was to arrive with has come by now, or never will. */
  began(id: string, address: string): void {
    for (const unit of unitsOf(id)) this.#left.get(address)?.delete(unit);
    for (const home of this.#announced.keys()) {
      // One with a pin begins where that says, with or without its shard.
      const isOfIt = ({ units }: MoveOrder): boolean =>
        units.includes(id) || (!this.#pins.get(id) && units.some((unit) => unitsOf(id).includes(unit)));
      this.#tellEnds(home, (order) => (isOfIt(order) ? this.#complete.has(order.id) : undefined));
    }
  }

  /** All of the transferred state; undefined: some of it may still come. */
  #hasCome({ id, from, to }: MoveOrder): boolean | undefined {
    if (this.#complete.has(id)) return true;
    const isOver =
      !this.#faults.isAlive(addressOf(from)) && this.#inFlight(`${addressOf(from)}>${addressOf(to)}`).length === 0;
    return isOver ? false : undefined;
  }

  #inFlight(way: string): ObservedFrame[] {
    return (this.#written.get(way) ?? []).filter(({ status }) => status === 'in flight');
  }

  #tellEnds(home: string, outcome: (order: MoveOrder) => boolean | undefined): void {
    for (const order of this.#announced.get(home) ?? []) {
      const hasMoved = outcome(order);
      if (hasMoved === undefined) continue;
      this.#announced.set(home, this.#announced.get(home)?.filter((other) => other !== order) ?? []);
      this.#tellEnd(order.id, hasMoved);
    }
  }

  #tellEnd(move: number, hasMoved: boolean): void {
    for (const ended of this.#whenEnded.get(move) ?? []) ended(hasMoved);
    this.#whenEnded.delete(move);
  }

  #carryOver({ purpose, units, from, to }: MoveOrder): void {
    const came = this.#setAt(this.#came, addressOf(to));
    const left = this.#setAt(this.#left, addressOf(from));
    for (const unit of units) {
      // One that is released goes with its shard from now on, which is there already.
      if (purpose !== 'release') came.add(unit);
      left.add(unit);
      this.#came.get(addressOf(from))?.delete(unit);
      this.#left.get(addressOf(to))?.delete(unit);
    }
  }

  #setAt(map: Map<string, Set<string>>, key: string): Set<string> {
    let set = map.get(key);
    if (!set) map.set(key, (set = new Set()));
    return set;
  }
}

export function addressOf({ index, incarnation }: MoveOrder['to']): string {
  return `~${index}.${incarnation}`;
}

/** Guests are placed on demand: they have no shard. */
function unitsOf(id: string): Unit[] {
  return id.startsWith('guest/') ? [id] : [id, shardUnit('', shardOf(id))];
}
