/** A request to be told of an actor's end, answered where that actor lives, or would. */
import type { ActorId } from '../vocabulary/address.ts';
import type { WatchName } from '../vocabulary/signal.ts';
import type { Cell } from './cell.ts';
import type { Kernel } from './kernel.ts';
import type { PassivatedActors } from './passivation.ts';
import { tellEnd, type Watchers } from './watchers.ts';

/** The actors of this process, as far as their watchers need them. */
interface WatchedActors {
  readonly kernel: Kernel;
  readonly watchers: Watchers;
  readonly passivated: PassivatedActors;
  cellOf(id: ActorId): Cell | undefined;
}

export function watchHere(actors: WatchedActors, target: ActorId, watch: WatchName): void {
  const { watchers, kernel } = actors;
  // A passivated one that is watched from there already has not ended.
  if (actors.cellOf(target) || watchers.has(target, watch)) watchers.add(target, watch);
  else if (kernel.durability?.isDurable(target)) void watchAbsent(actors, target, watch);
  else tellEnd(kernel.router, target, watch, 'not-found');
}

/**
 * After a crash, in whose epoch any other one has died with its worker: who was spawned, or is durable, or was watched here
 * already, or has moved here, lives on.
 */
export function watchAgainHere(
  actors: WatchedActors,
  target: ActorId,
  [watch, epoch]: [watch: WatchName, epoch: number],
): void {
  const { watchers, kernel, passivated } = actors;
  const cell = actors.cellOf(target);
  const isSpawned = (cell?.origin ?? passivated.originOf(target))?.spawned === true;
  const runsOn = isSpawned || kernel.durability?.isDurable(target) || watchers.has(target, watch);
  if (runsOn || (cell && cell.epoch < epoch)) watchers.add(target, watch);
  else tellEnd(kernel.router, target, watch, 'worker-exited');
}

/** A durable actor that is not in memory has not ended, if there is a record of it. It is watched while that is looked up. */
async function watchAbsent(actors: WatchedActors, target: ActorId, watch: WatchName): Promise<void> {
  const { watchers, kernel } = actors;
  watchers.add(target, watch);
  try {
    if ((await kernel.durability?.isOnDisk(target)) || actors.cellOf(target)) return;
  } catch (error) {
    return kernel.log.error({ err: error, actor: target }, 'the store did not tell whether a watched actor exists');
  }
  if (!watchers.has(target, watch)) return;
  watchers.remove(target, watch);
  tellEnd(kernel.router, target, watch, 'not-found');
}
