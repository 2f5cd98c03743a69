/**
 * The part of an ActorRef that travels: its id. In another process it comes out as a ref of the system there.
 */
import type { ActorId } from './actor-id.ts';

export abstract class Ref {
  readonly id: ActorId;

  constructor(id: ActorId) {
    this.id = id;
  }

  toJSON(): string {
    return this.id;
  }
}
