/**
 * A process's part in hand-overs between machines, put together: what leaves it, what arrives, and what a new table means for both. The steps
 * are those of the master (machine-hosting/hand-over).
 */
import type { LocalActors } from '../actor/local-actors.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import { shardOf } from '../placement/shard.ts';
import type { Router } from '../routing/router.ts';
import { type ActorId, processAddress } from '../vocabulary/address.ts';
import type { ReplyTo } from '../vocabulary/envelope.ts';
import { MACHINE_INDEX_MIN, machineIndexOf } from '../vocabulary/host-index.ts';
import { type LeftPartitions, type MachinesView, NOWHERE } from '../wire/control.ts';
import type { ProcessQuery, TransferAnswer } from '../wire/process-query.ts';
import { ArrivalDelivery, type DeliveryParts } from './arrival-delivery.ts';
import { ReceivedHandOvers, type ReceivedHandOverParts } from './received-hand-overs.ts';
import { ArrivingActors, type ArrivingParts } from './arriving-actors.ts';
import { LeavingPartitions } from './leaving-partitions.ts';
import { MACHINE_INCARNATION } from '../machine-routes/machine-link-network.ts';
import { PartitionExit } from './partition-exit.ts';
import { TakenPartitions } from './taken-partitions.ts';
import type { LostRoutes } from '../machine-routes/lost-routes.ts';
import { PassingMail } from '../machine-routes/passing-mail.ts';

export interface HandOverParts
  extends ArrivingParts,
    ReceivedHandOverParts,
    Omit<DeliveryParts, 'kernel' | 'arrivals' | 'neverBegan'> {
  readonly actors: LocalActors;
  readonly router: Router;
  readonly worker: number;
  /** To another process of this machine. */
  replyWithin(process: ActorId, correlation: number): ReplyTo;
  /** By column. All name the same machine, where it is another one, but not the same worker of it. */
  hostsOfShard(shard: number): readonly number[];
  /** Mail for workers of that machine goes by its way in. */
  isByMaster(machine: number): boolean;
  /** Mail waits for an old way no longer. */
  passed(): void;
  machinePeer(index: number): OutboundQueue | undefined;
  readonly lostRoutes: LostRoutes;
}

export class HandOverParticipant {
  readonly leaving: LeavingPartitions;
  readonly #arriving: ArrivingActors;
  readonly arrivals: ReceivedHandOvers;
  readonly taken: TakenPartitions;
  readonly #delivery: ArrivalDelivery;
  readonly #exit: PartitionExit;
  readonly #parts: HandOverParts;
  readonly #passing: PassingMail;
  #held = new Set<number>();
  /** By the table before the one that is being taken up. */
  #owners = new Map<number, readonly number[]>();
  #heldBack: ReadonlySet<number> = new Set();
  #awaitingRelease: (() => void)[] = [];

