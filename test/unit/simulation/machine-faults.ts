/** What becomes of simulated machines, of the links between them, and of their directory; and that all is well again. */
import type { ClusterMachine, SimulatedCluster } from '../../../src/simulation/simulated-cluster.ts';
import { LEASE, type MachineStep } from './machine-program.ts';

const MACHINES_MAX = 5;
/** Of each write while nobody can rely on an answer. */
const FATES = ['answered', 'answered', 'answered', 'lost', 'late', 'never'] as const;

export class MachineFaults {
  readonly counts: Record<string, number> = {};
  readonly #cluster: SimulatedCluster;
  /** How many faults of a kind are in force. */
  readonly #inForce = new Map<string, number>();
  readonly #leaving = new Set<ClusterMachine>();
  #frozen: ClusterMachine | undefined;
  #undo: (() => void)[] = [];

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  get up(): ClusterMachine[] {
    return this.#cluster.machines.filter(({ isDead, hasLeft }) => !isDead && !hasLeft);
  }

  /** It is up, and does not leave. */
  isStaying(machine: ClusterMachine): boolean {
    return this.up.includes(machine) && !this.#leaving.has(machine);
  }

  /** A machine that has begun to join, if the step is that. */
  async befall(step: MachineStep): Promise<ClusterMachine | undefined> {
    if (step.do === 'join') return this.#join();
    if (step.do === 'joinHalted') return this.#joinHalted(step);
    if (step.do === 'leave' || step.do === 'die') this.#goes(step);
    else if (step.do === 'freeze') this.#freeze(this.#machine(step.machine), step.ms);
    else if (step.do === 'cutLinks' || step.do === 'stallLinks') this.#links(step);
    else if (step.do === 'cutWay' || step.do === 'stallWay') this.#way(step);
    else if (step.do === 'cutOff' || step.do === 'workerDies' || step.do === 'commitsHang') this.#strikes(step);
    else if (step.do === 'workerRestarts') this.#restarts(step);
    else if ('ms' in step) this.#engine(step);
    return undefined;
  }

