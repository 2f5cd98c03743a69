/**
 * Watches on actors whose machine is another one by a new table. A durable actor goes on there, and one that was handed over live, and is watched
 * there; another one has ended with its machine, where that was not this one, which tells of its own.
 */
import type { LocalActors } from '../actor/local-actors.ts';
import { tellEnd } from '../actor/watchers.ts';
import { shardOf } from '../placement/shard.ts';
import type { Router } from '../routing/router.ts';
import { type ActorId, isProcessAddress } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import { watcherOf } from '../vocabulary/signal.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import { NOWHERE } from '../wire/control.ts';

export class MovedWatches {
  readonly #actors: LocalActors;
  readonly #router: Router;
  /** Where the watched ones were by the table before. */
  #hosts: [target: ActorId, host: number][] = [];

  constructor(actors: LocalActors, router: Router) {
    this.#actors = actors;
    this.#router = router;
  }

  beforeTable(): void {
    this.#hosts = this.#actors.watching.targets().flatMap((target): [ActorId, number][] => {
      const known = this.#router.knownHostOf(target);
      const host = known === undefined ? undefined : machineIndexOf(known);
      return host === undefined || host === NOWHERE ? [] : [[target, host]];
    });
  }

  /** `live`: partitions that their owners have with all that lived there. */
  afterTable(live: ReadonlySet<number>): void {
    for (const [target, before] of this.#hosts.splice(0)) {
      const known = this.#router.knownHostOf(target);
      const now = known === undefined ? undefined : machineIndexOf(known);
      const wasElsewhere = before >= MACHINE_INDEX_MIN;
      const isElsewhere = now !== undefined && (now === NOWHERE || now >= MACHINE_INDEX_MIN);
      if (now === before || !(wasElsewhere || isElsewhere)) continue;
      if (this.#router.termsOf(target)?.isDurable || live.has(shardOf(target))) this.#watchAgain(target);
      else if (wasElsewhere) this.#hasEnded(target);
    }
  }

  #watchAgain(target: ActorId): void {
    for (const watch of this.#actors.watching.watchesOf(target)) {
      const watcher = watcherOf(watch);
      const sender = isProcessAddress(watcher) ? undefined : watcher;
      this.#router.deliver(new Envelope('watch', target, watch, sender, undefined, 0));
    }
  }

  #hasEnded(target: ActorId): void {
    for (const watch of this.#actors.watching.watchesOf(target)) {
      tellEnd(this.#router, target, watch, 'worker-exited');
    }
  }
}
