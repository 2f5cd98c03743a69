/** A process's part in a system of several machines, put together: its links to the others, and what a new table of partitions means for it. */
import type { LocalActors } from '../actor/local-actors.ts';
import type { ProcessDurability } from '../durability/process-durability.ts';
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import type { LinkFlushes } from '../peer/link-flushes.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Peers } from '../peer/peers.ts';
import { shardOf } from '../placement/shard.ts';
import type { ClusterTopics } from '../routing/cluster-topics.ts';
import type { KnownCluster } from '../routing/known-cluster.ts';
import type { Router } from '../routing/router.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import type { ErrorData } from '../vocabulary/errors.ts';
import { isForeignWorker, machineIndexOf, MACHINE_INDEX_MIN } from '../vocabulary/host-index.ts';
import {
  type ForeignMachine,
  type MachinesView,
  type MasterRequest,
  NOWHERE,
  type TableChange,
  type ToMaster,
} from '../wire/control.ts';
import type { LostSource } from '../wire/process-query.ts';
import { type CallArgument, HOST_DIED, RESEND } from '../wire/entry.ts';
import { AllPeers } from './all-peers.ts';
import {
  answerAboutHandOver,
  HandOverParticipant,
  type HandOverQuery,
} from '../machine-hand-over/hand-over-participant.ts';
import { type AnswerCall, MachineCalls } from '../machine-routes/machine-calls.ts';
import { MachineLinkEvents, type MachineEventParts } from './machine-link-events.ts';
import { MACHINE_INCARNATION } from '../machine-routes/machine-link-network.ts';
import { MachinePeers } from './machine-peers.ts';
import { MachineTopics } from '../machine-routes/machine-topics.ts';
import { MovedWatches } from '../machine-routes/moved-watches.ts';
import { flushOn } from './onward-flush.ts';
import { LostRoutes, type LostRoutesParts, READ_MS_MAX } from '../machine-routes/lost-routes.ts';
import { RelayedAsks } from '../machine-routes/relayed-asks.ts';
import { FollowedPlaces, OwnPlaces, PLACES } from '../machine-routes/told-places.ts';
import { PublishedRoutes } from '../machine-routes/published-routes.ts';
import { RoutesLeft } from '../machine-routes/routes-left.ts';

/** Replies to guests leave by the links on which their asks have come. */
export interface GuestReplies {
  sendReply(process: ActorId, correlation: number, value: unknown): void;
  sendFailure(process: ActorId, correlation: number, error: ErrorData): void;
}

export interface MachinesGround {
  readonly self: { index: number; incarnation: number };
  readonly actors: LocalActors;
  readonly cluster: KnownCluster;
  readonly network: MachineNetwork;
  /** Of this machine. */
  readonly peers: Peers;
  /** Calls of other machines, which come to the way in. */
  readonly answer: AnswerCall;
  /** Of the master of this machine. */
  request(what: MasterRequest): Promise<unknown>;
  tellMaster(message: ToMaster): void;
}

/** The parts that are there once the ways are. */
export interface OtherMachinesParts
  extends Pick<MachineEventParts, 'router' | 'topics' | 'durability' | 'loss' | 'flushed' | 'toRef'> {
  readonly router: Router;
  readonly topics: ClusterTopics;
  readonly durability: ProcessDurability;
  readonly flushes: LinkFlushes;
  readonly cluster: KnownCluster;
  /** To an asker in another process of this machine. */
  replyWithin(process: ActorId, correlation: number): ReplyTo;
  /** The place of an id whose kind is not placed by hash. */
  locate(id: ActorId): Promise<number>;
  /** A child is to be on that worker. */
  pin(id: ActorId, worker: number): Promise<unknown>;
  /** Moves within this machine wait for it no longer. */
  machineGone(index: number): void;
  replyTo(replies: GuestReplies, process: ActorId, correlation: number): ReplyTo;
}

export class OtherMachines {
  readonly peers: AllPeers;
  readonly #machines: MachinePeers;
  readonly #actors: LocalActors;
  readonly #relayed: RelayedAsks;
  readonly #calls: MachineCalls;
  readonly #ground: MachinesGround;
  readonly #routesLeft: RoutesLeft;
  readonly #ownPlaces: OwnPlaces;
  readonly #followed: FollowedPlaces;
  readonly #lostRoutes: LostRoutes;
  #parts!: OtherMachinesParts;
  #handOvers!: HandOverParticipant;
  #published!: PublishedRoutes;
  /** Machines of the partitions that the table which is being taken up changes, by the one before. */
  #before = new Map<number, number>();
  /** Of each machine the epoch of its table that was told last with the death of a worker. */
  readonly #deaths = new Map<number, number>();
  #watches!: MovedWatches;

