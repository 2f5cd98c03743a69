/**
 * This machine as a member of a cluster, put together: the directory, its credentials and its links, and its membership, which decides
 * which partitions are hosted here.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { PostgresDirectory } from '../directory/postgres-directory.ts';
import { PartitionHosting, type PartitionStore } from '../machine-hosting/partition-hosting.ts';
import { authorityOfFile, clusterAuthority } from '../machine-links/authority.ts';
import { RenewedCredentials } from '../machine-links/credentials.ts';
import type { MachineCredentials, MachineWorker } from '../machine-links/machine-network.ts';
import { TlsMachineNetwork } from '../machine-links/tls-machine-network.ts';
import type { WantAnswer } from '../observe/machine-info.ts';
import type { MachineId } from '../machines/machine-row.ts';
import type { Master } from '../master/master.ts';
import type { MasterOptions } from '../master/master-options.ts';
import { type ResolvedCluster, schemaOf } from '../membership/cluster-options.ts';
import { checkCluster } from '../membership/cluster-survey.ts';
import { CLIENT_PREFIX, ClusterObserver } from '../membership/cluster-observer.ts';
import { MachineMembership } from '../membership/machine-membership.ts';
import { checkOwnReach } from '../membership/reach-check.ts';
import { SharedPauses } from '../membership/shared-pauses.ts';
import type { ClusterCheckup, DatabaseCheckup } from '../observe/cluster-checkup.ts';
import type { Log } from '../observe/log.ts';
import { within } from '../vocabulary/shutdown-times.ts';
import type { Clock } from '../vocabulary/clock.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { MachineOptions } from '../worker/worker-options.ts';

/** Between the incarnations of the processes of two machines. */
const INCARNATIONS = 2 ** 20;
/** Milliseconds to become a member; more than the longest time in which a directory that was put back to a backup is waited for. */
export const JOIN_MS_MAX = 60_000;
/** Milliseconds to give the rest back at the end. */
const RELEASE_MS_MAX = 2_000;
const HOST_NAME_MAX = 40;
/** Milliseconds without a byte, at the least, until a link is given up: a busy machine may be silent for a moment, whatever its lease. */
const SILENT_MS_MIN = 5_000;

export interface MemberParts {
  readonly cluster: ResolvedCluster;
  readonly clock: Clock;
  readonly log: Log;
  readonly frameBytesMax: number;
  readonly workers: number;
  /** It owns nothing, and only sends. */
  readonly isClient: boolean;
  /** Path of the operator's own authority; undefined: the cluster has one. */
  readonly authorityFile: string | undefined;
  /** Gives a connection to a worker of this machine. False: there is none like that. */
  handOver(worker: MachineWorker, connection: Socket): boolean;
}

/** The process that is the way into this machine. */
export interface OwnProcess {
  takenUpBy(machine: MachineId, withinMs: number): Promise<unknown>;
  request(what: { kind: 'take-up-pauses' }): Promise<unknown>;
}

