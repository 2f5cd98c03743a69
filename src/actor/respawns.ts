/**
 * Spawned actors whose worker has died begin again here. One whose start may have ended a process starts alone, once the one
 * before it has started, so that the next death tells whose it was; its cell is there from the beginning, and takes mail.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Clock, Timer } from '../vocabulary/clock.ts';
import { whenBegun } from './start-listeners.ts';
import type { Cell } from './cell.ts';
import { startCell } from './lifecycle.ts';

/** Hears how far they are. */
export interface RespawnsObserver {
  startsAlone(id: ActorId): void;
  /** The start is over, however it went. */
  startedAgain(id: ActorId): void;
}

/** Milliseconds after which a start that is still not over keeps the next one no longer. */
export const RESPAWN_ALONE_MS = 5_000;

export class Respawns {
  readonly #clock: Clock;
  readonly #observer: () => RespawnsObserver | undefined;
  readonly #waiting: Cell[] = [];
  #alone: Cell | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, observer: () => RespawnsObserver | undefined) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** `deaths`: of workers as it started before. */
  start(cell: Cell, deaths: number): void {
    whenBegun(cell, () => {
      this.#observer()?.startedAgain(cell.id);
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
    this.#observer()?.startsAlone(this.#alone.id);
    startCell(this.#alone);
  }
}
