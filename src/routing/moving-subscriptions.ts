/**
 * Subscriptions of actors on the move. Between a hold and its end everything that is published here for such an actor
 * waits with its other mail, so that the two keep their order.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { MoveId, MoveOrder } from '../wire/control.ts';

export class MovingSubscriptions {
  readonly #byTopic = new Map<string, Map<ActorId, MoveId>>();

  get size(): number {
    return this.#byTopic.size;
  }

  get topics(): Iterable<string> {
    return this.#byTopic.keys();
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  hold({ id: move, subscriptions }: MoveOrder): void {
    for (const [topic, id] of subscriptions) {
      let ids = this.#byTopic.get(topic);
      if (!ids) this.#byTopic.set(topic, (ids = new Map()));
      ids.set(id, move);
    }
  }

  release({ id: move, subscriptions }: MoveOrder): void {
    for (const [topic, id] of subscriptions) {
      const ids = this.#byTopic.get(topic);
      if (ids?.get(id) !== move) continue;
      ids.delete(id);
      if (ids.size === 0) this.#byTopic.delete(topic);
    }
  }

  /** Subscribers of the topic that are on the move. */
  of(topic: string): ReadonlySet<ActorId> | undefined {
    const ids = this.#byTopic.size === 0 ? undefined : this.#byTopic.get(topic);
    return ids && new Set(ids.keys());
  }
}