export class ClusterMember {
  readonly hosting: PartitionHosting = new PartitionHosting();
  readonly network: TlsMachineNetwork;
  /** Beyond it the incarnations of this machine's processes count: no other machine's do. */
  readonly incarnationsFrom: number;
  /** Those of the whole system. */
  readonly pauses: SharedPauses;
  /** The id under which it joins first. */
  readonly firstId: MachineId;
  /** The master's own, set before anything is asked. */
  ownProcess!: OwnProcess;
  readonly #parts: MemberParts;
  readonly #directory: PostgresDirectory;
  readonly #credentials: RenewedCredentials;
  /** The machine that the credentials in use name. */
  #certified: MachineId;
  #membership: MachineMembership | undefined;
  #observer: ClusterObserver | undefined;
  #left: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    parts: MemberParts,
    directory: PostgresDirectory,
    credentials: RenewedCredentials,
    start: number,
  ) {
    const { cluster, clock, log, frameBytesMax } = parts;
    this.#parts = parts;
    this.#directory = directory;
    this.#credentials = credentials;
    this.firstId = credentials.current.machine;
    this.#certified = this.firstId;
    this.incarnationsFrom = start * INCARNATIONS;
    this.pauses = new SharedPauses({
      ...{ directory, clock, self: () => this.#membership?.id },
      takenUpBy: (machine, withinMs) => this.ownProcess.takenUpBy(machine, withinMs),
      count: () => (this.#membership ?? this.#observer)?.machines().filter(({ state }) => state === 'live').length ?? 1,
    });
    this.network = new TlsMachineNetwork({
      ...{ clock, log, cluster: cluster.name, credentials: credentials.current, frameBytesMax },
      ...{ process: 0, incarnation: this.incarnationsFrom + 1, silentMs: silentMsOf(cluster) },
      address: { advertise: cluster.advertise, databaseUrl: cluster.url },
      handOver: (worker, connection) => parts.handOver(worker, connection),
    });
  }

  /** Rejects STORE_FAILED where the database cannot be used, and INVALID_OPTIONS where the authority cannot. */
  static async open(parts: MemberParts): Promise<ClusterMember> {
    const { cluster, clock, authorityFile } = parts;
    const own = authorityFile === undefined ? undefined : authorityOfFile(authorityFile, clock.wall());
    const schema = schemaOf(cluster);
    const directory = await PostgresDirectory.open(
      { url: cluster.url, schema, statementMs: Math.ceil(cluster.leaseMs / 3) },
      clock,
    );
    try {
      const authority = own ?? (await clusterAuthority(directory, cluster.name, clock));
      let renewed = (): void => {};
      const credentials = new RenewedCredentials({
        ...{ authority, cluster: cluster.name, machine: newMachineId(parts.isClient), clock },
        renewed: () => renewed(),
      });
      const member = new ClusterMember(parts, directory, credentials, randomBytes(4).readUInt32LE());
      renewed = () => member.#useCredentials();
      return member;
    } catch (error) {
      await directory.close();
      throw error;
    }
  }

  get isClient(): boolean {
    return this.#parts.isClient;
  }

  /** The part of it that the workers need. */
  get options(): MachineOptions {
    const { cluster } = this.#parts;
    return { cluster: cluster.name, credentials: this.#credentials.current, silentMs: silentMsOf(cluster) };
  }

  /** Resolves once this client knows the machines. Rejects NO_WORKER where there are none in time. */
  async observe(master: Master): Promise<void> {
    const { clock } = this.#parts;
    let seen = (): void => {};
    const hasSeen = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const observer = new ClusterObserver({
      directory: this.#directory,
      ...{ id: this.firstId, heed: () => this.#heed() },
      changed: () => {
        this.hosting.changed();
        if (observer.tableEpoch > 0) seen();
      },
    });
    this.#observer = observer;
    const credentialsOf = (): MachineCredentials => this.#credentials.current;
    this.hosting.begin(observer, { clock, master: master.ground, store: () => undefined, credentialsOf });
    await within(clock, JOIN_MS_MAX, hasSeen);
    if (observer.tableEpoch === 0)
      throw new TroupeError('NO_WORKER', `no machine of the cluster was there within ${JOIN_MS_MAX} ms`);
  }

  /** Resolves once this machine is a member. `first`: done before the pauses are taken up. Rejects NO_WORKER where it has not become one in time. */
  async join(
    address: string,
    master: Master,
    store: () => PartitionStore | undefined,
    first?: () => Promise<void>,
  ): Promise<void> {
    const { cluster, clock, workers, log } = this.#parts;
    await checkOwnReach({ directory: this.#directory, network: this.network, address, log });
    const ids = [this.firstId];
    let isMember = false;
    let joined = (): void => {};
    const hasJoined = new Promise<void>((resolve) => {
      joined = resolve;
    });
    const membership = new MachineMembership({
      ...{ directory: this.#directory, clock, host: this.hosting, row: { leaseMs: cluster.leaseMs, address, workers } },
      newId: () => ids.shift() ?? newMachineId(),
      onEvent: ({ type, machine }) => {
        log.info({ machine }, `the cluster: ${type}`);
        master.machineEvent(type, machine);
      },
      changed: this.hosting.changed,
      heed: async () => {
        await first?.();
        await this.#heed();
      },
      serve: (until) => {
        master.serve(until);
        // It has its lease, and knows who owns what.
        isMember ||= until > 0 && membership.tableEpoch > 0;
        if (isMember) joined();
      },
    });
    this.#membership = membership;
    this.hosting.begin(membership, {
      ...{ clock, master: master.ground, store, log },
      credentialsOf: (id) => this.#credentialsOf(id),
    });
    await within(clock, JOIN_MS_MAX, hasJoined);
    if (!isMember) throw new TroupeError('NO_WORKER', `the cluster could not be joined within ${JOIN_MS_MAX} ms`);
  }

  async #heed(): Promise<void> {
    await this.ownProcess.request({ kind: 'take-up-pauses' });
  }

  /** Another machine has said that it has a newer table of partitions. */
  outdated(): void {
    this.#membership?.lookAtTable();
    this.#observer?.lookAtTable();
  }

  /** The states of these partitions of another machine lie here. */
  stateArrived(machine: MachineId, partitions: readonly number[]): void {
    this.#membership?.installed(partitions, machine);
  }

  async want(partition: number, machine: MachineId): Promise<WantAnswer> {
    return this.#membership?.wanted.want(partition, machine) ?? 'elsewhere';
  }

  /** The others get what is here, where there are any. */
  async leave(withinMs: number): Promise<void> {
    const membership = this.#membership;
    const others = membership?.machines().filter(({ id, state }) => id !== membership.id && state === 'live') ?? [];
    if (others.length > 0) await within(this.#parts.clock, withinMs, this.#leave());
  }

  /** Nothing of the system runs any more. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#membership) await within(this.#parts.clock, RELEASE_MS_MAX, this.#leave());
    this.#membership?.close();
    this.#observer?.close();
    this.#credentials.close();
    await this.network.close();
    await this.#directory.close();
  }

  /** For the doctor: takes seconds. */
  checkCluster(): Promise<ClusterCheckup> {
    const membership = this.#membership;
    if (!membership) throw new TroupeError('NO_WORKER', 'this machine has not joined its cluster yet');
    const database = (): Promise<DatabaseCheckup> => this.#directory.look();
    const { refusals: refused } = this.network;
    return checkCluster({ membership, looking: this.network, refused, database, clock: this.#parts.clock });
  }

  /** New ones, of the same machine: those of another id are told to the processes with its first view. */
  #useCredentials(): void {
    const { current } = this.#credentials;
    const isRenewed = current.machine === this.#certified;
    this.#certified = current.machine;
    this.network.use(current);
    if (isRenewed) this.hosting.credentialsRenewed();
  }

  /** It joins again under another id. */
  #credentialsOf(machine: MachineId): MachineCredentials {
    if (this.#credentials.current.machine !== machine) this.#credentials.renameTo(machine);
    return this.#credentials.current;
  }

  #leave(): Promise<void> {
    this.#left ??= this.#membership?.leave() ?? Promise.resolve();
    return this.#left;
  }
}

/** The ports of a member to the master. */
export function memberPorts(member: ClusterMember): Partial<MasterOptions> {
  const { hosting, incarnationsFrom } = member;
  return {
    ...{ incarnationsFrom, elsewhere: hosting.elsewhere, pausesOfAll: member.pauses },
    outdated: () => member.outdated(),
    stateArrived: (machine, partitions) => member.stateArrived(machine, partitions),
    placesTold: (machine, places) => hosting.placesTold(machine, places),
    checkCluster: async () => member.checkCluster(),
    want: (partition, machine) => member.want(partition, machine),
    leave: (withinMs) => member.leave(withinMs),
  };
}

/** Names one start of one machine, or of one client. */
function newMachineId(isClient = false): MachineId {
  const host = hostname()
    .replace(/[^\w.-]/g, '-')
    .slice(0, HOST_NAME_MAX);
  return `${isClient ? CLIENT_PREFIX : ''}${host || 'machine'}-${randomBytes(isClient ? 6 : 9).toString('hex')}`;
}

/** A machine that is lost is given up by the directory's word: silence is for a link that is dead between two which both live. */
function silentMsOf({ leaseMs }: ResolvedCluster): number {
  return Math.max(leaseMs * 1.2, SILENT_MS_MIN);
}
