/**
 * A system with workers, put together: the folder of sockets, the shared storage, the master's own process, the gateway, the
 * master. The end of the system, and a start that fails, close them in one order: process, gateway, storage, folder.
 */
import { randomBytes } from 'node:crypto';
import type { Behaviour } from '../actor/behaviour.ts';
import { SharedStorage } from '../data-dir/shared-storage.ts';
import { Storage } from '../data-dir/storage.ts';
import { type Gateway, openGateway } from '../gateway/gateway.ts';
import { Master } from '../master/master.ts';
import { guardedLog } from '../observe/guarded-log.ts';
import { type Log, openLog } from '../observe/log.ts';
import type { Spans } from '../observe/spans.ts';
import { levelsOf, logRelay } from '../log-relay/log-relay.ts';
import type { ResolvedOptions } from '../options.ts';
import { withPause } from '../placement/pause-list.ts';
import { ClusterProcess } from '../process/cluster-process.ts';
import { termsOfAll } from '../process/kind-terms.ts';
import type { KeptPauses } from '../process/local-pauses.ts';
import { logUnawaited } from '../process/unawaited-asks.ts';
import { stopOnSignals } from '../os-signals.ts';
import type { System } from '../system/system.ts';
import { findSpans } from '../tracing/find-spans.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { systemClock } from '../vocabulary/system-clock.ts';
import type { ControlChannel, ToMaster, ToProcess } from '../wire/control.ts';
import { FRAME_EXTRA_BYTES, type LinkNetwork } from '../wire/link.ts';
import { localChannel } from '../wire/local-channel.ts';
import { removeSocketFolder, watchdogPath } from '../wire/private-folder.ts';
import { openSocketFolder } from '../wire/socket-folder.ts';
import { SocketNetwork } from '../wire/socket-network.ts';
import { LoggedHost } from '../worker-pool/logged-host.ts';
import { PidTrackingHost } from '../worker-pool/pid-tracking-host.ts';
import { askWatchdog } from '../worker-pool/watchdog-line.ts';
import type { WorkerHost } from '../worker-pool/worker-host.ts';
import type { Web } from '../web/web.ts';
import type { WorkerOptions } from '../worker/worker-options.ts';
import { bootOrderOf, workerOptionsOf } from './boot-order.ts';
import { type ClusterMember, memberPorts } from './cluster-member.ts';
import { entriesOf, openWeb } from './listeners.ts';
import { firstPauses, STARTED_PAUSED } from './first-pauses.ts';
import { limitsOf } from './process-limits.ts';
import { startLine, unhostedKinds } from './start-line.ts';

/** Milliseconds for a system without workers to end what is left of it. */
const GIVEN_UP_SHUTDOWN_MS = 1_000;
/** Lines of workers go to the program's logger, where it gave one. */
function loggedHost(host: WorkerHost, { log, name }: ResolvedOptions): WorkerHost {
  return typeof log === 'string' ? host : new LoggedHost(host, logRelay(log, name), () => levelsOf(log).level);
}

/** The master's own process, as a peer. */
function masterOf(member: ClusterMember | undefined): { index: number; incarnation: number; role: string } {
  return { index: 0, incarnation: (member?.incarnationsFrom ?? 0) + 1, role: 'master' };
}

/** The parts that are there before anything of a system listens or runs. */
interface ClusterGround {
  readonly options: ResolvedOptions;
  readonly behaviours: ReadonlyMap<string, Behaviour>;
  readonly clusterHost: WorkerHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Folder of the sockets of all processes. */
  readonly socketDir: string;
  /** The secret by which processes know each other. */
  readonly token: string;
  /** Undefined where nobody traces. */
  readonly spans: Spans | undefined;
  /** Undefined: this system is one machine. */
  readonly member: ClusterMember | undefined;
}

/** `storage`: undefined where no kind is durable; its caller closes it where this rejects. */
export async function startCluster(
  options: ResolvedOptions,
  behaviours: ReadonlyMap<string, Behaviour>,
  clusterHost: WorkerHost,
  storage: Storage | undefined,
  member: ClusterMember | undefined,
): Promise<System> {
  const log = guardedLog(openLog(options.log, { system: options.name }));
  const spans = await findSpans(options.trace, 0);
  const token = randomBytes(24).toString('base64url');
  const socketDir = await openSocketFolder(member?.incarnationsFrom);
  const ground = { options, behaviours, clusterHost, clock: systemClock(), log, socketDir, token, spans, member };
  const shared = await (storage && shareStorage(storage, ground))?.catch((error) => {
    removeSocketFolder(socketDir);
    throw error;
  });
  return new ClusterSystem(ground, shared).start(startLine(options, storage));
}