  #strikes(step: Extract<MachineStep, { do: 'cutOff' | 'workerDies' | 'commitsHang' }>): void {
    const one = this.#machine(step.machine);
    const { disk, name } = one;
    if (step.do === 'cutOff')
      return this.#for(step.ms, 'cutOff', (isSo) => Object.assign(one, { isCutOff: isSo }), name);
    if (step.do === 'workerDies') {
      this.#note(step.do);
      return one.simulation.crash(step.worker);
    }
    const none = { fail: 0, lie: 0, hang: 0, hangMs: 0 };
    const hang = { fail: 0, lie: 0.03, hang: 0.3, hangMs: LEASE * 2 };
    if (disk) this.#for(step.ms, step.do, (isSo) => Object.assign(disk, { faults: isSo ? hang : none }), name);
  }

  #restarts({ do: what, machine, worker: index }: Extract<MachineStep, { do: 'workerRestarts' }>): void {
    this.#note(what);
    // There may be no such worker, or none that could have its actors.
    const { peer } = this.#machine(machine).simulation;
    peer.request({ kind: 'restart-worker', index }).catch(() => {});
  }

  #engine({ do: what, ms }: Extract<MachineStep, { ms: number }>): void {
    const { engine, random } = this.#cluster;
    const slow = (): number => 1 + random() * LEASE * 0.1;
    const fateOf = (isWrite: boolean): string =>
      isWrite ? (FATES[Math.floor(random() * FATES.length)] as string) : 'answered';
    if (what === 'engineGone') this.#for(ms, what, (isSo) => Object.assign(engine, { isGone: isSo }));
    if (what === 'engineSlow') this.#for(ms, what, (isSo) => Object.assign(engine, { delayMs: isSo ? slow : () => 0 }));
    if (what === 'noAnswers')
      this.#for(ms, what, (isSo) => Object.assign(engine, { fateOf: isSo ? fateOf : () => 'answered' }));
  }

  heal(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #machine(at: number): ClusterMachine {
    const { up } = this;
    return up[at % up.length] as ClusterMachine;
  }

  #note(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  /** `of`: whose fault it is; two at once of one are one that lasts as long as the later. */
  #for(ms: number, what: string, set: (isSo: boolean) => void, of = ''): void {
    this.#note(what);
    const key = `${what} ${of}`;
    let isOver = false;
    const undo = (): void => {
      if (isOver) return;
      isOver = true;
      const left = (this.#inForce.get(key) ?? 0) - 1;
      this.#inForce.set(key, left);
      if (left === 0) set(false);
    };
    this.#inForce.set(key, (this.#inForce.get(key) ?? 0) + 1);
    set(true);
    this.#undo.push(undo);
    this.#cluster.time.at(ms, undo);
  }

  async #join(): Promise<ClusterMachine | undefined> {
    if (this.up.length >= MACHINES_MAX) return undefined;
    this.#note('join');
    const machine = await this.#cluster.begin();
    void machine.join().catch(() => {});
    return machine;
  }

  #goes({ do: what, machine }: Extract<MachineStep, { do: 'leave' | 'die' }>): void {
    const one = this.#machine(machine);
    const staying = this.up.filter((other) => !this.#leaving.has(other));
    if (staying.length < 3 || !staying.includes(one) || one === this.#frozen) return;
    this.#note(what);
    if (what === 'die') return one.crash();
    this.#leaving.add(one);
    void one.leave();
  }

  async #joinHalted({ afterMs, ms }: Extract<MachineStep, { do: 'joinHalted' }>): Promise<ClusterMachine | undefined> {
    const machine = await this.#join();
    if (machine)
      machine.came = (step) => {
        if (step !== 'arrive') return;
        machine.came = undefined;
        this.#cluster.time.at(afterMs, () => this.#freeze(machine, ms, 'joinHalted'));
      };
    return machine;
  }

  #freeze(one: ClusterMachine, ms: number, what = 'freeze'): void {
    if (this.#frozen || this.up.length < 2 || one.isDead) return;
    this.#frozen = one;
    this.#for(ms, what, (isSo) => {
      if (isSo) return one.freeze();
      this.#frozen = undefined;
      if (!one.isDead) one.thaw();
    });
  }

  /** All else between the two machines goes on. */
  #way(step: Extract<MachineStep, { do: 'cutWay' | 'stallWay' }>): void {
    const { wires } = this.#cluster;
    const [a, b] = [this.#machine(step.a), this.#machine(step.b)];
    const near = a.processes.at(-1 - step.near);
    const far = b.processes.at(-1 - step.far);
    if (a === b || near === undefined || far === undefined) return;
    if (step.do === 'stallWay')
      return this.#for(
        step.ms,
        'stallWay',
        (isSo) => (isSo ? wires.stall(near, far) : wires.unstall(near, far)),
        `${near} ${far}`,
      );
    this.#note('cutWay');
    wires.reset(near, far);
  }

  #links(step: Extract<MachineStep, { do: 'cutLinks' | 'stallLinks' }>): void {
    const { wires } = this.#cluster;
    const [a, b] = [this.#machine(step.a), this.#machine(step.b)];
    if (a === b) return;
    const each = (act: (one: string, other: string) => void): void => {
      for (const one of a.processes) for (const other of b.processes) act(one, other);
    };
    if (step.do === 'cutLinks') {
      this.#note('cutLinks');
      return each((one, other) => wires.reset(one, other));
    }
    const pairs: (readonly [string, string])[] = [];
    each((one, other) => pairs.push([one, other]));
    this.#for(
      step.ms,
      'stallLinks',
      (isSo) => {
        for (const [one, other] of pairs) isSo ? wires.stall(one, other) : wires.unstall(one, other);
      },
      `${a.name} ${b.name}`,
    );
  }
}
