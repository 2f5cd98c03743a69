/**
 * Idle actors leave memory (idle-checks). Their state goes; what they were spawned with and whom they watch is kept for their return,
 * since a passivation is no end.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { Signal, WatchName } from '../vocabulary/signal.ts';
import type { Cell, CellOrigin } from './cell.ts';
import { MessageTimer } from './message-timer.ts';

/** Nothing has begun that would be lost with the memory. */
export function isIdle(cell: Cell): boolean {
  const { timers, children, terminated } = cell.extras;
  // The delays of a durable machine are in its record, and wake it.
  const isTimed = cell.durable ? [...(timers ?? [])].some((timer) => timer instanceof MessageTimer) : timers?.size;
  if (cell.durable?.isIdle === false || cell.behaviour.isActive?.(cell.context)) return false;
  // Its `onStop` would run.
  if (cell.kernel.pauses?.isPaused(cell.id) || cell.kernel.serving?.mayBegin === false) return false;
  const { length, asideLength } = cell.mailbox;
  return length === 0 && asideLength === 0 && !isTimed && !children?.size && !terminated?.length;
}

export interface PassivatedActor {
  origin: CellOrigin | undefined;
  /** Target → the name of the watch. */
  watching: Map<ActorId, WatchName> | undefined;
}

/** The remains of passivated actors: nothing for most of them. */
export class PassivatedActors {
  readonly #actors = new Map<ActorId, PassivatedActor>();

  add({ id, origin, extras: { watching } }: Cell): void {
    if (!origin.spawned && !watching?.size) return;
    this.#actors.set(id, { origin: origin.spawned ? origin : undefined, watching });
  }

  watches(id: ActorId, { id: target, watch }: Signal & { type: 'terminated' }): boolean {
    return this.#actors.get(id)?.watching?.get(target) === watch;
  }

  /** The arguments it was spawned with. */
  originOf(id: ActorId): CellOrigin | undefined {
    return this.#actors.get(id)?.origin;
  }

  get(id: ActorId): PassivatedActor | undefined {
    return this.#actors.get(id);
  }

  put(id: ActorId, actor: PassivatedActor): void {
    this.#actors.set(id, actor);
  }

  ids(): Iterable<ActorId> {
    return this.#actors.keys();
  }

  take(id: ActorId): PassivatedActor | undefined {
    const actor = this.#actors.get(id);
    if (actor) this.#actors.delete(id);
    return actor;
  }
}
