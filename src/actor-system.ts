/** Puts the house together: one process that hosts all actors, or a master and its workers. */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Behaviour } from './actor/behaviour.ts';
import type { ActorDefinition } from './actor/definition.ts';
import type { KernelLimits } from './actor/kernel.ts';
import type { Store } from './store/store.ts';
import { socketStore } from './store-service/socket-store.ts';
import { Storage } from './data-dir/storage.ts';
import type { StoreOwner } from './store-service/store-owner.ts';
import { ClusterHost } from './worker-pool/cluster-host.ts';
import { LoggedHost } from './worker-pool/logged-host.ts';
import { Master } from './master/master.ts';
import { type ProcessRecord, PidTrackingHost } from './worker-pool/pid-tracking-host.ts';
import { type Gateway, openGateway } from './gateway/gateway.ts';
import { openLog } from './observe/log.ts';
import { levelsOf, logRelay } from './observe/log-relay.ts';
import { type ResolvedOptions, resolveOptions, type SystemOptions } from './options.ts';
import { stopOnSignals } from './signals.ts';
import { openSocketFolder } from './wire/socket-folder.ts';
import { processAddress } from './vocabulary/address.ts';
import { systemClock } from './vocabulary/system-clock.ts';
import { ClusterProcess } from './process/cluster-process.ts';
import { termsOfAll } from './process/kind-terms.ts';
import { behavioursOf, loadActors } from './worker/load-actors.ts';
import { LocalProcess } from './process/local-process.ts';
import type { System } from './system/system.ts';
import { logUnawaited } from './process/unawaited-asks.ts';
import { memorySupply, queueBytesOf } from './peer/memory-supply.ts';
import type { WorkerOptions } from './worker/worker-options.ts';
import type { ToMaster, ToProcess } from './wire/control.ts';
import { localChannel } from './wire/local-channel.ts';
import { removeSocketFolder } from './wire/private-folder.ts';
import { FRAME_EXTRA_BYTES } from './wire/link.ts';
import { SocketNetwork } from './wire/socket-link.ts';

/** Milliseconds for a system without workers to end what is left of it. */
const GIVEN_UP_SHUTDOWN_MS = 1_000;
const WORKER_PROGRAM = new URL('./worker/worker-process.js', import.meta.url);

