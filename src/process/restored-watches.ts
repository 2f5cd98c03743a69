/**
 * Watches on actors of a worker that has died: asked again of whoever hosts their ids now. Also of one whose link broke
 * while it lives: the watch or its answer may have been lost with it.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { type ActorId, isProcessAddress, processAddress } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { WatchRecord } from '../actor/transfer.ts';
import { watcherOf, type WatchName } from '../vocabulary/signal.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import { type DeadProcess, NOWHERE } from '../wire/control.ts';
import type { Router } from '../routing/router.ts';

/**
 * Since a process has died: the watches on those who may have lived there, and all watches of those who came from there, since it
 * may have held the news of an end for them. `incoming`: of those who come with this change; `epoch`: its own.
 */
export function watchesToRestore(
  { index, incarnation }: DeadProcess,
  actors: LocalActors,
  router: Router,
  incoming: Iterable<WatchRecord>,
  epoch: number,
): Envelope[] {
  const dead = processAddress(index, incarnation);
  const lost = [...watchesFrom(actors)].filter(
    ([target, watch]) => mayLiveOn(target, index, router) || actors.watching.hasComeFrom(watch, dead),
  );
  return [...lost, ...incoming].map(([target, watch]) => watchAgain('rewatch', target, watch, [watch, epoch]));
}

/** Watches that are to be asked again since the link to a worker that lives broke: the watch or its answer may have been on it. */
export function watchesToRestoreOnLink(worker: number, actors: LocalActors, router: Router): Envelope[] {
  const lost = [...watchesFrom(actors)].filter(([target]) => mayLiveOn(target, worker, router));
  return lost.map(([target, watch]) => watchAgain('watch', target, watch, watch));
}

/** Since a worker of another machine has died, by this epoch of that machine's table. Where the watched one lives on, this changes nothing. */
export function watchesOnMachine(machine: number, epoch: number, actors: LocalActors, router: Router): Envelope[] {
  const there = [...watchesFrom(actors)].filter(([target]) => router.runsAt(target, machine));
  return there.map(([target, watch]) => watchAgain('rewatch', target, watch, [watch, epoch]));
}

/** The machine of each watched one, as its place is known: an index beyond `MACHINE_INDEX_MIN`; below it, this machine. */
export function machinesOfWatched({ watching }: LocalActors, router: Router): Map<ActorId, number | undefined> {
  return new Map(watching.targets().map((target) => [target, machineOfHost(router.knownHostOf(target))]));
}

/**
 * Since partitions have changed machines: a watch that was on its way through another process, at the old place, may be lost with
 * the link of that one, of which nobody tells. Where the watched one has gone along, this changes nothing.
 */
export function watchesOfOthersNow(
  before: ReadonlyMap<ActorId, number | undefined>,
  actors: LocalActors,
  router: Router,
): Envelope[] {
  const elsewhere = [...watchesFrom(actors)].filter(([target]) => {
    const now = machineOfHost(router.knownHostOf(target));
    return now !== undefined && before.has(target) && before.get(target) !== now;
  });
  return elsewhere.map(([target, watch]) => watchAgain('watch', target, watch, watch));
}

function machineOfHost(host: number | undefined): number | undefined {
  if (host === undefined || host === NOWHERE) return undefined;
  return host < MACHINE_INDEX_MIN ? 0 : machineIndexOf(host);
}

function* watchesFrom({ watching }: LocalActors): Iterable<WatchRecord> {
  for (const target of watching.targets()) for (const watch of watching.watchesOf(target)) yield [target, watch];
}

/** Where nobody here knows its place, it may have been there: asking again costs a request, not asking a promise. */
function mayLiveOn(target: ActorId, worker: number, router: Router): boolean {
  const terms = router.termsOf(target);
  const host = terms && router.hostOf(target, terms);
  return terms !== undefined && (host === undefined || machineIndexOf(host) === machineIndexOf(worker));
}

function watchAgain(verb: 'rewatch' | 'watch', target: ActorId, watch: WatchName, message: unknown): Envelope {
  const watcher = watcherOf(watch);
  const sender = isProcessAddress(watcher) ? undefined : watcher;
  return new Envelope(verb, target, message, sender, undefined, 0);
}
