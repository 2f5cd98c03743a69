/** The bound on stored dead letters: soon after one is kept the oldest beyond it are dropped, each told of a last time. */
import type { Kernel } from '../actor/kernel.ts';
import { LETTERS_STORED_MAX, type StoredDeadLetters, TRIM_MS } from '../commit/stored-dead-letters.ts';
import type { Timer } from '../vocabulary/clock.ts';

export class LetterTrim {
  readonly #kernel: Kernel;
  readonly #letters: StoredDeadLetters;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(kernel: Kernel, letters: StoredDeadLetters) {
    this.#kernel = kernel;
    this.#letters = letters;
  }

  /** There is one more dead letter in the store. */
  later(): void {
    const { clock, log } = this.#kernel;
    if (this.#isClosed) return;
    this.#timer ??= clock.setTimer(TRIM_MS, () => {
      this.#timer = undefined;
      this.#trim().catch((error) => {
        if (!this.#isClosed) log.error({ err: error }, 'the oldest dead letters were not dropped');
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #trim(): Promise<void> {
    const { deadLetters, log } = this.#kernel;
    const dropped = await this.#letters.trim();
    if (dropped.length === 0) return;
    log.error({ dropped: dropped.length }, `more than ${LETTERS_STORED_MAX} dead letters: the oldest are dropped`);
    for (const { to, message, sender } of dropped) deadLetters.add(to, message, sender, 'OVERLOADED');
  }
}