function shareStorage(
  storage: Storage,
  { options, clock, socketDir, token, member }: ClusterGround,
): Promise<SharedStorage> {
  const { name: system, pollMicros } = options;
  return SharedStorage.open(storage, { clock, socketDir, system, token, pollMicros, self: masterOf(member) });
}

class ClusterSystem {
  readonly #ground: ClusterGround;
  readonly #startedAt: number;
  readonly #heartbeatMs: number;
  readonly #host: PidTrackingHost;
  readonly #peer: ClusterProcess;
  /** The master's end of the channel to its own process. */
  readonly #toPeer: ControlChannel<ToProcess, ToMaster>;
  readonly #logNoMore: () => void;
  #storage: SharedStorage | undefined;
  #gateway: Gateway | undefined;
  #web: Web | undefined;
  #ignoreSignals = (): void => {};
  #closed: Promise<void> | undefined;

  constructor(ground: ClusterGround, storage: SharedStorage | undefined) {
    const { options, clusterHost, clock } = ground;
    this.#ground = ground;
    this.#storage = storage;
    this.#startedAt = storage?.startedAt ?? clock.wall();
    this.#heartbeatMs = Math.max(10, Math.min(1_000, options.hangMs / 5));
    this.#host = new PidTrackingHost(loggedHost(clusterHost, options), storage);
    this.#logNoMore = logUnawaited();
    const [toMaster, toPeer] = localChannel<ToMaster, ToProcess>(clock);
    this.#toPeer = toPeer;
    this.#peer = this.#newPeer(toMaster);
  }

  /** Resolves once every worker is ready; what has been opened is closed where that fails. */
  async start(line: [fields: object, text: string]): Promise<System> {
    const { options, behaviours, log, member } = this.#ground;
    try {
      const path = await this.#listen();
      const master = this.#newMaster(path, await this.#firstPauses());
      if (options.signals) this.#ignoreSignals = this.#stopOnSignals(master);
      await master.start();
      await this.#join(master);
      this.#gateway?.begin();
      this.#web?.begin();
      log.info(...line);
      // Another machine may have workers of that role.
      const unhosted = member ? undefined : unhostedKinds(options, behaviours);
      if (unhosted !== undefined) log.warn({}, unhosted);
    } catch (error) {
      await this.#close();
      throw error;
    }
    return this.#peer.system;
  }

  /** A machine of a cluster has none of its own. */
  async #firstPauses(): Promise<KeptPauses | undefined> {
    const { options, log, member } = this.#ground;
    return member ? undefined : firstPauses(options, () => this.#storage?.pauses, log);
  }

  /** Its workers are ready: from now on partitions are hosted here. */
  async #join(master: Master): Promise<void> {
    const { member } = this.#ground;
    if (!member) return;
    member.ownProcess = this.#peer;
    if (member.isClient) return member.observe(master);
    const first = this.#pausedFirst(member);
    await member.join(await this.#peer.listenForMachines(), master, () => this.#storage?.store, first);
  }

