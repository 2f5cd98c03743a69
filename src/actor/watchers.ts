/**
 * Watches, in one process. A watcher is an actor, or a process whose listeners share one watch. Kept apart
 * from the cells, so that a watch outlives a passivation and costs nothing where there is none.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { Recipient } from '../vocabulary/recipient.ts';
import { nameWatch, watcherOf, type WatchName } from '../vocabulary/signal.ts';

/** Watches of the actors that live here. */
export class Watchers {
  readonly #byTarget = new Map<ActorId, Set<WatchName>>();

  add(target: ActorId, watch: WatchName): void {
    let watches = this.#byTarget.get(target);
    if (!watches) this.#byTarget.set(target, (watches = new Set()));
    watches.add(watch);
  }

  remove(target: ActorId, watch: WatchName): void {
    const watches = this.#byTarget.get(target);
    if (watches?.delete(watch) && watches.size === 0) this.#byTarget.delete(target);
  }

  /** The target has ended: each watcher is told once. */
  tell(router: Recipient, target: ActorId, reason: ExitReason): void {
    for (const watch of this.take(target)) tellEnd(router, target, watch, reason);
  }

  has(target: ActorId, watch: WatchName): boolean {
    return this.#byTarget.get(target)?.has(watch) === true;
  }

  of(target: ActorId): WatchName[] {
    return [...(this.#byTarget.get(target) ?? [])];
  }

  targets(): Iterable<ActorId> {
    return this.#byTarget.keys();
  }

  /** Takes the watches of a target out. */
  take(target: ActorId): WatchName[] {
    const watches = this.of(target);
    this.#byTarget.delete(target);
    return watches;
  }

  get size(): number {
    return this.#byTarget.size;
  }
}

export function tellEnd(router: Recipient, id: ActorId, watch: WatchName, reason: ExitReason): void {
  router.signal(watcherOf(watch), { type: 'terminated', id, reason, watch });
}

/**
 * Told once that a watched actor has ended, and why.
 *
 * @example
 * ```ts
 * const listener: TerminatedListener = ({ id, reason }) => console.log(`${id} has ended: ${reason}`);
 * ```
 */
export type TerminatedListener = (ended: { id: ActorId; reason: ExitReason }) => void;

interface Watched {
  readonly actors: Set<WatchName>;
  readonly listeners: Set<TerminatedListener>;
  /** Of the listeners. */
  watch: WatchName | undefined;
}

/** The targets that actors and listeners of this process watch, here or elsewhere. */
export class Watching {
  readonly #byTarget = new Map<ActorId, Watched>();
  readonly #process: ActorId;
  /** Of watchers that have moved here: the process that they came from. */
  readonly #cameFrom = new Map<WatchName, ActorId>();
  #last = 0;

  /** The address of the process. */
  constructor(process: ActorId) {
    this.#process = process;
  }

  newWatch(watcher: ActorId): WatchName {
    return nameWatch(watcher, this.#process, ++this.#last);
  }

  /** The name of the watch, where it is new. */
  addListener(target: ActorId, listener: TerminatedListener): WatchName | undefined {
    const entry = this.#entry(target);
    entry.listeners.add(listener);
    if (entry.listeners.size > 1) return undefined;
    return (entry.watch = this.newWatch(this.#process));
  }

  /** The name of the watch, where that was the last listener. */
  removeListener(target: ActorId, listener: TerminatedListener): WatchName | undefined {
    const entry = this.#byTarget.get(target);
    if (!entry?.listeners.delete(listener)) return undefined;
    this.#dropIfEmpty(target);
    return entry.listeners.size === 0 ? entry.watch : undefined;
  }

  /** `from`: the process that its watcher has moved from, which may hold the news of an end for it. */
  addActor(target: ActorId, watch: WatchName, from?: ActorId): void {
    this.#entry(target).actors.add(watch);
    if (from !== undefined) this.#cameFrom.set(watch, from);
  }

  hasComeFrom(watch: WatchName, process: ActorId): boolean {
    return this.#cameFrom.get(watch) === process;
  }

  removeActor(target: ActorId, watch: WatchName): void {
    this.#byTarget.get(target)?.actors.delete(watch);
    this.#cameFrom.delete(watch);
    this.#dropIfEmpty(target);
  }

  /** The listeners to tell that the target has ended; they are forgotten. */
  takeListeners(target: ActorId, watch: WatchName): TerminatedListener[] {
    const entry = this.#byTarget.get(target);
    if (entry?.watch !== watch) return [];
    const listeners = [...entry.listeners];
    entry.listeners.clear();
    this.#dropIfEmpty(target);
    return listeners;
  }

  targets(): ActorId[] {
    return [...this.#byTarget.keys()];
  }

  /** The watches of a target from here. */
  watchesOf(target: ActorId): WatchName[] {
    const entry = this.#byTarget.get(target);
    if (!entry) return [];
    return entry.listeners.size > 0 && entry.watch ? [...entry.actors, entry.watch] : [...entry.actors];
  }

  #entry(target: ActorId): Watched {
    let entry = this.#byTarget.get(target);
    if (!entry) this.#byTarget.set(target, (entry = { actors: new Set(), listeners: new Set(), watch: undefined }));
    return entry;
  }

  #dropIfEmpty(target: ActorId): void {
    const entry = this.#byTarget.get(target);
    if (entry && entry.actors.size === 0 && entry.listeners.size === 0) this.#byTarget.delete(target);
  }
}
