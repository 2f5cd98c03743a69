/**
 * The partitions of a machine, on its master: what the membership says becomes the columns of the placement table. A shard of another machine has
 * as its host the index of that machine, and one that nobody serves, or that is handed over just now, none.
 */
import type { HandedOver } from '../machines/machine-command.ts';
import type { MachineId } from '../machines/machine-row.ts';
import { PARTITIONS } from '../machines/partition-table.ts';
import type { MachineMembership, PartitionHost } from '../membership/machine-membership.ts';
import type { Log } from '../observe/log.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { Clock } from '../vocabulary/clock.ts';
import type { Elsewhere } from '../placement/rebalance.ts';
import { type LeftPartitions, type MachinesView, NOWHERE } from '../wire/control.ts';
import type { ProcessQuery } from '../wire/process-query.ts';
import type { MachinePlaces } from '../vocabulary/host-index.ts';
import { ArrivingPartitions } from './arriving-partitions.ts';
import { ForeignHosts } from './foreign-hosts.ts';
import { HAND_OVER_MS_MAX, HandOver, type HandOverStep, type Handing } from './hand-over.ts';
import { MachineIndexes } from './machine-indexes.ts';

/** Milliseconds for a machine that has left in order to answer what it was asked, and to pass on what it was sent. */
export const FAREWELL_MS = 2_000;

/** The store, as far as partitions change hands in it. */
export interface PartitionStore {
  /** The highest partition epoch in records of these partitions; 0: none. */
  highestEpoch(partitions: readonly number[]): Promise<number>;
  /** A machine that is lost writes no more. */
  revoke(writer: MachineId): Promise<void>;
  /** It is this one's name from now on. */
  enter(writer: MachineId, epoch: number): Promise<void>;
}

export interface PartitionHostingParts {
  readonly clock: Clock;
  readonly master: {
    /** Of the placement table. */
    readonly epoch: number;
    machinesChanged(machines: MachinesView, left: LeftPartitions): void;
    /** Answers of all processes. */
    ask(what: ProcessQuery, withinMs: number): Promise<unknown[]>;
    /** Of the way in. */
    askOwn(what: ProcessQuery, withinMs: number): Promise<unknown>;
    /** No move among the workers begins for these partitions, and those that are open end. */
    keepInPlace(partitions: ReadonlySet<number>): void;
  };
  /** Undefined: nothing is kept. */
  store(): PartitionStore | undefined;
  /** By which this machine shows who it is. */
  credentialsOf?(machine: MachineId): unknown;
  /** Told of the steps of hand-overs. Default: nobody is. */
  readonly log?: Pick<Log, 'debug'>;
}

type Membership = Pick<
  MachineMembership,
  'id' | 'machines' | 'ownerOf' | 'epochOf' | 'tableEpoch' | 'isHandedLive' | 'takesState'
>;

export class PartitionHosting implements PartitionHost {
  readonly #indexes = new MachineIndexes();
  readonly #places = new ForeignHosts(this.#indexes);
  /** Partitions whose actors live here, each with its epoch, by the table that was published. */
  #ours = new Map<number, number>();
  /** On hold, to leave this machine. */
  #handing: Handing | undefined;
  readonly #arrivals: ArrivingPartitions;
  #parts: PartitionHostingParts | undefined;
  #membership: Membership | undefined;
  #published = '';
  #lastMove = 0;
  /** Machines that were there a moment ago and have not been declared lost. */
  readonly #departing = new Map<MachineId, MachineInfo>();
  #present: MachineInfo[] = [];
  /** The others that may host something, as of what was published last. */
  #hosts: ReadonlySet<MachineId> = new Set();
  /** The ids of this machine: a row may stand under one that it has no more. */
  readonly #selves = new Set<MachineId>();
  #self: MachineId | undefined;
  #epoch = 0;
  /** Partitions that are to leave this machine: nothing in them moves among the workers. */
  #standing: ReadonlySet<number> = new Set();

  /** For the placement table, from the beginning: until this machine is a member it hosts nothing. */
  readonly elsewhere: Elsewhere = (shard, column) => {
    const membership = this.#membership;
    if (membership === undefined) return NOWHERE;
    if (membership.epochOf(shard) !== undefined) return undefined;
    const owner = membership.ownerOf(shard);
    if (owner === undefined || !this.#hosts.has(owner)) return NOWHERE;
    const worker = column === undefined ? undefined : this.#places.hostOf(owner, column, shard);
    return worker ?? this.#indexes.of(owner);
  };

  constructor() {
    this.#arrivals = new ArrivingPartitions(
      (what) => this.#parts?.master.askOwn(what, HAND_OVER_MS_MAX) ?? Promise.resolve(undefined),
      () => {
        this.#publish();
        this.#keepInPlace(this.#standing);
      },
    );
  }

