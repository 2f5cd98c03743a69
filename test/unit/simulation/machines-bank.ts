/**
 * Programs over machines that share a store. Of a bank money is neither made nor lost, and each order is carried out once; what volatile actors
 * are sent is handled once, in order; and no turn is made by an old epoch of a partition behind one by a newer.
 */
import type { ClusterProcess } from '../../../src/process/cluster-process.ts';
import type { TraceEvent } from '../../../src/observe/trace.ts';
import type { SimulationEvent } from '../../../src/simulation/observation.ts';
import { type ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import type { System } from '../../../src/system/system.ts';
import { judged } from './judged-run.ts';
import { type Account, machineActors, OPENING } from './machine-actors.ts';
import { MachineFaults } from './machine-faults.ts';
import { ACCOUNTS, LEASE, type MachineStep, TALLIES } from './machine-program.ts';
import { MachineWitness } from './machine-witness.ts';

/** Longer than most faults. */
const ASK_MS = 3_000;
/** Milliseconds for what is unfinished in records to be sent again. */
const QUIET_MS_MAX = 40_000;
const LOOK_MS = 500;
/** Milliseconds of a connect that is not answered, and until the next. */
const RELINK_MS = 8_000;

export interface BankOptions {
  observe?: (event: SimulationEvent) => void;
  trace?: (at: number, process: string, event: TraceEvent) => void;
  hasStacks?: boolean;
  stepped?: (step: MachineStep, number: number) => void;
  /** Called for each process, before anything happens in it: a mistake on purpose. */
  began?: (process: ClusterProcess) => void;
}

/** Who sends: the master of a machine, or a worker. */
interface Voice {
  readonly name: string;
  readonly system: System;
  readonly isAlive: () => boolean;
}

export class MachinesBank {
  readonly cluster: SimulatedCluster;
  readonly witness: MachineWitness = new MachineWitness(() => this.cluster?.time.now ?? 0);
  readonly faults: MachineFaults;
  readonly #options: BankOptions;
  readonly #program: readonly MachineStep[];
  /** Of workers whose code has begun: nobody can speak there before. */
  readonly #begun = new WeakSet<System>();

  constructor(seed: number, program: readonly MachineStep[], options: BankOptions = {}) {
    const { observe, trace, began } = options;
    this.#options = options;
    this.#program = program;
    this.cluster = new SimulatedCluster({
      seed,
      workers: this.#start.workers,
      actors: machineActors(this.witness),
      leaseMs: LEASE,
      // Signs of life are most of what happens.
      hangMs: 2_500,
      records: new Map(),
      main: (system) => this.#begun.add(system),
      ...{ ...(observe && { observe }), ...(trace && { trace }), ...(began && { began }) },
    });
    this.faults = new MachineFaults(this.cluster);
  }

  get breaches(): MachineWitness['breaches'] {
    return this.witness.breaches;
  }

  async run(): Promise<void> {
    const { cluster, faults } = this;
    for (let at = 0; at < this.#start.machines; at++) await cluster.until(this.#listen(await cluster.add()));
    for (const [number, step] of this.#program.entries()) {
      this.#options.stepped?.(step, number);
      if (step.do === 'wait') await cluster.run(step.ms);
      else if (!this.#carryOut(step)) await this.#befall(step);
      await cluster.run(cluster.random() * 4);
    }
    faults.heal();
    await cluster.settle();
    await cluster.run(ASK_MS);
    await this.#check();
  }

  counts(): Record<string, number> {
    const { transfers, answered } = this.witness;
    return {
      ...{ transfers: transfers.size, 'transfers answered': answered.size },
      ...{ 'simulated seconds': Math.round(this.cluster.time.now / 1_000), events: this.cluster.time.ran },
      ...{ ...this.witness.counts(), ...this.faults.counts },
    };
  }

  end(): void {
    for (const machine of this.faults.up) machine.crash();
  }

  get #start(): { machines: number; workers: number } {
    const [first] = this.#program;
    return first?.do === 'start' ? first : { machines: 3, workers: 1 };
  }

  async #listen(machine: ClusterMachine): Promise<void> {
    await machine.system.subscribe('news', (news) => {
      this.witness.heard(machine.name, news as { from: string; n: number });
    });
  }

  async #befall(step: MachineStep): Promise<void> {
    const joined = await this.faults.befall(step);
    if (joined) void this.#listen(joined).catch(() => {});
  }

  /** False: that is no step of users. */
  #carryOut(step: MachineStep): boolean {
    const { witness, cluster } = this;
    switch (step.do) {
      case 'start':
        return true;
      case 'transfer':
        this.#transfer(step);
        return true;
      case 'count':
        for (let count = 0; count < step.count; count++) this.#tell(this.#voice(step.by, step.process), step.to);
        return true;
      case 'ask': {
        const { name, system, isAlive } = this.#voice(step.by, step.process);
        const to = `tally/${step.to}`;
        const { m } = witness.next(name, to);
        const reply = system.ask(to, { type: 'work', m }, { timeoutMs: step.ms });
        witness.asked(m, to, cluster.time.now + step.ms, isAlive, reply);
        return true;
      }
      case 'watch': {
        const { system, isAlive } = this.#voice(step.by, 0);
        witness.watch(system, `tally/${step.to}`, isAlive);
        return true;
      }
      case 'stop':
        this.#voice(step.by, 0)
          .system.stop(`tally/${step.to}`)
          .catch(() => {});
        return true;
      case 'pause':
        witness.pause(this.#voice(step.by, 0).system, `tally/${step.to}`);
        return true;
      case 'resume':
        witness.resume(this.#voice(step.by, 0).system, `tally/${step.to}`).catch(() => {});
        return true;
      case 'move': {
        const target = this.faults.up[step.machine % this.faults.up.length] as ClusterMachine;
        const { membership } = target;
        // It may not have begun to join yet.
        if (membership === undefined) return true;
        const { id } = membership;
        // One that stands still hears last that others have declared it lost.
        const isThere = (): boolean => this.faults.isStaying(target) && this.#isLiveForAll(id);
        witness.move(this.#voice(step.by, step.process).system, `${step.kind}/${step.to}`, id, isThere);
        return true;
      }
      case 'publish': {
        const { name, system } = this.#voice(step.by, step.process);
        system.publish('news', { type: 'news', ...witness.news(name) });
        return true;
      }
      default:
        return false;
    }
  }

  /** By what each machine has seen last. */
  #isLiveForAll(id: string): boolean {
    const views = this.faults.up.flatMap(({ membership }) => (membership === undefined ? [] : [membership.machines()]));
    return views.every((view) => view.some((machine) => machine.id === id && machine.state === 'live'));
  }

  #tell({ name, system }: Voice, tally: number): void {
    const to = `tally/${tally}`;
    system.tell(to, { type: 'add', m: this.witness.next(name, to).m });
  }

  #transfer({ by, from, to, amount }: Extract<MachineStep, { do: 'transfer' }>): void {
    const { witness } = this;
    const { name, system } = this.#voice(by, 0);
    const id = `${name}:${witness.transfers.size + 1}`;
    witness.transfers.add(id);
    const order = { type: 'transfer', to: `account/${to}`, amount, id };
    system.ask(`account/${from}`, order, { timeoutMs: ASK_MS }).then(
      () => witness.answered.add(id),
      ({ fate }) => fate === 'not-executed' && witness.refused.add(id),
    );
  }

  /** Also of one that stands still: it comes to that as it goes on, before it hears what became of its partitions. */
  #voice(at: number, process: number): Voice {
    const { up } = this.faults;
    const machine = up[at % up.length] as ClusterMachine;
    const { simulation } = machine;
    const isUp = (): boolean => !machine.isDead && !machine.hasLeft;
    const workers = simulation.workers().filter(({ process: one }) => one && this.#begun.has(one.system));
    const worker = process === 0 ? undefined : workers[(process - 1) % Math.max(1, workers.length)];
    if (!worker?.process) return { name: machine.name, system: simulation.system, isAlive: isUp };
    const { address } = worker;
    const isAlive = (): boolean => isUp() && simulation.workers().some((one) => one.address === address);
    return { name: address, system: worker.process.system, isAlive };
  }

  async #check(): Promise<void> {
    const { cluster, breaches, witness } = this;
    // One that leaves settles what it asks by its shutdown, which is not simulated.
    const { system } = this.faults.up.find((one) => this.faults.isStaying(one)) as ClusterMachine;
    let faults: string[] = [];
    for (const until = cluster.time.now + QUIET_MS_MAX; cluster.time.now < until; await cluster.run(LOOK_MS)) {
      faults = this.#faultsOf(await this.#accounts(system));
      if (faults.length === 0) break;
    }
    for (const fault of faults) breaches.add('state', fault);
    for (let n = 0; n < TALLIES; n++) await cluster.until(witness.resume(system, `tally/${n}`));
    await this.#endTallies(system);
    // Mail that waited for what a lost machine leaves behind comes late: it has begun them again, and a watch may have come with it.
    if (witness.isWaiting) await this.#endTallies(system);
    witness.checkAtEnd(cluster.time.now);
  }

  async #endTallies(system: System): Promise<void> {
    const { cluster, witness } = this;
    for (let n = 0; n < TALLIES; n++) await cluster.until(system.stop(`tally/${n}`)).catch(() => {});
    await cluster.run(LOOK_MS);
    // A link that was dialled while nothing got through is tried again only then.
    for (const until = cluster.time.now + RELINK_MS; witness.isWaiting && cluster.time.now < until; )
      await cluster.run(LOOK_MS);
  }

  async #accounts(system: System): Promise<Account[]> {
    const states: Account[] = [];
    for (let n = 0; n < ACCOUNTS; n++)
      states.push(await this.cluster.until(system.ask(`account/${n}`, { type: 'get' }, { timeoutMs: 50_000 })));
    return states;
  }

  #faultsOf(states: readonly Account[]): string[] {
    const { transfers, answered, refused } = this.witness;
    const faults = states.flatMap(({ breaches }, n) => breaches.map((text) => `account/${n}: ${text}`));
    const sum = states.reduce((total, { balance }) => total + balance, 0);
    if (sum !== ACCOUNTS * OPENING) faults.push(`the sum is ${ACCOUNTS * OPENING}; got ${sum}`);
    const count = (id: string, what: 'left' | 'arrived'): number =>
      states.reduce((total, state) => total + (state[what][id] ?? 0), 0);
    for (const id of transfers) {
      const [left, arrived] = [count(id, 'left'), count(id, 'arrived')];
      const isBad = left !== arrived || left > 1 || (answered.has(id) && left !== 1) || (refused.has(id) && left > 0);
      if (!isBad) continue;
      const fate = answered.has(id) ? 'answered' : refused.has(id) ? 'not executed' : 'unknown';
      faults.push(`transfer ${id} left ${left} times and arrived ${arrived} times; its fate was ${fate}`);
    }
    return faults;
  }
}

export async function runMachines(
  seed: number,
  program: readonly MachineStep[],
  options: BankOptions = {},
): Promise<MachinesBank> {
  const bank = new MachinesBank(seed, program, options);
  await judged(bank.breaches, options.hasStacks === true, () => bank.run());
  bank.end();
  return bank;
}
