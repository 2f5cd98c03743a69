/**
 * Who watches whom, in one process. A watcher is an actor, or a process whose listeners share one watch. Kept apart
 * from the cells, so that a watch outlives a passivation and costs nothing where there is none.
 */
import type { ActorId } from '../vocabulary/address.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import type { Recipient } from '../vocabulary/recipient.ts';

/** Watchers of the actors that live here. */
export class Watchers {
  readonly #byTarget = new Map<ActorId, Set<ActorId>>();

  add(target: ActorId, watcher: ActorId): void {
    let watchers = this.#byTarget.get(target);
    if (!watchers) this.#byTarget.set(target, (watchers = new Set()));
    watchers.add(watcher);
  }

  remove(target: ActorId, watcher: ActorId): void {
    const watchers = this.#byTarget.get(target);
    if (watchers?.delete(watcher) && watchers.size === 0) this.#byTarget.delete(target);
  }

  /** The target has ended: each watcher is told once. */
  tell(post: Recipient, target: ActorId, reason: ExitReason): void {
    const watchers = this.#byTarget.get(target);
    if (!watchers) return;
    this.#byTarget.delete(target);
    for (const watcher of watchers) post.signal(watcher, { type: 'terminated', id: target, reason });
  }

  has(target: ActorId, watcher: ActorId): boolean {
    return this.#byTarget.get(target)?.has(watcher) === true;
  }

  of(target: ActorId): ActorId[] {
    return [...(this.#byTarget.get(target) ?? [])];
  }

  targets(): Iterable<ActorId> {
    return this.#byTarget.keys();
  }

  /** Takes the watchers of a target out, for its new home. */
  take(target: ActorId): ActorId[] {
    const watchers = this.#byTarget.get(target);
    this.#byTarget.delete(target);
    return watchers ? [...watchers] : [];
  }

  get size(): number {
    return this.#byTarget.size;
  }
}

export type TerminatedListener = (ended: { id: ActorId; reason: ExitReason }) => void;

/** What the actors and listeners of this process watch, here or elsewhere. */
export class Watching {
  readonly #byTarget = new Map<ActorId, { actors: Set<ActorId>; listeners: Set<TerminatedListener> }>();

  /** True where the process itself did not watch the target yet. */
  addListener(target: ActorId, listener: TerminatedListener): boolean {
    const entry = this.#entry(target);
    entry.listeners.add(listener);
    return entry.listeners.size === 1;
  }

  /** True where that was the last listener. */
  removeListener(target: ActorId, listener: TerminatedListener): boolean {
    const entry = this.#byTarget.get(target);
    if (!entry?.listeners.delete(listener)) return false;
    this.#dropIfEmpty(target);
    return entry.listeners.size === 0;
  }

  addActor(target: ActorId, watcher: ActorId): void {
    this.#entry(target).actors.add(watcher);
  }

  removeActor(target: ActorId, watcher: ActorId): void {
    this.#byTarget.get(target)?.actors.delete(watcher);
    this.#dropIfEmpty(target);
  }

  /** The listeners to tell that the target has ended; they are forgotten. */
  takeListeners(target: ActorId): TerminatedListener[] {
    const entry = this.#byTarget.get(target);
    if (!entry) return [];
    const listeners = [...entry.listeners];
    entry.listeners.clear();
    this.#dropIfEmpty(target);
    return listeners;
  }

  targets(): ActorId[] {
    return [...this.#byTarget.keys()];
  }

  /** Who watches a target from here: actors by id, `process` for the listeners. */
  watchersOf(target: ActorId, process: ActorId): ActorId[] {
    const entry = this.#byTarget.get(target);
    if (!entry) return [];
    return entry.listeners.size > 0 ? [...entry.actors, process] : [...entry.actors];
  }

  #entry(target: ActorId): { actors: Set<ActorId>; listeners: Set<TerminatedListener> } {
    let entry = this.#byTarget.get(target);
    if (!entry) this.#byTarget.set(target, (entry = { actors: new Set(), listeners: new Set() }));
    return entry;
  }

  #dropIfEmpty(target: ActorId): void {
    const entry = this.#byTarget.get(target);
    if (entry && entry.actors.size === 0 && entry.listeners.size === 0) this.#byTarget.delete(target);
  }
}
