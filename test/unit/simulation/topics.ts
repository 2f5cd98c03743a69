/** Publishes: one that is made while a subscription is in force reaches its subscriber, once, in the publisher's order. */
import type { Breaches } from './breaches.ts';
import type { Census, Life } from './census.ts';
import type { Faults } from './faults.ts';
import { type Ledger, nameOf, type Sent } from './ledger.ts';

interface Subscription {
  readonly life: Life;
  readonly topic: string;
  /** The first message that was sent after it had resolved. */
  readonly inForceFrom: number;
  endedAt: number;
}

export class Topics {
  readonly #subscriptions: Subscription[] = [];
  readonly #breaches: Breaches;
  readonly #census: Census;
  readonly #faults: Faults;
  readonly #ledger: Ledger;

  constructor(breaches: Breaches, census: Census, faults: Faults, ledger: Ledger) {
    this.#breaches = breaches;
    this.#census = census;
    this.#faults = faults;
    this.#ledger = ledger;
  }

  /** Resolved: in force everywhere from now on. */
  subscribed(life: Life, topic: string): void {
    const inForce = this.#subscriptions.some(
      (one) => one.life === life && one.topic === topic && one.endedAt === Number.POSITIVE_INFINITY,
    );
    if (!inForce)
      this.#subscriptions.push({
        life,
        topic,
        inForceFrom: this.#ledger.sent.length,
        endedAt: Number.POSITIVE_INFINITY,
      });
  }

  /** About to be given up: from now on nothing is owed. */
  unsubscribing(id: string, topic: string): void {
    for (const one of this.#subscriptions)
      if (one.life.id === id && one.topic === topic) one.endedAt = Math.min(one.endedAt, this.#breaches.now);
  }

  get inForce(): number {
    return this.#subscriptions.filter(({ endedAt }) => endedAt === Number.POSITIVE_INFINITY).length;
  }

  check(): void {
    for (const sent of this.#ledger.sent) {
      if (sent.kind !== 'publish') continue;
      for (const subscription of this.#subscriptions) {
        const { life, topic, inForceFrom, endedAt } = subscription;
        if (topic !== sent.to || inForceFrom > sent.m || endedAt !== Number.POSITIVE_INFINITY) continue;
        if (life.endedAt !== undefined || this.#census.lives.get(life.id) !== life) continue;
        if (this.#ledger.isHandled(sent, life.id) || this.#ledger.isDead(sent, life.id) || this.#isExcused(sent, life))
          continue;
        this.#breaches.add(4, `${life.id} never got ${nameOf(sent)}, which subscribed before #${inForceFrom}`);
      }
    }
  }

  /**
   * It crossed a link that broke, or the memory of a process that died: of its publisher, of its subscriber, or of one that the copy for that
   * subscriber has gone to, as what waits for a subscriber on the move goes along where its publisher moves.
   */
  #isExcused(sent: Sent, life: Life): boolean {
    const { origin, at } = sent;
    if (life.doubtfulAt !== undefined || this.#faults.wasKilled(origin)) return true;
    const copy = this.#ledger.copyFor(sent, life.id);
    if (copy && this.#ledger.stillAt(copy) === undefined) return true;
    return [...life.hosts].some(
      (host) => this.#faults.wasKilled(host, at) || this.#faults.mayBeUnlinked(origin, host, at),
    );
  }
}
