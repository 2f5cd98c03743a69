/** The peers of the welcome: once the topics of all of them are known here, this process tells the master that it is linked. */
import type { OutboundQueue } from '../peer/outbound-queue.ts';

export class FirstLinks {
  readonly #linked: () => void;
  /** Peers whose topics have not come yet; undefined before the welcome, and once all have. */
  #open: Set<OutboundQueue> | undefined;

  constructor(linked: () => void) {
    this.#linked = linked;
  }

  await(peers: Iterable<OutboundQueue>): void {
    this.#open = new Set(peers);
  }

  /** Its topics have come, or its link has ended. */
  came(peer: OutboundQueue): void {
    if (this.#open?.delete(peer)) this.tellIfAll();
  }

  tellIfAll(): void {
    if (this.#open?.size !== 0) return;
    this.#open = undefined;
    this.#linked();
  }
}
