/**
 * Watches on actors of a worker that has died: asked again of whoever hosts their ids now. Also of one whose link broke
 * while it lives: the watch or its answer may have been lost with it.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { type ActorId, isProcessAddress, kindOf } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { WatchRecord } from '../actor/luggage.ts';
import { watcherOf, type WatchName } from '../vocabulary/signal.ts';
import type { Router } from './router.ts';

/** What is watched from here, or by those that are about to live here, and lives, or lived, on the worker: as requests to make. */
export function lostWatches(
  actors: LocalActors,
  router: Router,
  worker: number,
  verb: 'rewatch' | 'watch' = 'rewatch',
  arriving: Iterable<WatchRecord> = [],
): Envelope[] {
  const { watching, kernel } = actors;
  const mayBeThere = (target: ActorId): boolean => {
    const behaviour = kernel.behaviours.get(kindOf(target));
    // Where nobody here knows its place, it may have been there: asking again costs a request, not asking a promise.
    const home = behaviour && router.homeOf(target, behaviour);
    return behaviour !== undefined && (home === undefined || home === worker);
  };
  const lost: Envelope[] = [];
  for (const target of watching.targets()) {
    if (!mayBeThere(target)) continue;
    for (const watch of watching.watchesOf(target)) lost.push(watchAgain(verb, target, watch));
  }
  for (const [target, watch] of arriving) if (mayBeThere(target)) lost.push(watchAgain(verb, target, watch));
  return lost;
}

function watchAgain(verb: 'rewatch' | 'watch', target: ActorId, watch: WatchName): Envelope {
  const watcher = watcherOf(watch);
  const sender = isProcessAddress(watcher) ? undefined : watcher;
  return new Envelope(verb, target, watch, sender, undefined, 0);
}
