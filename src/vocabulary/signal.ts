/** A signal passes all waiting mail on its way to an actor, or to a process (`processAddress`). */
import type { ActorId } from './address.ts';
import type { ExitReason } from './exit-reason.ts';

/** A watcher, and a number that no other watch of this system has: an answer to an earlier one means nothing to a later. */
export type WatchName = string;

export function nameWatch(watcher: ActorId, process: ActorId, number: number): WatchName {
  return `${watcher} ${process}:${number}`;
}

export function watcherOf(watch: WatchName): ActorId {
  return watch.slice(0, watch.lastIndexOf(' '));
}

export type Signal =
  /** A watched actor has ended; `watch`: the one that this answers. */
  | { readonly type: 'terminated'; readonly id: ActorId; readonly reason: ExitReason; readonly watch: WatchName }
  /** A chain of waits: `path[0]` asked `path[1]` … asked the receiver (edge chasing, Chandy, Misra and Haas 1983). */
  | { readonly type: 'ask-probe'; readonly path: readonly ActorId[] }
  /** A ring was found; the receiver refuses the waiting ask of `ring[0]` with ASK_CYCLE. */
  | { readonly type: 'ask-cycle'; readonly ring: readonly ActorId[] }
  /** A durable receiver has committed all messages of a stream up to a number. */
  | { readonly type: 'acknowledged'; readonly by: ActorId; readonly stream: string; readonly number: number }
  /** The asker gave up: the message need not run, and what runs of it is aborted. */
  | { readonly type: 'ask-given-up'; readonly process: ActorId; readonly correlation: number };
