/** Machines of one cluster in the test's process, on a directory in memory and a clock that the test moves; they can be frozen, cut off and killed. */
import { MemoryDirectory, MemoryEngine } from '../../../src/directory/memory-directory.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import type { HandedOver } from '../../../src/machines/machine-command.ts';
import { PARTITIONS } from '../../../src/machines/partition-table.ts';
import { type MembershipEvent, MachineMembership } from '../../../src/membership/machine-membership.ts';
import type { Clock, Timer } from '../../../src/vocabulary/clock.ts';

export const LEASE = 3_000;
/** Partitions in which turns are made. */
export const WATCHED = [0, 1, 200, 511, 512, 700, 1_023] as const;

/** The clock of one machine: nothing runs while it is frozen, and what came due runs when it thaws. */
class MachineClock implements Clock {
  readonly #clock: VirtualClock;
  #isFrozen = false;
  #due: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }
  wall(): number {
    return this.#clock.wall();
  }
  setTimer(ms: number, run: () => void): Timer {
    let isCancelled = false;
    const timer = this.#clock.setTimer(ms, () => this.#run(() => isCancelled || run()));
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }
  defer(run: () => void): void {
    this.#clock.defer(() => this.#run(run));
  }
  soon(run: () => void): void {
    this.#clock.soon(() => this.#run(run));
  }
  get isFrozen(): boolean {
    return this.#isFrozen;
  }
  freeze(): void {
    this.#isFrozen = true;
  }
  thaw(): void {
    this.#isFrozen = false;
    for (const run of this.#due.splice(0)) run();
  }
  #run(run: () => void): void {
    if (this.#isFrozen) this.#due.push(run);
    else run();
  }
}

export class SimulatedMachine {
  readonly name: string;
  readonly clock: MachineClock;
  readonly membership: MachineMembership;
  readonly events: MembershipEvent[] = [];
  /** What the actors of a watched partition hold, and by which epoch. */
  readonly memory = new Map<number, number>();
  readonly transferred = new Map<number, number>();
  /** On their way to another machine. */
  readonly held = new Set<number>();
  /** As its processes were told. */
  servesUntil = 0;
  readonly told: number[] = [];
  isDead = false;
  isCutOff = false;
  hasLeft = false;

  constructor(name: string, machines: SimulatedMachines) {
    this.name = name;
    this.clock = new MachineClock(machines.clock);
    const { engine } = machines;
    const directory = new MemoryDirectory(engine, this.clock, LEASE / 5);
    const guarded = new Proxy(directory, {
      get: (target, key: keyof MemoryDirectory) => {
        const method = target[key] as unknown as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const fateOf = engine.fateOf;
          if (this.isCutOff) engine.fateOf = () => 'never';
          try {
            return method.apply(target, args);
          } finally {
            engine.fateOf = fateOf;
          }
        };
      },
    });
    let incarnations = 0;
    this.membership = new MachineMembership({
      directory: guarded,
      clock: this.clock,
      row: { leaseMs: LEASE, address: `${name}:7000`, workers: 2 },
      newId: () => `${name}.${++incarnations}`,
      onEvent: (event) => this.events.push(event),
      serve: (until) => {
        this.servesUntil = until;
        this.told.push(until);
        const { id } = this.membership;
        const foreign = until > 0 ? [...this.memory.keys()].filter((one) => this.membership.ownerOf(one) !== id) : [];
        if (foreign.length > 0) machines.breaches.push(`${name} is told to serve before it has stopped ${foreign}`);
      },
      host: {
        enter: (machine) => machines.entered(machine),
        expect: () => {},
        start: (partitions, epoch, from) => {
          for (const partition of partitions) machines.started(this, partition, epoch, from);
        },
        stop: (partitions) => {
          for (const partition of partitions) this.#forget(partition);
        },
        handOver: (partitions, to) => machines.handOver(this, partitions, to),
        resume: (partitions, to) => {
          for (const partition of partitions) this.held.delete(partition);
          machines.byId(to)?.membership.discarded(partitions, this.membership.id);
        },
        highestEpoch: async (partitions) => Math.max(0, ...partitions.map((one) => machines.records.get(one) ?? 0)),
      },
    });
  }

  get isUp(): boolean {
    return !this.isDead && !this.hasLeft;
  }

  /** As a process sees it, which knows its partitions and the deadline that it was told of. */
  mayServe(partition: number): boolean {
    return this.clock.now() < this.servesUntil && this.memory.has(partition) && !this.held.has(partition);
  }

  #forget(partition: number): void {
    this.memory.delete(partition);
    this.held.delete(partition);
  }

  count(type: MembershipEvent['type']): number {
    return this.events.filter((event) => event.type === type).length;
  }

  owned(): number {
    const { id } = this.membership;
    return Array.from({ length: PARTITIONS }, (_, at) => this.membership.ownerOf(at)).filter((one) => one === id)
      .length;
  }
}