  begin(membership: Membership, parts: PartitionHostingParts): void {
    this.#membership = membership;
    this.#parts = parts;
    this.changed();
  }

  async enter(machine: MachineId): Promise<void> {
    // By the table of before it hosted what it does not any more.
    await this.#parts?.store()?.enter(machine, this.#parts.master.epoch);
  }

  expect(partitions: readonly number[], from: MachineId): void {
    this.#note('arrive', from, partitions.length);
    this.#arrivals.begin(partitions, from);
    this.#keepInPlace(this.#standing);
  }

  start(): void {
    this.changed();
  }

  /** All processes are told before this returns: they are told to serve behind it. */
  stop(): void {
    this.changed();
  }

  async handOver(partitions: readonly number[], to: MachineId, isLast: boolean): Promise<HandedOver> {
    const parts = this.#parts;
    const membership = this.#membership;
    if (!parts || !membership) return { partitions: [], isLive: false };
    const { master, clock } = parts;
    // Of one whose actors are still on their way here nothing would go along, and they would go on here.
    await this.#arrivals.settled();
    const handed = await new HandOver({
      ...{ clock, ask: (what, withinMs) => master.ask(what, withinMs) },
      standing: (standing) => this.#keepInPlace(standing),
      hold: (held) => this.#hold(held, to),
      taker: () => (membership.takesState(to) ? this.#indexes.of(to) : undefined),
      isOurs: (partition) => membership.epochOf(partition) !== undefined,
      begins: (step, count) => this.#note(step, to, count),
      nextMove: () => ++this.#lastMove,
    }).run(partitions, isLast);
    if (this.#handing) this.#handing = { ...this.#handing, isLive: handed.isLive };
    return handed;
  }

  /** Another machine has said which of its workers hosts what. */
  placesTold(machine: MachineId, places: MachinePlaces): void {
    if (this.#hosts.has(machine) && this.#places.take(machine, places)) this.changed();
  }

  /** The hand-over came to nothing. */
  resume(): void {
    this.#hold(new Set(), '');
    this.#keepInPlace(new Set());
  }

  async highestEpoch(partitions: readonly number[]): Promise<number> {
    const store = this.#parts?.store();
    const membership = this.#membership;
    if (!store || !membership) return 0;
    const owners = new Set(partitions.map((partition) => membership.ownerOf(partition)));
    for (const owner of owners) if (owner !== undefined && owner !== membership.id) await store.revoke(owner);
    return store.highestEpoch(partitions);
  }

  /** All processes are to have the new ones. */
  credentialsRenewed(): void {
    this.#self = undefined;
    this.#published = '';
    this.changed();
  }

  /** The membership has something new to say. */
  readonly changed = (): void => {
    this.#publish();
  };

  #note(step: HandOverStep | 'arrive' | 'left', machine: MachineId, partitions: number): void {
    this.#parts?.log?.debug({ step, machine, partitions }, `a hand-over comes to its step: ${step}`);
  }

  #hold(partitions: ReadonlySet<number>, to: MachineId): void {
    this.#handing = partitions.size > 0 ? { partitions, to, isLive: false } : undefined;
    this.#publish();
  }

  /** Partitions that are on their way here, too. */
  #keepInPlace(leaving: ReadonlySet<number>): void {
    this.#standing = leaving;
    this.#parts?.master.keepInPlace(new Set([...leaving, ...this.#arrivals.partitions]));
  }

