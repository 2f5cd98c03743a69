/** Several machines in one process, on one seeded scheduler: each is a simulated system, and all share a directory in memory. */
import type { Directory } from '../directory/directory.ts';
import { MemoryDirectory, MemoryEngine } from '../directory/memory-directory.ts';
import { MemoryMachines, machineProcess } from '../doubles/memory-machines.ts';
import { seededRandom } from '../doubles/seeded-random.ts';
import { PartitionHosting } from '../machine-hosting/partition-hosting.ts';
import type { MachinePeer } from '../machine-links/machine-network.ts';
import type { PausesOfAll } from '../master/pause-service.ts';
import { SharedPauses } from '../membership/shared-pauses.ts';
import type { MachineId } from '../machines/machine-row.ts';
import { PARTITIONS } from '../machines/partition-table.ts';
import { type MembershipEvent, MachineMembership } from '../membership/machine-membership.ts';
import type { MemoryDisk } from '../store/memory-store.ts';
import type { System } from '../system/system.ts';
import { processAddress } from '../vocabulary/address.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { ProcessClock } from './process-clock.ts';
import { SimulatedTime } from './simulated-time.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

/** Simulated milliseconds between two looks at who owns what. */
const SETTLE_LOOK_MS = 50;

/** Between the clocks of two machines. */
const CLOCKS_APART_MS = 1_000_000;
/** Between the incarnations of two machines' processes. */
const INCARNATIONS = 1_000_000;

export interface SimulatedClusterOptions extends Omit<SimulationOptions, 'machine' | 'disk'> {
  /** Default 900. */
  leaseMs?: number;
  /** Of the store that all machines share. Default: nothing is kept. */
  records?: MemoryDisk;
}

export class ClusterMachine {
  readonly name: string;
  readonly simulation: Simulation;
  readonly events: MembershipEvent[] = [];
  readonly hosting: PartitionHosting = new PartitionHosting();
  membership!: MachineMembership;
  isDead = false;
  /** Nothing that it asks of the directory gets there. */
  isCutOff = false;
  hasLeft = false;
  /** Told of each step of a hand-over that it comes to; `arrive`: what was handed over begins to come here. */
  came: ((step: unknown) => void) | undefined;
  /** Its own ways to the shared store. */
  readonly disk: SimulatedDisk | undefined;
  readonly #processes: MachinePeer[] = [];
  readonly #ids: MachineId[];
  readonly #cluster: SimulatedCluster;

  constructor(name: string, cluster: SimulatedCluster, number: number) {
    this.name = name;
    this.#cluster = cluster;
    const { time, random, options } = cluster;
    // The host of m2 has run for longer than that of m1, and m3 has just started.
    const clockAheadMs = (number % 3) * CLOCKS_APART_MS;
    this.#ids = [name];
    this.disk = options.records && new SimulatedDisk(options.records);
    this.simulation = Simulation.build({
      ...options,
      ...(this.disk && { disk: this.disk }),
      isLeased: true,
      machine: {
        ...{ time, random, elsewhere: this.hosting.elsewhere, incarnationsFrom: number * INCARNATIONS, clockAheadMs },
        pausesOfAll: this.#pausesOfAll(),
        stateArrived: (from, partitions) => this.membership.installed(partitions, from),
        outdated: () => this.membership.lookAtTable(),
        died: (process, lost) => this.#died(process, lost),
        want: (partition, machine) => this.membership.wanted.want(partition, machine),
        placesTold: (from, places) => this.hosting.placesTold(from, places),
        networkOf: ({ index: process, incarnation }) => {
          const self = { machine: this.#ids.at(-1) as MachineId, process, incarnation };
          this.#processes.push(self);
          return cluster.wires.host(self, { clock: new ProcessClock(time, clockAheadMs) });
        },
      },
    });
  }

  get system(): System {
    return this.simulation.system;
  }

  async join(): Promise<void> {
    const { leaseMs } = this.#cluster;
    const { clock, master, peer, owner } = this.simulation;
    const address = await peer.listenForMachines();
    this.membership = new MachineMembership({
      directory: this.#directory(),
      heed: () => peer.request({ kind: 'take-up-pauses' }).then(() => {}),
      ...{ clock, host: this.hosting, row: { leaseMs, address, workers: 2 } },
      newId: () => this.#newId(),
      onEvent: (event) => this.events.push(event),
      changed: this.hosting.changed,
      serve: (until) => master.serve(until),
    });
    const store = owner?.storeOf({ index: 0, incarnation: 1 }, clock);
    this.hosting.begin(this.membership, {
      ...{ clock, master: master.ground, store: () => store },
      log: { debug: (fields) => 'step' in fields && this.came?.(fields.step) },
      credentialsOf: (machine) => ({ machine }),
    });
  }

  /** The names of its processes among the wires, by all names that it has had. */
  get processes(): string[] {
    return this.#processes.flatMap((self) => this.#ids.map((machine) => machineProcess({ ...self, machine })));
  }

  owns(): number {
    const { membership } = this;
    let owned = 0;
    for (let at = 0; at < PARTITIONS; at++) if (membership.epochOf(at) !== undefined) owned++;
    return owned;
  }

  /** The power is cut. */
  crash(): void {
    this.isDead = true;
    this.membership.close();
    this.simulation.crashAll();
    for (const name of this.processes) this.#cluster.wires.kill(name);
  }

  /** SIGSTOP to all of its processes. */
  freeze(): void {
    const { simulation } = this;
    simulation.freezeMaster();
    simulation.owner?.stall();
    for (const worker of simulation.workers()) worker.freeze();
    for (const name of this.processes) this.#cluster.wires.freeze(name);
  }

  thaw(): void {
    const { simulation } = this;
    for (const name of this.processes) this.#cluster.wires.thaw(name);
    for (const worker of simulation.workers()) worker.thaw();
    simulation.owner?.unstall();
    simulation.thawMaster();
  }

  async leave(): Promise<void> {
    await this.membership.leave();
    this.hasLeft = true;
  }

  #died(address: string, lost: (unread: number) => number): void {
    for (const self of this.#processes) {
      if (processAddress(self.process, self.incarnation) !== address) continue;
      for (const machine of this.#ids)
        this.#cluster.wires.kill(machineProcess({ ...self, machine }), (_to, unread) => lost(unread));
    }
  }

  /** Made at its first use: the clock of the machine is not there before. */
  #pausesOfAll(): PausesOfAll {
    let made: SharedPauses | undefined;
    const pauses = (): SharedPauses => {
      made ??= new SharedPauses({
        ...{ directory: this.#directory(), clock: this.simulation.clock, self: () => this.membership?.id },
        takenUpBy: (machine, withinMs) => this.simulation.peer.takenUpBy(machine, withinMs),
        count: () => this.membership.machines().filter(({ state }) => state === 'live').length,
      });
      return made;
    };
    return {
      get machines() {
        return pauses().machines;
      },
      read: () => pauses().read(),
      change: (make) => pauses().change(make),
      silent: (withinMs) => pauses().silent(withinMs),
    };
  }

  /** One that was declared lost takes part again under another name. */
  #newId(): MachineId {
    if (this.membership !== undefined) this.#ids.push(`${this.name}.${this.#ids.length + 1}`);
    return this.#ids.at(-1) as MachineId;
  }

