/**
 * Spawned actors whose worker has died begin again here. One whose start may have ended a process starts alone, once the one
 * before it has started, so that the next death tells whose it was; its cell is there from the beginning, and takes mail.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { whenBegun } from './begun.ts';
import type { Cell } from './cell.ts';
import { startCell } from './lifecycle.ts';

/** Milliseconds after which a start that is still not over keeps the next one no longer. */
export const RESPAWN_ALONE_MS = 5_000;

export class Respawns {
  readonly #clock: Clock;
  /** A start is over, however it went. */
  readonly #over: (id: ActorId) => void;
  readonly #waiting: Cell[] = [];
  #alone: Cell | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, over: (id: ActorId) => void) {
    this.#clock = clock;
    this.#over = over;
  }

  /** `deaths`: of workers as it started before. */
  start(cell: Cell, deaths: number): void {
    whenBegun(cell, () => {
      this.#over(cell.id);
      if (cell === this.#alone) this.#next();
    });
    if (deaths === 0) return startCell(cell);
    this.#waiting.push(cell);
    // Behind all that start together.
    if (!this.#alone) this.#timer ??= this.#clock.setTimer(0, () => this.#next());
  }

  close(): void {
    this.#timer?.cancel();
  }

  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    do this.#alone = this.#waiting.shift();
    while (this.#alone && this.#alone.status !== 'starting');
    if (!this.#alone) return;
    this.#timer = this.#clock.setTimer(RESPAWN_ALONE_MS, () => this.#next());
    startCell(this.#alone);
  }
}
