/** A reply that is awaited in this process by other means than an ask: the end of an actor, the start of a child. */
import type { ReplyAddress, ReplyTo } from '../vocabulary/envelope.ts';
import type { TroupeError } from '../vocabulary/errors.ts';

export class LocalReply implements ReplyTo {
  settled = false;
  readonly #resolved: () => void;
  readonly #rejected: (error: TroupeError) => void;

  constructor(resolved: () => void, rejected: (error: TroupeError) => void) {
    this.#resolved = resolved;
    this.#rejected = rejected;
  }

  resolve(): void {
    if (this.settled) return;
    this.settled = true;
    this.#resolved();
  }

  reject(error: TroupeError): void {
    if (this.settled) return;
    this.settled = true;
    this.#rejected(error);
  }

  begin(): void {}

  written(): void {}

  address(): ReplyAddress {
    throw new Error('what is awaited in this process has no address for others');
  }
}
