/** Several machines in one process, on one seeded scheduler: each is a simulated system, and all share a directory in memory. */
import { MemoryDirectory, MemoryEngine } from '../directory/memory-directory.ts';
import { MemoryMachines, machineProcess } from '../doubles/memory-machines.ts';
import { seededRandom } from '../doubles/seeded-random.ts';
import { PartitionHosting } from '../machine-hosting/partition-hosting.ts';
import type { MachineNetwork } from '../machine-links/machine-network.ts';
import { type MembershipEvent, MachineMembership } from '../membership/machine-membership.ts';
import type { System } from '../system/system.ts';
import { ProcessClock } from './process-clock.ts';
import { SimulatedTime } from './simulated-time.ts';
import { Simulation, type SimulationOptions } from './simulation.ts';

/** Between the incarnations of two machines' processes. */
const INCARNATIONS = 1_000_000;

export interface SimulatedClusterOptions extends Omit<SimulationOptions, 'machine' | 'disk'> {
  /** Default 900. */
  leaseMs?: number;
}

export class ClusterMachine {
  readonly name: string;
  readonly simulation: Simulation;
  readonly events: MembershipEvent[] = [];
  readonly hosting: PartitionHosting = new PartitionHosting();
  membership!: MachineMembership;
  isDead = false;
  readonly #networks: { name: string; network: MachineNetwork }[] = [];
  readonly #cluster: SimulatedCluster;

  constructor(name: string, cluster: SimulatedCluster, number: number) {
    this.name = name;
    this.#cluster = cluster;
    const { time, random, options } = cluster;
    this.simulation = Simulation.build({
      ...options,
      isLeased: true,
      machine: {
        ...{ time, random, elsewhere: this.hosting.elsewhere, incarnationsFrom: number * INCARNATIONS },
        networkOf: ({ index: process, incarnation }) => {
          const self = { machine: name, process, incarnation };
          const network = cluster.wires.host(self);
          this.#networks.push({ name: machineProcess(self), network });
          return network;
        },
      },
    });
  }

  get system(): System {
    return this.simulation.system;
  }

  async join(): Promise<void> {
    const { engine, leaseMs } = this.#cluster;
    const { clock, master, peer } = this.simulation;
    const address = await peer.listenForMachines();
    this.membership = new MachineMembership({
      directory: new MemoryDirectory(engine, clock, leaseMs / 5),
      ...{ clock, host: this.hosting, row: { leaseMs, address, workers: 2 } },
      newId: () => this.name,
      onEvent: (event) => this.events.push(event),
      changed: this.hosting.changed,
      serve: (until) => master.serve(until),
    });
    this.hosting.begin(this.membership, { clock, master, store: () => undefined });
  }

  /** The names of its processes among the wires. */
  get processes(): string[] {
    return this.#networks.map(({ name }) => name);
  }

  owns(): number {
    const { membership } = this;
    return Array.from({ length: 1_024 }, (_, at) => membership.epochOf(at)).filter((epoch) => epoch !== undefined)
      .length;
  }

  /** The power is cut. */
  crash(): void {
    this.isDead = true;
    this.membership.close();
    this.simulation.crashAll();
    for (const { name } of this.#networks) this.#cluster.wires.kill(name);
  }

  leave(): Promise<void> {
    return this.membership.leave();
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
    const number = this.machines.length + 1;
    const machine = new ClusterMachine(`m${number}`, this, number);
    this.machines.push(machine);
    await machine.simulation.begin();
    await this.until(machine.join());
    await this.settle();
    return machine;
  }

  /** Until each machine that is up has its share. */
  async settle(withinMs = 60_000): Promise<void> {
    const up = this.machines.filter(({ isDead }) => !isDead);
    const share = Math.floor(1_024 / up.length);
    const isSo = (): boolean => up.every((machine) => machine.owns() >= share);
    await this.time.runUntil(this.time.now + withinMs, isSo);
    if (!isSo()) throw new Error(`each machine has ${share} partitions; got ${up.map((one) => one.owns())}`);
    await this.run(100);
  }

  run(ms: number): Promise<void> {
    return this.time.runUntil(this.time.now + ms);
  }

  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.time.runUntil(this.time.now + withinMs, () => isSettled);
    if (!isSettled) throw new Error(`a promise settles within ${withinMs} simulated ms; got none`);
    return promise;
  }
}
