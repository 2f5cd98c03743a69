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
import { type ForeignMachine, type LeftPartitions, NOWHERE, type TableChange, type ToMaster } from '../wire/control.ts';
import { type CallArgument, HOST_DIED, RESEND } from '../wire/entry.ts';
import { AllPeers } from './all-peers.ts';
import { type AnswerCall, MachineCalls } from './machine-calls.ts';
import { MachineEvents, type MachineEventParts } from './machine-events.ts';
import { isMachineIndex, MACHINE_INCARNATION, MachinePeers } from './machine-peers.ts';
import { MachineTopics } from './machine-topics.ts';
import { MovedWatches } from './moved-watches.ts';
import { PartitionExit } from './partition-exit.ts';
import { RelayedAsks } from './relayed-asks.ts';

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
  /** Moves within this machine wait for it no longer. */
  machineGone(index: number): void;
  replyTo(replies: GuestReplies, process: ActorId, correlation: number): ReplyTo;
}

export class OtherMachines {
  readonly peers: AllPeers;
  readonly left: PartitionExit;
  readonly #machines: MachinePeers;
  readonly #actors: LocalActors;
  readonly #relayed: RelayedAsks;
  readonly #calls: MachineCalls;
  #parts!: OtherMachinesParts;
  #watches!: MovedWatches;

  constructor({ self, actors, cluster, network, peers, answer, tellMaster }: MachinesGround) {
    const epoch = (): number => cluster.table.machines?.epoch ?? 0;
    this.#actors = actors;
    this.#machines = new MachinePeers({
      ...{ kernel: actors.kernel, network, self, epoch },
      outdated: () => tellMaster({ type: 'outdated' }),
    });
    this.peers = new AllPeers(peers, this.#machines);
    this.left = new PartitionExit(actors);
    this.#relayed = new RelayedAsks(actors.kernel.pending);
    this.#calls = new MachineCalls(actors.kernel.clock, answer);
  }

  /** Before the first link. */
  join(parts: OtherMachinesParts): void {
    const actors = this.#actors;
    const machines = this.#machines;
    const machineTopics = new MachineTopics(() => machines.guests());
    this.#parts = parts;
    this.#watches = new MovedWatches(actors, parts.router);
    parts.topics.beyond = machineTopics;
    const replies: GuestReplies = {
      sendReply: (process, correlation, value) => machines.guest(process)?.reply(correlation, value),
      sendFailure: (process, correlation, error) => machines.guest(process)?.fail(correlation, error),
    };
    machines.listener = new MachineEvents({
      ...parts,
      ...{ actors, machines, machineTopics, peers: this.peers },
      ...{ relayed: this.#relayed, calls: this.#calls },
      partitionsEpoch: () => parts.cluster.table.machines?.epoch ?? 0,
      replyTo: (process, correlation) => parts.replyTo(replies, process, correlation),
    });
  }

  /** The way into this machine. Resolves to `host:port`. */
  listen(): Promise<string> {
    return this.#machines.listen();
  }

  /** The machines of the first table. */
  welcome({ table: { machines } }: KnownCluster): void {
    if (machines) this.#machines.take(machines);
  }

  beforeTable({ machines }: TableChange): void {
    if (machines) this.#watches.beforeTable();
  }

  /** Behind the change: links of machines that are gone end, and what is not here any more goes on. */
  afterTable({ machines, left, columns }: TableChange): void {
    if (!machines) return;
    const { router, durability } = this.#parts;
    const changed = changedPartitions(columns);
    router.located.forgetPartitions(changed);
    for (const index of this.#machines.take(machines)) {
      this.#parts.flushes.died(index, MACHINE_INCARNATION);
      this.#parts.machineGone(index);
    }
    if (left) this.#leave(left);
    this.#watches.afterTable();
    this.#relayed.moved((id) => changed.has(shardOf(id)) && isMachineIndex(router.knownHostOf(id) ?? NOWHERE));
    if (changed.size > 0) durability.resend((id) => changed.has(shardOf(id)));
  }

  #leave(left: LeftPartitions): void {
    const gone = new Set(left.partitions);
    if (gone.size === 0) return;
    this.#actors.kernel.serving?.drop((id) => gone.has(shardOf(id)));
    this.left.leave(left);
  }

  unpark(): void {
    this.#machines.unpark();
  }

  /** A process of this machine is lost, or its link was: what others had sent to it is in nobody's hands. */
  hostLost(): void {
    for (const guest of this.#machines.guests()) guest.note(RESEND);
  }

  /** Those that this process knows. */
  others(): readonly ForeignMachine[] {
    return this.#machines.known();
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
    for (const guest of this.#machines.guests()) guest.note(HOST_DIED, epoch);
  }

  links(): Iterable<OutboundQueue> {
    return this.#machines.all();
  }

  close(): Promise<void> {
    this.#calls.close();
    return this.#machines.close();
  }
}

function changedPartitions(columns: TableChange['columns']): Set<number> {
  return new Set(Object.values(columns).flatMap((entries) => entries.map(([shard]) => shard)));
}
