/**
 * Grants a peer new credit for the messages that it has sent, at once while the process keeps up, and only as mailboxes
 * empty once too much waits in all of them together: overload slows senders before it drops anything.
 */
import type { Clock } from '../vocabulary/clock.ts';
import { LINK_CREDIT } from './outbound-queue.ts';

/** Messages that wait in all mailboxes of a process before it grants no more. */
export const WAITING_HIGH = 262_144;
/** Granted in portions of so many messages. */
const GRANT = LINK_CREDIT / 4;
/** Milliseconds between two looks at whether the mailboxes have emptied. */
const LOOK_MS = 5;

export class CreditGranter {
  readonly #clock: Clock;
  readonly #load: { readonly waiting: number };
  readonly #grant: (count: number) => void;
  #owed = 0;
  #isWaiting = false;

  constructor(clock: Clock, load: { readonly waiting: number }, grant: (count: number) => void) {
    this.#clock = clock;
    this.#load = load;
    this.#grant = grant;
  }

  /** So many messages came. */
  spent(count: number): void {
    this.#owed += count;
    if (this.#owed >= GRANT && !this.#isWaiting) this.#grantOrWait();
  }

  #grantOrWait(): void {
    if (this.#load.waiting < WAITING_HIGH) {
      this.#isWaiting = false;
      this.#grant(this.#owed);
      this.#owed = 0;
      return;
    }
    this.#isWaiting = true;
    this.#clock.setTimer(LOOK_MS, () => this.#grantOrWait());
  }
}
