/** Puts the house together: one process that hosts all actors, or a master and its workers. */
import type { Behaviour } from './actor/behaviour.ts';
import type { ActorDefinition } from './actor/definition.ts';
import { ClusterMember } from './actor-system/cluster-member.ts';
import { startCluster } from './actor-system/cluster-system.ts';
import { startLocal } from './actor-system/local-system.ts';
import { Storage } from './data-dir/storage.ts';
import { guardedLog } from './observe/guarded-log.ts';
import { type ResolvedCluster, schemaOf } from './membership/cluster-options.ts';
import { openLog } from './observe/log.ts';
import { type ResolvedOptions, resolveOptions, type SystemOptions } from './options.ts';
import type { System } from './system/system.ts';
import { systemClock } from './vocabulary/system-clock.ts';
import { FRAME_EXTRA_BYTES } from './wire/link.ts';
import { behavioursOf, loadActors } from './worker/load-actors.ts';
import { WORKER_PROGRAM } from './worker/worker-program.ts';
import { ClusterHost } from './worker-pool/cluster-host.ts';

/**
 * Starts a system: this process is its master, and forks the workers that host the actors; with `workers: 0` all actors live in this
 * process. Resolves once every worker is ready, each within 60 000 ms.
 *
 * By default it loads `./actors`, has a worker for each core that the process may use and has memory for, keeps durable actors in `.troupe`, gives an
 * ask 5 000 ms (`askTimeoutMs`), takes messages of up to 16 MiB (`messageBytesMax`, bytes), and shuts down at SIGTERM and SIGINT. It keeps the
 * process alive until `shutdown()`.
 *
 * Rejects INVALID_OPTIONS, naming every fault of the options and of the definitions, or with what `main` threw; STORE_LOCKED where another system
 * holds the `dataDir`; STORE_FAILED where it, or the database of a cluster, cannot be opened; NO_WORKER where a worker does not become ready, or a
 * cluster is not joined within 60 000 ms. Nothing is left running then.
 *
 * @example
 * ```ts
 * const system = await createSystem({ actors: './actors', workers: 4 });
 * system.tell('counter/alice', { type: 'add', by: 2 });
 * console.log(await system.ask('counter/alice', { type: 'get' }));
 * await system.shutdown();
 * ```
 */
export async function createSystem(options: SystemOptions = {}): Promise<System> {
  const resolved = resolveOptions(options);
  if (resolved.cluster) return startMember(resolved, resolved.cluster);
  if (resolved.groups.length === 0) {
    const behaviours = await behavioursFor(resolved.actors);
    return withStorage(resolved, behaviours, async (storage) => startLocal(resolved, behaviours, storage));
  }
  // Where no worker can be forked, or a behaviour is faulty, nothing has been started yet.
  const host = new ClusterHost(WORKER_PROGRAM);
  const behaviours = await behavioursFor(resolved.actors);
  return withStorage(resolved, behaviours, (storage) => startCluster(resolved, behaviours, host, storage, undefined));
}

/** One of several machines: its durable actors are in the cluster's database. */
async function startMember(options: ResolvedOptions, cluster: ResolvedCluster): Promise<System> {
  const host = new ClusterHost(WORKER_PROGRAM);
  const behaviours = await behavioursFor(options.actors);
  const member = await ClusterMember.open({
    ...{ cluster, clock: systemClock(), log: openLog(options.log, { system: options.name }) },
    frameBytesMax: options.messageBytesMax + FRAME_EXTRA_BYTES,
    isClient: options.isClient,
    workers: options.groups.reduce((sum, { count }) => sum + count, 0),
    authorityFile: process.env.TROUPE_CA || undefined,
    handOver: (worker, connection) => host.handOver(worker, connection),
  });
  // A client writes nothing: what it sends is kept where it arrives.
  const kept = options.isClient ? new Map<string, Behaviour>() : behaviours;
  const place = { ...options, postgres: { url: cluster.url, schema: schemaOf(cluster), writer: member.firstId } };
  try {
    return await withStorage(place, kept, (storage) => startCluster(place, behaviours, host, storage, member));
  } catch (error) {
    await member.close();
    throw error;
  }
}

/** The storage of a system that does not start is closed again. */
async function withStorage(
  options: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  start: (storage: Storage | undefined) => Promise<System>,
): Promise<System> {
  if (![...behaviours.values()].some(({ durable }) => durable !== undefined)) return start(undefined);
  const storage = await Storage.acquire(options, guardedLog(openLog(options.log, { system: options.name })));
  try {
    return await start(storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function behavioursFor(actors: string | Record<string, ActorDefinition>): Promise<Map<string, Behaviour>> {
  if (typeof actors === 'string') return loadActors(actors);
  return behavioursOf(Object.entries(actors), (kind) => `actors.${kind}`);
}