  /** Of the option `paused`: once, before anything is served. */
  #pausedFirst({ pauses }: ClusterMember): () => Promise<void> {
    const { options, clock } = this.#ground;
    let isDone = !options.paused;
    return async () => {
      if (!isDone) await pauses.change((now) => withPause(now, '*', STARTED_PAUSED, clock.wall()));
      isDone = true;
    };
  }

  #newPeer(control: ControlChannel<ToMaster, ToProcess>): ClusterProcess {
    const { options, behaviours, clock, log, token, spans, member } = this.#ground;
    const close = (): Promise<void> => this.#close();
    return new ClusterProcess({
      ...{
        system: options.name,
        self: masterOf(member),
        clock,
        random: Math.random,
        log,
        limits: limitsOf(options),
        behaviours,
        spans,
      },
      ...{ startedAt: this.#startedAt, heartbeatMs: this.#heartbeatMs, token, network: this.#newNetwork(), control },
      ...{ exit: () => void close(), ended: close, store: this.#storage?.store },
      ...(member && { machines: member.network, isLeased: !member.isClient }),
    });
  }

  #newNetwork(): LinkNetwork {
    const { options, clock, log, socketDir } = this.#ground;
    return new SocketNetwork({
      clock,
      folder: socketDir,
      frameBytesMax: options.messageBytesMax + FRAME_EXTRA_BYTES,
      pollMicros: options.pollMicros,
      troubled: (error) => log.error({ err: error }, 'the socket of the master is gone and cannot be made again'),
    });
  }

  /** The gateway first: an address that is taken is a mistake of the options. Resolves with the path of the process's own socket. */
  async #listen(): Promise<string> {
    const { kernel, system } = this.#peer;
    const { options, socketDir, token } = this.#ground;
    const direct = { folder: socketDir, secret: token };
    this.#gateway = await openGateway({ kernel, system, direct, ...entriesOf(options) });
    this.#web = await openWeb(options, { kernel, system, store: () => this.#storage?.store });
    return this.#peer.listen();
  }

  #newMaster(path: string, pauses: KeptPauses | undefined): Master {
    const { options, behaviours, clock, log, socketDir, token, member } = this.#ground;
    const { supervision: policy, hangMs, shutdownMs, groups } = options;
    const seed = {
      socketDir,
      token,
      startedAt: this.#startedAt,
      heartbeatMs: this.#heartbeatMs,
      isLeased: member !== undefined,
    };
    return new Master({
      ...(member && memberPorts(member)),
      ...{ host: this.#host, clock, random: Math.random, log, policy, hangMs, shutdownMs, groups },
      ...{ kinds: termsOfAll(behaviours), ...(pauses && { pauses }) },
      openStore: () => this.#openStore(),
      allGivenUp: () => this.#allGivenUp(),
      ending: () => this.#web?.drain(),
      boot: bootOrderOf(options, seed, this.#storage, member?.options),
      lookIntoLoop: ({ index, incarnation }) => askWatchdog(watchdogPath(socketDir, { index, incarnation })),
      peer: { channel: this.#toPeer, path },
    });
  }

  /** The first durable kind has come with a reload. */
  async #openStore(): Promise<{ options: WorkerOptions; startedAt: number }> {
    const { options, log } = this.#ground;
    if (!this.#storage) {
      const acquired = await Storage.acquire(options, log);
      const shared = await shareStorage(acquired, this.#ground).catch(async (error) => {
        await acquired.close();
        throw error;
      });
      this.#storage = shared;
      this.#host.recordIn(shared);
      this.#peer.openStore(shared.store);
    }
    const workerOptions = workerOptionsOf(options, this.#storage, this.#ground.member?.options);
    return { options: workerOptions, startedAt: this.#storage.startedAt };
  }

  #allGivenUp(): void {
    const { options, log } = this.#ground;
    const text = 'every worker is past its restart intensity';
    if (options.whenAllGivenUp === 'stay') return log.error({}, `${text}; all mail is refused until a reload`);
    log.error({}, `${text}; this process ends with code 1, so that it is started again (supervision.whenAllGivenUp)`);
    const end = (): void => process.exit(1);
    void this.#peer.shutdown({ timeoutMs: GIVEN_UP_SHUTDOWN_MS }).then(end, end);
  }

  #stopOnSignals(master: Master): () => void {
    const { log, socketDir } = this.#ground;
    return stopOnSignals({
      shutdown: () => this.#peer.shutdown({}),
      reload: () =>
        this.#peer.system.reload().catch((error) => log.error({ err: error }, 'the workers could not be replaced')),
      killAll: () => {
        this.#gateway?.shut();
        master.killAll();
        removeSocketFolder(socketDir);
      },
    });
  }

  /** In this order: the gateway is closed behind the last replies, then nobody looks in any more, the storage behind the last commits. */
  #close(): Promise<void> {
    this.#closed ??= this.#peer.close().finally(async () => {
      await this.#gateway?.close();
      await this.#web?.close();
      await this.#ground.member?.close();
      await this.#storage?.close();
      this.#ignoreSignals();
      this.#logNoMore();
      removeSocketFolder(this.#ground.socketDir);
    });
    return this.#closed;
  }
}
