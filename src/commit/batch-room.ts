/** Room for one actor's turns among all that its process has not committed: a store that hangs holds them up. */
import type { Cell } from '../actor/cell.ts';
import type { TurnRoom } from '../actor/durable-side.ts';
import type { Committer } from './committer.ts';
import type { TurnBatch } from './turn-batch.ts';

export class BatchRoom implements TurnRoom {
  readonly #committer: Committer;
  readonly #cell: Cell;
  #isWaiting = false;

  constructor(committer: Committer, cell: Cell) {
    this.#committer = committer;
    this.#cell = cell;
  }

  /** False: there is none; the cell is woken once there is. */
  mayBegin(): boolean {
    if (!this.#committer.isFull) return true;
    if (this.#isWaiting) return false;
    this.#isWaiting = true;
    this.#committer.whenRoom(() => {
      this.#isWaiting = false;
      this.#cell.wake();
    });
    return false;
  }

  /** One more turn is in the batch. */
  charge(batch: TurnBatch): void {
    const bytes = batch.uncounted;
    batch.turns++;
    batch.bytes += bytes;
    this.#committer.charge(1, bytes);
  }

  /** The batch is committed, or discarded. */
  discharge({ turns, bytes }: TurnBatch): void {
    this.#committer.charge(-turns, -bytes);
  }
}
