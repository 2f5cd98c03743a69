/** Durable actors of a process in memory, in the order of their last turns; beyond a bound those that were idle for longest leave it. */
import type { Cell } from '../actor/cell.ts';
import { endCell } from '../actor/lifecycle.ts';
import { isIdle } from '../actor/passivation.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';

/** Durable actors of a process in memory, beyond which those that were idle for longest leave it. */
export const IN_MEMORY_MAX = 100_000;
/** Of them that are looked at, in one look for room. */
const LOOKED_AT = 10_000;
/** Milliseconds between a look for room and the next. */
const ROOM_MS = 20;

interface InMemory {
  readonly cell: Cell;
}

export class ActorsInMemory<A extends InMemory = InMemory> {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #actors = new Map<ActorId, A>();
  #room: Timer | undefined;
  #isClosed = false;

  constructor(clock: Clock, max: number = IN_MEMORY_MAX) {
    this.#clock = clock;
    this.#max = max;
  }

  has(id: ActorId): boolean {
    return this.#actors.has(id);
  }

  all(): Iterable<A> {
    return this.#actors.values();
  }

  add(actor: A): void {
    this.#actors.set(actor.cell.id, actor);
    this.#makeRoomLater();
  }

  remove(actor: A): void {
    const { id } = actor.cell;
    if (this.#actors.get(id) === actor) this.#actors.delete(id);
  }

  /** The actor has done something: others leave memory before it. */
  used(actor: A): void {
    // While there is plenty of room nobody asks who was used last.
    if (this.#actors.size < this.#max / 2) return;
    const { id } = actor.cell;
    if (this.#actors.get(id) !== actor) return;
    this.#actors.delete(id);
    this.#actors.set(id, actor);
  }

  close(): void {
    this.#isClosed = true;
    this.#room?.cancel();
  }

  get #isFull(): boolean {
    return this.#actors.size > this.#max;
  }

  /** Later, as an actor that has just come into memory has something to do first. */
  #makeRoomLater(): void {
    if (!this.#isFull || this.#room || this.#isClosed) return;
    this.#room = this.#clock.setTimer(ROOM_MS, () => {
      this.#room = undefined;
      this.#makeRoom();
      this.#makeRoomLater();
    });
  }

  #makeRoom(): void {
    let left = Math.min(LOOKED_AT, this.#actors.size);
    for (const actor of this.#actors.values()) {
      if (!this.#isFull || left-- === 0) return;
      const { cell } = actor;
      const isFree = cell.status === 'ready' && !cell.origin.parent && isIdle(cell);
      if (isFree) endCell(cell, { reason: 'passivated', mail: 'deliver-again' });
      // The others come to the end of the line, so that the next look finds new ones.
      else if (cell.durable) this.used(actor);
    }
  }
}