  constructor(parts: HandOverParts) {
    const { actors } = parts;
    this.#parts = parts;
    this.leaving = new LeavingPartitions(parts);
    this.#arriving = new ArrivingActors({ ...parts, replyTo: parts.replyWithin });
    this.arrivals = new ReceivedHandOvers(parts);
    this.#delivery = new ArrivalDelivery({
      ...{ ...parts, kernel: actors.kernel, arrivals: this.arrivals },
      neverBegan: (dropped) => this.#exit.neverBegan(dropped),
    });
    const { router, flushes, peers } = parts;
    this.taken = new TakenPartitions({ actors, router, flush: () => flushes.flush(peers.all()) });
    this.#exit = new PartitionExit(actors, (envelope) => this.taken.refuse(envelope));
    this.#passing = new PassingMail({
      ...{ clock: actors.kernel.clock, flushes: parts.flushes, lostRoutes: parts.lostRoutes },
      changed: () => {
        this.#hold();
        parts.router.releaseUnhosted();
        parts.passed();
      },
    });
  }

  /** Mail waits for what went that way. */
  isPassing(peer: OutboundQueue): boolean {
    return this.#passing.isThrough(peer);
  }

  /** Mail for these partitions of that machine waits for what went by its way in. */
  passMaster(partitions: ReadonlySet<number>, master: OutboundQueue): void {
    this.#passing.begin(partitions, master, master.index);
    this.#hold();
  }

  /** Mail of this machine for these partitions, and no others, waits besides. */
  holdBack(partitions: ReadonlySet<number>): void {
    this.#heldBack = partitions;
    this.#hold();
  }

  /** Mail for that machine goes by its way in, whatever it waits for. */
  endPassingWithin(machine: number): void {
    this.#passing.endWithin(machine);
  }

  stand(partitions: readonly number[], quiesceMs: number, isLast: boolean): Promise<number[]> {
    return this.leaving.stand(partitions, quiesceMs, isLast);
  }

  transfer(move: number, machine: number): Promise<TransferAnswer> {
    return this.leaving.transfer(move, this.#parts.machinePeer(machine));
  }

  deliver(number: number, from: string, partitions: readonly number[]): Promise<true> {
    return this.#delivery.deliver(number, from, partitions);
  }

  /** Actors and mail from another machine, sent on by the way in. */
  part(number: number, part: unknown, from: ActorId): void {
    for (const dropped of this.#arriving.part(number, part, from)) this.#exit.neverBegan(dropped);
  }

  /** The first table of this process. */
  welcome({ held, arrived }: MachinesView): void {
    this.#arriving.arrived(arrived, () => true);
    this.#held = new Set(held);
    this.#hold();
  }

  /** Until the table is taken up, what it puts on hold waits, and so does what it releases. */
  beforeTable({ held }: MachinesView, changed: ReadonlySet<number>): void {
    for (const partition of held) this.#held.add(partition);
    this.#hold();
    this.#owners = new Map([...changed].map((partition) => [partition, this.#parts.hostsOfShard(partition)]));
  }

  afterTable(
    { held, arrived, lostArriving, others, self, epochs }: MachinesView,
    left: LeftPartitions | undefined,
  ): void {
    const isOurs = (partition: number): boolean => (epochs[partition] ?? 0) > 0;
    this.taken.own(isOurs);
    this.#passOldOwners();
    this.#held = new Set(held);
    this.#hold();
    if (left) this.#leave(left);
    // Of what has left, some may be here again.
    this.taken.own(isOurs);
    this.leaving.hold(this.#held);
    const lost = new Set(lostArriving);
    for (const dropped of this.#arriving.arrived(arrived, (id) => lost.has(shardOf(id))))
      this.#exit.neverBegan(dropped);
    if (!this.#isAwaiting) for (const released of this.#awaitingRelease.splice(0)) released();
    const machines = new Set(others.map(({ machine }) => machine));
    this.arrivals.keep((machine) => machine !== self && machines.has(machine));
  }

  /** Resolves once nobody is on the way here: until then mail from elsewhere may wait for them. */
  released(): Promise<void> {
    if (!this.#isAwaiting) return Promise.resolve();
    return new Promise((resolve) => this.#awaitingRelease.push(resolve));
  }

  /** Of what is on hold, some is about to arrive. */
  get #isAwaiting(): boolean {
    for (const partition of this.#held) if (!this.leaving.holds(partition)) return true;
    return false;
  }

  linkEnded(peer: OutboundQueue, isGone: boolean): void {
    this.leaving.linkEnded(peer);
    if (isGone) this.#passing.ended(peer);
  }

  #hold(): void {
    const passing = this.#passing.partitions();
    for (const partition of this.#heldBack) passing.add(partition);
    this.#parts.router.holdPartitions(this.#held, passing);
  }

  /** Mail to the new owners waits for the mail that is on its way through the old ones. */
  #passOldOwners(): void {
    const passing = new Map<string, { through: OutboundQueue; to: number; partitions: Set<number> }>();
    for (const [partition, before] of this.#owners) {
      const now = this.#parts.hostsOfShard(partition);
      // Nearly all stay where they are, and a change may name a thousand: no set is made for those.
      if (!before.some((host, column) => host >= MACHINE_INDEX_MIN && host !== now[column])) continue;
      const to = machineIndexOf(now[0] ?? NOWHERE);
      for (const host of routesLeft(before, now)) {
        const through = this.#parts.machinePeer(host);
        // All its mail goes by that machine's way in, whatever the table says.
        if (!through || (machineIndexOf(host) === to && this.#parts.isByMaster(to))) continue;
        const key = `${host} ${to}`;
        const known = passing.get(key);
        if (known) known.partitions.add(partition);
        else passing.set(key, { through, to, partitions: new Set([partition]) });
      }
    }
    this.#owners.clear();
    for (const { partitions, through, to } of passing.values()) this.#passing.begin(partitions, through, to);
  }

  #leave(left: LeftPartitions): void {
    const gone = new Set(left.partitions);
    if (gone.size === 0) return;
    const { kernel } = this.#parts.actors;
    const handedOver = new Set(left.handedOver);
    kernel.serving?.drop((id) => gone.has(shardOf(id)));
    this.#evict(handedOver);
    this.taken.take(left.partitions.filter((partition) => !handedOver.has(partition)));
    for (const envelope of this.leaving.drop(gone)) this.taken.refuse(envelope);
    this.#exit.leave(left);
    this.#announce(gone);
  }

  /** Any frame by the new table will do: whoever has got the partitions looks at the directory at once, and not when it would anyway. */
  #announce(gone: ReadonlySet<number>): void {
    const { hostsOfShard, machinePeer, flushes } = this.#parts;
    const hosts = new Set([...gone].flatMap((partition) => hostsOfShard(partition).map(machineIndexOf)));
    const owners = [...hosts].flatMap((host) => (host >= MACHINE_INDEX_MIN ? (machinePeer(host) ?? []) : []));
    void flushes.flush(owners);
  }

  /** They live on at the machines that the table names. */
  #evict(handedOver: ReadonlySet<number>): void {
    const { actors, peers, hostsOfShard } = this.#parts;
    const [first] = handedOver;
    const [host] = first === undefined ? [] : hostsOfShard(first);
    if (host === undefined) return;
    const { pending, address } = actors.kernel;
    // They have come back already: from now on it is this process that they are lost with.
    if (host < MACHINE_INDEX_MIN) return this.leaving.evict(handedOver, address);
    const to = processAddress(machineIndexOf(host), MACHINE_INCARNATION);
    const hasMoved = (id: string): boolean => handedOver.has(shardOf(id));
    this.leaving.evict(handedOver, to);
    for (const from of [address, ...[...peers.all()].map((peer) => peer.address)]) pending.moved(from, to, hasMoved);
  }
}

/** Hosts elsewhere that mail of a shard went to, and does not go to any more; kinds that are not placed by hash go to their machine's way in. */
function routesLeft(before: readonly number[], now: readonly number[]): Set<number> {
  const left = new Set<number>();
  for (const [column, host] of before.entries()) {
    const next = now[column] ?? NOWHERE;
    if (host < MACHINE_INDEX_MIN || host === next) continue;
    left.add(host);
    if (machineIndexOf(host) !== machineIndexOf(next)) left.add(machineIndexOf(host));
  }
  return left;
}

export function isAboutHandOver(what: object): what is HandOverQuery {
  return 'stand' in what || 'transfer' in what || 'arrival' in what;
}

export type HandOverQuery = Extract<ProcessQuery, { stand: number[] } | { transfer: number } | { arrival: number }>;

export function answerAboutHandOver(handOvers: HandOverParticipant, what: HandOverQuery): Promise<unknown> {
  if ('stand' in what) return handOvers.stand(what.stand, what.quiesceMs, what.isLast);
  if ('transfer' in what) return handOvers.transfer(what.move, what.transfer);
  return handOvers.deliver(what.arrival, what.from, what.partitions);
}
