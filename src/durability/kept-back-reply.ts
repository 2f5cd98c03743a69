/** The reply of a turn, kept back until its commit. */
import type { ReplyAddress, ReplyTo, Run } from '../vocabulary/envelope.ts';
import type { TroupeError } from '../vocabulary/errors.ts';

export class KeptBackReply implements ReplyTo {
  readonly #original: ReplyTo;
  readonly #take: (value: unknown, error: TroupeError | undefined) => void;
  #isTaken = false;

  constructor(original: ReplyTo, take: (value: unknown, error: TroupeError | undefined) => void) {
    this.#original = original;
    this.#take = take;
  }

  /** Also where its asker has given up: who asks again for the same gets this reply. */
  get settled(): boolean {
    return this.#isTaken;
  }

  resolve(value: unknown): void {
    this.#settle(value, undefined);
  }

  reject(error: TroupeError): void {
    this.#settle(undefined, error);
  }

  begin(run: Run): void {
    this.#original.begin(run);
  }

  address(): ReplyAddress {
    return this.#original.address();
  }

  written(peer: string | undefined): void {
    this.#original.written(peer);
  }

  #settle(value: unknown, error: TroupeError | undefined): void {
    if (this.#isTaken) return;
    this.#isTaken = true;
    this.#take(value, error);
  }
}
