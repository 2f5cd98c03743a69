/** When idle actors leave memory: a deadline for each cell whose kind has `passivateAfterMs`. */
import { DeadlineEntry, DeadlineWheel } from '../structures/deadline-wheel.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Cell } from './cell.ts';
import { endCell } from './lifecycle.ts';
import { isIdle } from './passivation.ts';

/** Milliseconds by which a look may be late. */
const TICK_MS = 10;

export class IdleChecks {
  readonly #wheel: DeadlineWheel;
  readonly #checks = new Map<Cell, IdleCheck>();

  constructor(clock: Clock) {
    this.#wheel = new DeadlineWheel(clock, TICK_MS);
  }

  /** `idleSince`: on `Clock.now()`. */
  begin(cell: Cell, idleSince: number): void {
    const { passivateAfterMs } = cell.behaviour;
    // Children stay as long as their parent: it could not start one again that had left by itself.
    if (passivateAfterMs <= 0 || cell.origin.parent) return;
    const check = new IdleCheck(this.#wheel, cell);
    this.#checks.set(cell, check);
    this.#wheel.add(check, idleSince + passivateAfterMs);
  }

  /** Or the cell would stay in memory, though nobody knows it, until it was time for a look. */
  end(cell: Cell): void {
    const check = this.#checks.get(cell);
    if (!check) return;
    this.#checks.delete(cell);
    this.#wheel.remove(check);
  }

  close(): void {
    this.#wheel.close();
  }
}

/** Looks from time to time whether its cell has been idle long enough to leave memory. */
class IdleCheck extends DeadlineEntry {
  readonly #wheel: DeadlineWheel;
  readonly #cell: Cell;

  constructor(wheel: DeadlineWheel, cell: Cell) {
    super();
    this.#wheel = wheel;
    this.#cell = cell;
  }

  expire(): void {
    const cell = this.#cell;
    if (cell.status === 'ended' || cell.status === 'stopping') return;
    const { passivateAfterMs } = cell.behaviour;
    const now = cell.kernel.clock.now();
    const dueAt = cell.lastActiveAt + passivateAfterMs;
    if (cell.status === 'ready' && isIdle(cell) && now >= dueAt)
      endCell(cell, { reason: 'passivated', mail: 'deliver-again' });
    else this.#wheel.add(this, dueAt > now ? dueAt : now + passivateAfterMs);
  }
}
