/**
 * Actors that have had their onStop in this shutdown. They are not brought back: last words to them are dead letters, or two actors that
 * take leave of each other would go on for ever.
 */
import type { ActorId } from '../vocabulary/address.ts';

export class Farewells {
  /** Undefined before the shutdown has come to the actors. No more than have lived here. */
  #ended: Set<ActorId> | undefined;

  begin(): void {
    this.#ended ??= new Set();
  }

  add(id: ActorId): void {
    this.#ended?.add(id);
  }

  has(id: ActorId): boolean {
    return this.#ended?.has(id) === true;
  }
}