/**
 * Starts a system: this process is its master, and forks the workers that host the actors; with `workers: 0` all actors live in this
 * process. Resolves once every worker is ready, each within 60 000 ms.
 *
 * By default it loads `./actors`, has a worker for each core, keeps durable actors in `.troupe`, gives an ask 5 000 ms (`askTimeoutMs`), takes
 * messages of up to 16 MiB (`messageBytesMax`, bytes), and shuts down at SIGTERM and SIGINT. It keeps the process alive until `shutdown()`.
 *
 * Rejects INVALID_OPTIONS, naming every fault of the options and of the definitions; STORE_LOCKED where another system holds the `dataDir`; STORE_FAILED where it
 * cannot be opened; NO_WORKER where a worker does not become ready.
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
  if (resolved.groups.length === 0) {
    const behaviours = await behavioursFor(resolved.actors);
    return withStorage(resolved, behaviours, async (storage) => startLocal(resolved, behaviours, storage));
  }
  // Where no worker can be forked, or a behaviour is faulty, nothing has been started yet.
  const host = new ClusterHost(fileURLToPath(WORKER_PROGRAM));
  const behaviours = await behavioursFor(resolved.actors);
  return withStorage(resolved, behaviours, (storage) => startCluster(resolved, behaviours, host, storage));
}

/** What was opened for a system that does not start is closed again. */
async function withStorage(
  { dataDir, name, log }: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  start: (storage: Storage | undefined) => Promise<System>,
): Promise<System> {
  if (![...behaviours.values()].some(({ durable }) => durable !== undefined)) return start(undefined);
  const storage = await Storage.acquire(dataDir, name, openLog(log, { system: name }));
  try {
    return await start(storage);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function startLocal(
  options: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  storage: Storage | undefined,
): Promise<System> {
  const { name, shutdownMs } = options;
  const log = openLog(options.log, { system: name });
  const clock = systemClock();
  let ignoreSignals = (): void => {};
  const logNoMore = logUnawaited();
  let gateway: Gateway | undefined;
  const process = new LocalProcess({
    ...{ name, clock, random: Math.random, log, limits: limitsOf(options), shutdownMs, behaviours },
    ...(storage && {
      store: storage.openHere(),
      journal: storage.openJournal(processAddress(0, 1)),
      startedAt: storage.startedAt,
    }),
    durableInMemoryMax: options.durableInMemoryMax,
    ended: async () => {
      await gateway?.close();
      ignoreSignals();
      logNoMore();
      await storage?.close();
    },
  });
  const { kernel, system } = process;
  gateway = await openGateway({ kernel, system, listen: options.listen }).catch(async (error) => {
    await process.shutdown({ timeoutMs: 0 });
    throw error;
  });
  if (options.signals)
    ignoreSignals = stopOnSignals({ shutdown: () => process.shutdown({}), reload: undefined, killAll: () => {} });
  gateway?.begin();
  log.info(...startLine(options, storage));
  return system;
}

async function startCluster(
  options: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  clusterHost: ClusterHost,
  opened: Storage | undefined,
): Promise<System> {
  let storage = opened;
  const { name, dataDir, groups, supervision: policy, hangMs, shutdownMs, main } = options;
  const clock = systemClock();
  const log = openLog(options.log, { system: name });
  const random = Math.random;
  const token = randomBytes(24).toString('base64url');
  const socketDir = await openSocketFolder();
  const startedAt = storage?.startedAt ?? clock.wall();
  const heartbeatMs = Math.max(10, Math.min(1_000, hangMs / 5));
  const [toMaster, toPeer] = localChannel<ToMaster, ToProcess>(clock);
  const self = { index: 0, incarnation: 1, role: 'master' };
  const accessTo = async (acquired: Storage): Promise<StoreAccess> => {
    const seed = { socketDir, system: name, token, pollMicros: options.pollMicros };
    const owner = await acquired.openOwner(seed);
    const { path } = owner;
    const journals = acquired.journals.path;
    return { path, journals, record: recordOf(acquired, owner), store: socketStore({ ...seed, clock, path, self }) };
  };
  let access = await (storage && accessTo(storage))?.catch((error) => {
    removeSocketFolder(socketDir);
    throw error;
  });
  const loggedHost =
    typeof options.log === 'string' ? clusterHost : new LoggedHost(clusterHost, logRelay(options.log, name));
  const host = new PidTrackingHost(loggedHost, access?.record);
  const network = new SocketNetwork({
    clock,
    folder: socketDir,
    frameBytesMax: options.messageBytesMax + FRAME_EXTRA_BYTES,
    pollMicros: options.pollMicros,
    troubled: (error) => log.error({ err: error }, 'the socket of the master is gone and cannot be made again'),
  });

  const logNoMore = logUnawaited();
  let cleanedUp: Promise<void> | undefined;
  let ignoreSignals = (): void => {};
  let gateway: Gateway | undefined;
  const cleanUp = (): Promise<void> => {
    cleanedUp ??= peer.close().finally(async () => {
      // Behind the last replies.
      await gateway?.close();
      await storage?.close();
      ignoreSignals();
      logNoMore();
      removeSocketFolder(socketDir);
    });
    return cleanedUp;
  };
  const limits = limitsOf(options);
  const peer = new ClusterProcess({
    ...{ system: name, self, clock, random, log, limits, behaviours, startedAt, heartbeatMs, token, network },
    ...{ control: toMaster, exit: () => void cleanUp(), ended: cleanUp, store: access?.store },
  });
  const listened = async (): Promise<string> => {
    gateway = await openGateway({ kernel: peer.kernel, system: peer.system, listen: options.listen });
    return peer.listen();
  };
  const path = await listened().catch(async (error) => {
    await cleanUp();
    throw error;
  });
  const { durableInMemoryMax, pollMicros, askTimeoutMs, messageBytesMax, checkMessages, memory } = options;
  const workerOptions = (): WorkerOptions => ({
    ...{
      ...{ askTimeoutMs, messageBytesMax, checkMessages },
      ...(memory !== undefined && { memory }),
      processes: processesOf(groups),
      pollMicros,
      durableInMemoryMax,
      log: typeof options.log === 'string' ? options.log : levelsOf(options.log),
    },
    ...(access && { storePath: access.path, journals: access.journals }),
  });
  /** The first durable kind has come with a reload. */
  const openStore = async (): Promise<{ options: WorkerOptions; startedAt: number }> => {
    if (!storage || !access) {
      const acquired = await Storage.acquire(dataDir, name, log);
      access = await accessTo(acquired).catch(async (error) => {
        await acquired.close();
        throw error;
      });
      storage = acquired;
      host.recordIn(access.record);
      peer.openStore(access.store);
    }
    return { options: workerOptions(), startedAt: storage.startedAt };
  };
  const master = new Master({
    ...{ host, clock, random, log, policy, hangMs, shutdownMs, groups },
    kinds: termsOfAll(behaviours),
    openStore,
    allGivenUp: () => {
      const text = 'every worker is past its restart intensity';
      if (options.whenAllGivenUp === 'stay') return log.error({}, `${text}; all mail is refused until a reload`);
      log.error({}, `${text}; this process ends with code 1, so that it is started again (supervision.whenAllGivenUp)`);
      const end = (): void => process.exit(1);
      void peer.shutdown({ timeoutMs: GIVEN_UP_SHUTDOWN_MS }).then(end, end);
    },
    boot: {
      system: name,
      actors: options.actors as string,
      socketDir,
      token,
      startedAt,
      heartbeatMs,
      options: workerOptions(),
      ...(main && { main }),
    },
    peer: { channel: toPeer, path },
  });
  const killAll = (): void => {
    master.killAll();
    removeSocketFolder(socketDir);
  };
  const reload = (): Promise<void> =>
    peer.system.reload().catch((error) => log.error({ err: error }, 'the workers could not be replaced'));
  if (options.signals) ignoreSignals = stopOnSignals({ shutdown: () => peer.shutdown({}), reload, killAll });
  try {
    await master.start();
    gateway?.begin();
    log.info(...startLine(options, storage));
  } catch (error) {
    await cleanUp();
    throw error;
  }
  return peer.system;
}

/** What the log says at the start, so that a mistake in the place of the data shows on the first day. */
function startLine({ name, groups }: ResolvedOptions, storage: Storage | undefined): [fields: object, text: string] {
  const roles = groups.map(({ role, count }) => (groups.length > 1 ? `${count} ${role}` : String(count)));
  const workers = groups.reduce((sum, { count }) => sum + count, 0);
  const data = storage && { dataDir: storage.dataDir, found: storage.wasFound };
  const where = data ? `data in ${data.dataDir} (${data.found ? 'found' : 'new'})` : 'no durable kinds';
  return [{ workers, ...data }, `'${name}' has started; workers: ${roles.join(' + ') || 0}; ${where}`];
}

/** How the processes of a system reach its store. */
interface StoreAccess {
  /** Of the socket of its owner. */
  readonly path: string;
  /** The folder of turn journals. */
  readonly journals: string;
  readonly store: Store;
  readonly record: ProcessRecord;
}

function recordOf(storage: Storage, owner: StoreOwner): ProcessRecord {
  return {
    addWorker: (pid) => storage.addWorker(pid),
    removeWorker: (pid) => storage.removeWorker(pid),
    died: (worker) => {
      owner.died(worker);
      storage.died(processAddress(worker.index, worker.incarnation));
    },
  };
}

/** Of this process. */
function limitsOf({ askTimeoutMs, messageBytesMax, checkMessages, memory, groups }: ResolvedOptions): KernelLimits {
  const memoryBytes = memory ?? queueBytesOf(memorySupply(), processesOf(groups));
  return { askTimeoutMs, messageBytesMax, checkMessages, memoryBytes };
}

/** With the master; they share the memory of the machine or container. */
function processesOf(groups: ResolvedOptions['groups']): number {
  return groups.reduce((sum, { count }) => sum + count, 1);
}

async function behavioursFor(actors: string | Record<string, ActorDefinition>): Promise<Map<string, Behaviour>> {
  if (typeof actors === 'string') return loadActors(actors);
  return behavioursOf(Object.entries(actors), (kind) => `actors.${kind}`);
}
