/**
 * Control messages of the master, handled strictly one after another: one that has to wait (a table that declares a
 * process dead waits for the end of its link) stops all behind it.
 */
export class ControlInbox<M> {
  readonly #waiting: M[] = [];
  readonly #handle: (message: M) => Promise<void> | undefined;
  #busy = false;

  /** `handle` gives a promise only where the next message has to wait. */
  constructor(handle: (message: M) => Promise<void> | undefined) {
    this.#handle = handle;
  }

  readonly push = (message: M): void => {
    this.#waiting.push(message);
    if (!this.#busy) this.#run();
  };

  #run(): void {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const wait = this.#handle(this.#waiting.shift() as M);
      if (wait === undefined) continue;
      void wait.then(() => this.#run());
      return;
    }
    this.#busy = false;
  }
}