  #directory(): Directory {
    const { engine, leaseMs } = this.#cluster;
    const directory = new MemoryDirectory(engine, this.simulation.clock, leaseMs / 5);
    return new Proxy(directory, {
      get: (target, key: keyof MemoryDirectory) => {
        const method = target[key] as unknown as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const { fateOf } = engine;
          if (this.isCutOff) engine.fateOf = () => 'never';
          try {
            return method.apply(target, args);
          } finally {
            engine.fateOf = fateOf;
          }
        };
      },
    });
  }
}

export class SimulatedCluster {
  readonly time: SimulatedTime;
  readonly random: () => number;
  readonly options: SimulatedClusterOptions;
  readonly leaseMs: number;
  readonly engine: MemoryEngine;
  readonly wires: MemoryMachines;
  readonly machines: ClusterMachine[] = [];
  /** Sent between machines so far. */
  frames = 0;

  constructor(options: SimulatedClusterOptions) {
    this.options = options;
    this.leaseMs = options.leaseMs ?? 900;
    this.random = seededRandom(options.seed);
    this.time = new SimulatedTime(this.random);
    const clock = new ProcessClock(this.time);
    this.engine = new MemoryEngine(clock);
    const delayMs = (): number => {
      this.frames++;
      return this.random() * 2;
    };
    this.wires = new MemoryMachines({ clock, delayMs });
  }

  /** A machine that takes part, with its share. */
  async add(): Promise<ClusterMachine> {
    const machine = await this.begin();
    await this.until(machine.join());
    await this.settle();
    return machine;
  }

  /** A machine that does not take part yet. */
  async begin(): Promise<ClusterMachine> {
    const number = this.machines.length + 1;
    const machine = new ClusterMachine(`m${number}`, this, number);
    this.machines.push(machine);
    await machine.simulation.begin();
    return machine;
  }

  /** Until each machine that is up has its share. */
  async settle(withinMs = 60_000): Promise<void> {
    const up = (): ClusterMachine[] => this.machines.filter(({ isDead, hasLeft }) => !isDead && !hasLeft);
    // Those that have gone meanwhile have no share.
    const isSo = (): boolean => up().every((machine) => machine.owns() >= Math.floor(PARTITIONS / up().length));
    for (const until = this.time.now + withinMs; !isSo() && this.time.now < until; ) await this.run(SETTLE_LOOK_MS);
    if (!isSo()) throw new Error(`each machine has its share of partitions; got ${up().map((one) => one.owns())}`);
    await this.run(100);
  }

  run(ms: number): Promise<void> {
    return this.time.runUntil(this.time.now + ms);
  }

  until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    return this.time.untilSettled(promise, withinMs);
  }
}