  constructor(ground: MachinesGround) {
    const { self, actors, cluster, network, peers, answer, request, tellMaster } = ground;
    this.#ground = ground;
    const epoch = (): number => cluster.table.machines?.epoch ?? 0;
    this.#actors = actors;
    this.#machines = new MachinePeers({
      ...{ kernel: actors.kernel, network, self, epoch },
      outdated: () => tellMaster({ type: 'outdated' }),
      isByMaster: (machine) => this.#published?.isByMaster(machine) === true,
    });
    this.peers = new AllPeers(peers, this.#machines);
    this.#relayed = new RelayedAsks(actors.kernel.pending);
    const { clock } = actors.kernel;
    this.#routesLeft = new RoutesLeft(() => cluster.table);
    this.#ownPlaces = new OwnPlaces(clock, () =>
      [...peers.all()].map(({ index, incarnation }) => [index, incarnation] as const),
    );
    this.#calls = new MachineCalls(clock, (name, args) =>
      name === PLACES ? this.#ownPlaces.newerThan(Number(args[0])) : answer(name, args),
    );
    const call: LostRoutesParts['call'] = (machine, name, args, withinMs) => this.call(machine, name, args, withinMs);
    const others = (): readonly ForeignMachine[] => this.others();
    this.#lostRoutes = new LostRoutes({ clock, others, call, request, peer: (index) => this.#machines.byIndex(index) });
    this.#followed = new FollowedPlaces({
      clock,
      others,
      isLinked: (index) => this.#machines.known(index)?.link !== undefined,
      call,
      told: (machine, places) => tellMaster({ type: 'places', machine, places }),
    });
  }

  /** Before the first link. */
  join(parts: OtherMachinesParts): void {
    const actors = this.#actors;
    const machines = this.#machines;
    const isMaster = this.#ground.self.index === 0;
    const machineTopics = new MachineTopics(
      () => (isMaster ? machines.guests() : []),
      (machine) => this.#published.publishing(machine),
    );
    this.#parts = parts;
    this.#watches = new MovedWatches(actors, parts.router);
    parts.topics.beyond = machineTopics;
    const replies: GuestReplies = {
      sendReply: (process, correlation, value) => machines.guest(process)?.reply(correlation, value),
      sendFailure: (process, correlation, error) => machines.guest(process)?.fail(correlation, error),
    };
    const replyTo = (process: ActorId, correlation: number): ReplyTo => parts.replyTo(replies, process, correlation);
    const handOvers = (this.#handOvers = this.#newHandOvers(replyTo));
    this.#published = this.#newPublishedRoutes();
    machines.listener = new MachineLinkEvents({
      ...parts,
      ...{ actors, machines, machineTopics, peers: this.peers, handOvers, replyTo, isMaster },
      hostDied: (machine, epoch) => {
        this.#deaths.set(machine.index, epoch);
        parts.loss.hostDied(machine, epoch);
      },
      reached: ({ index }) => {
        if (isMaster && !isForeignWorker(index)) this.#followed.follow(index);
      },
      isGone: ({ index }) => !isLive(parts.cluster.table.machines, index),
      ...{ relayed: this.#relayed, calls: this.#calls },
      partitionsEpoch: () => parts.cluster.table.machines?.epoch ?? 0,
    });
  }

  #newHandOvers(replyTo: (process: ActorId, correlation: number) => ReplyTo): HandOverParticipant {
    const { actors, self, peers, cluster, tellMaster } = this.#ground;
    const { router, topics, flushes, toRef, locate, pin, replyWithin } = this.#parts;
    return new HandOverParticipant({
      ...{ actors, router, topics, flushes, toRef, locate, pin, peers, worker: self.index, replyTo, replyWithin },
      relayed: this.#relayed,
      epochOf: (partition) => cluster.table.machines?.epochs[partition] ?? 0,
      hostsOfShard: (shard) => cluster.table.roles().map((column) => cluster.table.hostOfShard(column, shard)),
      machinePeer: (index) => this.#machines.known(index),
      lostRoutes: this.#lostRoutes,
      isByMaster: (machine) => this.#published.isByMaster(machine),
      passed: () => this.#leaveRoutes(),
      arrived: (machine, partitions) => tellMaster({ type: 'state-arrived', machine, partitions }),
    });
  }

  #newPublishedRoutes(): PublishedRoutes {
    const { router, flushes } = this.#parts;
    const machines = this.#machines;
    return new PublishedRoutes({
      ...{ clock: this.#actors.kernel.clock, flushes, workers: () => machines.workers() },
      began: (machine) => {
        router.routes.forgetRoutes();
        this.#handOvers.endPassingWithin(machine);
      },
      over: (machine) => {
        const master = machines.known(machine);
        if (master) this.#handOvers.passMaster(this.#atWorkersOf(machine), master);
        router.routes.forgetRoutes();
      },
    });
  }

  /** Partitions that the table has at workers of that machine. */
  #atWorkersOf(machine: number): Set<number> {
    const { table } = this.#ground.cluster;
    const isThere = (host: number): boolean => isForeignWorker(host) && machineIndexOf(host) === machine;
    const columns = table.roles().map((role) => table.column(role));
    return new Set(columns.flatMap((hosts) => hosts.flatMap((host, shard) => (isThere(host) ? [shard] : []))));
  }

  /** Actors and mail from another machine, sent on by the way in. */
  arrived(number: number, part: unknown, from: ActorId): void {
    this.#handOvers.part(number, part, from);
  }

  answer(what: HandOverQuery): Promise<unknown> {
    return answerAboutHandOver(this.#handOvers, what);
  }

  /** Resolves once all that this process sent has arrived, wherever that was. */
  flush(): Promise<void> {
    const reached = [...this.peers.reached().all()];
    // Mail for one whose link has ended waits here, and goes along; to one that has never been linked nothing was sent.
    return this.#parts.flushes.flush(
      reached.filter(({ ended, link, waiting }) => !ended && (link !== undefined || waiting > 0)),
      'processes',
    );
  }

  /** Resolves once what a lost machine's processes had written to this one is read, and has gone on. */
  async readToEnd(source: LostSource): Promise<true> {
    const machines = this.#machines;
    await machines.readToEnd(source, READ_MS_MAX);
    const { kernel } = this.#actors;
    await flushOn({ ...this.#parts, kernel, machines, peers: this.peers, handOvers: this.#handOvers }, 'onward');
    return true;
  }

  /** The way into this machine. Resolves to `host:port`. */
  listen(): Promise<string> {
    return this.#machines.listen();
  }

  /** The machines of the first table. */
  welcome({ table: { machines } }: KnownCluster): void {
    if (!machines) return;
    this.#machines.take(machines);
    this.#handOvers.welcome(machines);
  }

  beforeTable({ machines, columns }: TableChange): void {
    if (!machines) return;
    const changed = changedPartitions(columns);
    const [column] = this.#ground.cluster.table.roles();
    this.#before.clear();
    for (const partition of changed) this.#before.set(partition, this.#machineOf(partition, column));
    this.#watches.beforeTable();
    this.#handOvers.beforeTable(machines, changed);
  }

  /** Behind the change: links of machines that are gone end, and what is not here any more goes on. */
  afterTable({ machines, left }: TableChange): void {
    if (this.#ground.self.index === 0) this.#ownPlaces.take(this.#ground.cluster.table);
    if (!machines) return;
    const { router, durability } = this.#parts;
    const [column] = this.#ground.cluster.table.roles();
    const changed = new Set<number>();
    for (const [partition, before] of this.#before)
      if (before !== this.#machineOf(partition, column)) changed.add(partition);
    const isRenamed = this.#machines.self !== '' && machines.self !== this.#machines.self;
    if (isRenamed) this.#handOvers.taken.linksEnd();
    router.located.forgetPartitions(changed);
    const atWorkers = new Map(isRenamed ? machines.others.map(({ index }) => [index, this.#atWorkersOf(index)]) : []);
    this.#handOvers.holdBack(new Set([...atWorkers.values()].flatMap((partitions) => [...partitions])));
    const gone = this.#machines.take(machines);
    for (const index of gone) {
      this.#parts.flushes.died(index, MACHINE_INCARNATION);
      this.#parts.machineGone(index);
    }
    if (isRenamed) this.#handOvers.taken.linksEnded();
    this.#published.keep(new Set(machines.others.map(({ index }) => index)));
    this.#handOvers.afterTable(machines, left);
    // By the name of before some of it may have come to their ways in.
    for (const [index, partitions] of atWorkers) {
      const master = this.#machines.known(index);
      if (master && partitions.size > 0) this.#handOvers.passMaster(partitions, master);
    }
    this.#handOvers.holdBack(new Set());
    this.#watches.afterTable(new Set(machines.live));
    this.#watchAgain(new Set(gone.filter(isForeignWorker).map(machineIndexOf)));
    if (isRenamed) for (const { index } of machines.others) this.#parts.loss.linkedAnew(index);
    this.#relayed.moved((id) => changed.has(shardOf(id)) && (router.knownHostOf(id) ?? NOWHERE) >= MACHINE_INDEX_MIN);
    if (changed.size > 0) durability.resend((id) => changed.has(shardOf(id)));
    this.#leaveRoutes();
  }

  /** The word of a worker's death may have come before the end of the link to it: what was asked of it since went there. */
  #watchAgain(machines: ReadonlySet<number>): void {
    for (const index of machines) {
      const epoch = this.#deaths.get(index);
      const machine = this.#machines.known(index);
      if (epoch !== undefined && machine) this.#parts.loss.hostDied(machine, epoch);
    }
  }

  /** Or its worker here; by that column. */
  #machineOf(partition: number, column: string | undefined): number {
    const { table } = this.#ground.cluster;
    return column === undefined ? NOWHERE : machineIndexOf(table.hostOfShard(column, partition));
  }

  /** Guests of this worker that may send more; what is on its way from them would be lost with it. */
  get isVisited(): boolean {
    return this.#ground.self.index !== 0 && this.#machines.isVisited;
  }

  /** Workers that no shard is at any more hear that nothing more comes, behind the last that came. */
  #leaveRoutes(): void {
    this.#routesLeft.look(this.#machines.workers(), (worker) => this.#handOvers.isPassing(worker));
  }

  unpark(): void {
    this.#machines.unpark();
  }

  /** The way into the machine of a worker. */
  masterOf({ index }: OutboundQueue): OutboundQueue | undefined {
    return isForeignWorker(index) ? this.#machines.known(machineIndexOf(index)) : undefined;
  }

  /** A process of this machine is lost, or its link was: what others had sent to it is in nobody's hands. */
  hostLost(): void {
    for (const guest of this.#machines.guests()) guest.note(RESEND);
  }

  /** Those that this process knows. */
  others(): readonly ForeignMachine[] {
    return this.#machines.others();
  }

  /** Rejects ACTOR_UNAVAILABLE where it gives no answer in time. */
  call(
    { index, machine }: ForeignMachine,
    name: string,
    args: readonly CallArgument[],
    withinMs: number,
  ): Promise<unknown> {
    const number = this.#actors.kernel.pending.nextNumber();
    return this.#calls.call(this.#machines.byIndex(index), machine, { number, name, args, withinMs });
  }

  /** A table has declared a process of this machine dead: who watches from another machine has to ask again. */
  hostDied(epoch: number): void {
    // Those of a worker hear it of its master.
    if (this.#ground.self.index !== 0) return;
    for (const guest of this.#machines.guests()) guest.note(HOST_DIED, epoch);
  }

  links(): Iterable<OutboundQueue> {
    return this.#machines.all();
  }

  close(): Promise<void> {
    this.#calls.close();
    this.#followed.close();
    this.#published.close();
    this.#lostRoutes.close();
    this.#ownPlaces.close();
    return this.#machines.close();
  }
}

function changedPartitions(columns: TableChange['columns']): Set<number> {
  const changed = new Set<number>();
  for (const entries of Object.values(columns)) for (const [shard] of entries) changed.add(shard);
  return changed;
}

/** Whether the machine of that index is there, and does not leave. */
function isLive(view: MachinesView | undefined, index: number): boolean {
  const name = view?.others.find((other) => other.index === machineIndexOf(index))?.machine;
  return view?.members.some(({ id, state }) => id === name && state === 'live') === true;
}
