/** Watches on actors of a worker that has died: asked again of whoever hosts their ids now. */
import type { LocalActors } from '../actor/local-actors.ts';
import { type ActorId, isProcessAddress, kindOf } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { Router } from './router.ts';

/** What is watched from here and lived on the worker, as requests to make once the table names the new homes. */
export function lostWatches(actors: LocalActors, router: Router, worker: number): Envelope[] {
  const { watching, kernel } = actors;
  const lost: Envelope[] = [];
  for (const target of watching.targets()) {
    const behaviour = kernel.behaviours.get(kindOf(target));
    // Where nobody here knows its place, it may have been there: asking again costs a request, not asking a promise.
    const home = behaviour && router.homeOf(target, behaviour);
    if (!behaviour || (home !== undefined && home !== worker)) continue;
    for (const watcher of watching.watchersOf(target, kernel.address)) lost.push(watchAgain(target, watcher));
  }
  return lost;
}

function watchAgain(target: ActorId, watcher: ActorId): Envelope {
  const sender = isProcessAddress(watcher) ? undefined : watcher;
  return new Envelope('rewatch', target, watcher, sender, undefined, 0);
}