  /** By the table that was read last: those that the machine has got to which they were handed over, and has not claimed. */
  #handedOver(left: readonly number[]): number[] {
    const [handing, membership] = [this.#handing, this.#membership];
    if (!handing?.isLive || !membership) return [];
    const { partitions, to } = handing;
    const isThere = (shard: number): boolean => membership.ownerOf(shard) === to && membership.isHandedLive(shard);
    return left.filter((shard) => partitions.has(shard) && (this.#ours.has(shard) || isThere(shard)));
  }

  #publish(): void {
    const membership = this.#membership;
    if (!membership || !this.#parts) return;
    this.#selves.add(membership.id);
    this.#sayFarewell(membership.machines());
    this.#arrivals.lose((partition) => membership.epochOf(partition) === undefined);
    const machines = this.#view(membership);
    const hosts = this.#hostsOfAll();
    const text = `${JSON.stringify(machines)} ${hosts.join()} ${this.#places.changes}`;
    if (text === this.#published) return;
    this.#published = text;
    const ours = new Map<number, number>();
    for (const [shard, host] of hosts.entries())
      if (host === undefined) ours.set(shard, membership.epochOf(shard) ?? 0);
    // One that is here by another epoch was another machine's in between: this one was given it back before it had read that.
    const partitions = [...this.#ours].flatMap(([shard, epoch]) => (ours.get(shard) === epoch ? [] : [shard]));
    this.#ours = ours;
    const left = { partitions, handedOver: this.#handedOver(partitions) };
    if (left.handedOver.length > 0) this.#note('left', this.#handing?.to ?? '', left.handedOver.length);
    this.#parts.master.machinesChanged(this.#withCredentials(machines), left);
    // Not before: a move that waited for them would begin, with actors that stand to leave.
    if (partitions.length > 0) this.#forget(partitions);
  }

  /** By the shard; undefined: it is for the workers here. */
  #hostsOfAll(): (number | undefined)[] {
    const hosts: (number | undefined)[] = [];
    for (let shard = 0; shard < PARTITIONS; shard++) hosts.push(this.elsewhere(shard));
    return hosts;
  }

  /** They are another machine's. */
  #forget(left: readonly number[]): void {
    const gone = new Set(left);
    const rest = new Set([...(this.#handing?.partitions ?? [])].filter((shard) => !gone.has(shard)));
    if (this.#handing) this.#handing = rest.size > 0 ? { ...this.#handing, partitions: rest } : undefined;
    this.#keepInPlace(new Set([...this.#standing].filter((shard) => !gone.has(shard))));
  }

  #view(membership: Membership): MachinesView {
    const others = this.#others(membership);
    this.#hosts = new Set(others.map(({ id }) => id));
    this.#indexes.keep(this.#hosts);
    this.#places.keep(this.#hosts);
    const lost = new Set(membership.machines().flatMap(({ id, state }) => (state === 'lost' ? [id] : [])));
    this.#epoch = Math.max(this.#epoch, membership.tableEpoch);
    const epochs: number[] = [];
    const live: number[] = [];
    for (let shard = 0; shard < PARTITIONS; shard++) {
      epochs.push(membership.epochOf(shard) ?? 0);
      if (membership.isHandedLive(shard) && !lost.has(membership.ownerOf(shard) ?? '')) live.push(shard);
    }
    return {
      epoch: this.#epoch,
      self: membership.id,
      members: membership.machines(),
      others: others.map(({ id, address }) => ({
        ...{ index: this.#indexes.of(id), machine: id, address },
        workers: this.#places.workersOf(id),
      })),
      epochs,
      held: [...(this.#handing?.partitions ?? []), ...this.#arrivals.partitions].filter(
        (shard) => membership.epochOf(shard) !== undefined,
      ),
      live,
      arrived: this.#arrivals.arrived,
      lostArriving: this.#arrivals.lostArriving,
    };
  }

  /** It has joined again under another name, or has just begun. */
  #withCredentials(machines: MachinesView): MachinesView {
    if (machines.self === this.#self) return machines;
    this.#self = machines.self;
    const credentials = this.#parts?.credentialsOf?.(machines.self);
    return credentials === undefined ? machines : { ...machines, credentials };
  }

  #others(membership: Membership): MachineInfo[] {
    const present = membership.machines().filter(({ id, state }) => !this.#selves.has(id) && state !== 'lost');
    return [...present, ...this.#departing.values()];
  }

  /** Their rows are gone, their links end by themselves. */
  #sayFarewell(machines: MachineInfo[]): void {
    const ids = new Set(machines.map(({ id }) => id));
    for (const gone of this.#present) {
      if (ids.has(gone.id) || gone.state === 'lost' || this.#selves.has(gone.id)) continue;
      this.#departing.set(gone.id, gone);
      this.#parts?.clock.setTimer(FAREWELL_MS, () => {
        this.#departing.delete(gone.id);
        this.changed();
      });
    }
    this.#present = machines;
  }
}