export class SimulatedMachines {
  readonly clock = new VirtualClock();
  readonly engine = new MemoryEngine(this.clock);
  readonly all: SimulatedMachine[] = [];
  /** The highest epoch that a record of the partition has. */
  readonly records = new Map<number, number>();
  /** Names under which machines write in the store. */
  readonly writers = new Set<string>();
  isStoreGone = false;
  readonly #newest = new Map<number, number>();
  readonly #owners = new Map<string, string>();
  readonly breaches: string[] = [];
  /** Turns, and actors that began anew. */
  turns = 0;
  anew = 0;

  join(): SimulatedMachine {
    const machine = new SimulatedMachine(`m${this.all.length + 1}`, this);
    this.all.push(machine);
    return machine;
  }

  byId(id: string): SimulatedMachine | undefined {
    return this.all.find((one) => one.isUp && one.membership.id === id);
  }

  async entered(machine: string): Promise<void> {
    if (this.isStoreGone) throw new Error('the store cannot be reached');
    this.writers.add(machine);
  }

  /** Of directory and records, at this moment: calling it puts both back. */
  backup(): () => void {
    const restore = this.engine.backup();
    const records = new Map(this.records);
    return () => {
      restore();
      this.records.clear();
      for (const [partition, epoch] of records) this.records.set(partition, epoch);
    };
  }

  crash(machine: SimulatedMachine): void {
    machine.isDead = true;
    machine.membership.close();
  }

  leave(machine: SimulatedMachine): void {
    void machine.membership.leave().then(() => {
      machine.hasLeft = true;
    });
  }

  /** Time passes, in steps; after each, turns are made wherever a machine thinks that it may. */
  async pass(ms: number, isSo: () => boolean = () => false): Promise<void> {
    for (const until = this.clock.now() + ms; this.clock.now() < until && !isSo(); ) {
      await this.clock.advance(Math.min(50, until - this.clock.now()));
      this.makeTurns();
    }
  }

  makeTurns(): void {
    for (const partition of WATCHED) {
      // A frozen process looks at its clock when it thaws; until then it does nothing.
      const able = this.all.filter((one) => one.isUp && !one.clock.isFrozen && one.mayServe(partition));
      if (able.length > 1) this.breaches.push(`two owners of ${partition}: ${able.map(({ name }) => name)}`);
      for (const { name, memory, membership } of able) {
        if ((memory.get(partition) ?? 0) !== (this.#newest.get(partition) ?? 0))
          this.breaches.push(`a turn of ${partition} at ${name} on an old state`);
        const epoch = membership.epochOf(partition) ?? 0;
        if (!this.writers.has(membership.id)) this.breaches.push(`${name} writes before the store knows it`);
        if (epoch < (this.records.get(partition) ?? 0)) this.breaches.push(`a write of ${partition} by an old epoch`);
        this.records.set(partition, epoch);
        memory.set(partition, (memory.get(partition) ?? 0) + 1);
        this.#newest.set(partition, memory.get(partition) ?? 0);
        this.turns++;
      }
    }
  }

  started(machine: SimulatedMachine, partition: number, epoch: number, from: string | undefined): void {
    const key = `${partition}/${epoch}`;
    const owner = this.#owners.get(key) ?? machine.membership.id;
    if (owner !== machine.membership.id) this.breaches.push(`epoch ${key} was given out twice`);
    this.#owners.set(key, owner);
    if (!(WATCHED as readonly number[]).includes(partition)) return;
    if (from === undefined) {
      this.anew++;
      this.#newest.set(partition, 0);
    }
    machine.memory.set(partition, from === undefined ? 0 : (machine.transferred.get(partition) ?? 0));
  }

  async handOver(from: SimulatedMachine, partitions: readonly number[], to: string): Promise<HandedOver> {
    for (const partition of partitions) from.held.add(partition);
    await new Promise<void>((resolve) => from.clock.setTimer(20, () => resolve()));
    const target = this.byId(to);
    if (!target || target.clock.isFrozen) return { partitions: [], isLive: true };
    target.membership.installed(partitions, from.membership.id);
    for (const partition of partitions) target.transferred.set(partition, from.memory.get(partition) ?? 0);
    return { partitions, isLive: true };
  }

  /** Every partition is served by one machine, and each has its share. */
  checkRest(): void {
    const up = this.all.filter(({ isUp }) => isUp);
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const serving = up.filter(({ membership }) => membership.mayServe(partition));
      if (serving.length !== 1) this.breaches.push(`at rest ${partition} is served by ${serving.length}`);
      if (up.some((one) => one.memory.has(partition) && one.mayServe(partition) !== serving.includes(one)))
        this.breaches.push(`at rest the processes of a machine were told otherwise of ${partition}`);
    }
    const owned = up.map((one) => one.owned());
    if (Math.max(...owned) - Math.min(...owned) > 1) this.breaches.push(`at rest the shares are ${owned}`);
    const known = up.map(({ membership }) => membership.machines().filter(({ state }) => state === 'live').length);
    if (known.some((count) => count !== up.length))
      this.breaches.push(`at rest ${up.length} are there; known ${known}`);
  }

  end(): void {
    for (const machine of this.all) machine.membership.close();
  }
}
